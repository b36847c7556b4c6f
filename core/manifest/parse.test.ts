import { describe, expect, it } from 'vitest'
import type { Fault } from '../fault.ts'
import { type Manifest, parseManifest } from './parse.ts'

const parsed = (text: string): Manifest => {
  const result = parseManifest(text, 'nfpm.yaml')
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join('\n'))
  return result.value
}
const refused = (text: string): readonly Fault[] => {
  const result = parseManifest(text, 'nfpm.yaml')
  if (result.ok) throw new Error('it was accepted')
  return result.error
}
const messages = (text: string): readonly string[] => refused(text).map(({ message }) => message)

describe('scalars of a manifest', () => {
  it('keeps the text a version was written with', () => {
    expect(parsed('name: a\nversion: 1.10\nrelease: 01\nepoch: 2').values).toMatchObject({
      version: '1.10',
      release: '01',
      epoch: '2',
    })
  })

  it('reads 0644, 0o644 and 420 as the same permissions', () => {
    const modes = ['0644', '0o644', '420', '"0644"'].map(
      (mode) =>
        parsed(`name: a\ncontents: [{dst: /x, file_info: {mode: ${mode}}}]`).values.contents?.[0]?.file_info?.mode,
    )
    expect(modes).toEqual([0o644, 0o644, 0o644, 0o644])
  })

  it('refuses permissions that are none', () => {
    expect(messages('name: a\numask: rw-r--r--')).toEqual([
      'nfpm.yaml:2:1: `umask` must be permissions in octal, as in 0644',
    ])
    expect(messages('name: a\numask: 0o10000')).toHaveLength(1)
  })

  it.each([
    ['2009-11-10T23:00:00Z', 1257894000],
    ['"2009-11-10T23:00:00Z"', 1257894000],
    ['2009-11-11 01:00:00 +02:00', 1257894000],
    ['2023-01-02', 1672617600],
  ])('reads the time %s', (written, seconds) => {
    expect(parsed(`name: a\nmtime: ${written}`).values.mtime).toBe(seconds)
  })

  it('refuses a day that no month has', () => {
    expect(messages('name: a\nmtime: 2023-02-30')).toEqual([
      'nfpm.yaml:2:1: `mtime` must be a time, as in 2026-01-31T12:00:00Z',
    ])
  })

  it('reads YAML 1.1 words for true where a flag stands, and as text where text stands', () => {
    const { values } = parsed('name: yes\ndisable_globbing: on\nipk: {essential: no}')
    expect(values).toMatchObject({ name: 'yes', disable_globbing: true, ipk: { essential: false } })
  })

  it('takes a key without a value as absent, and an empty list item as empty text', () => {
    const { values } = parsed('name: a\narch:\noverrides:\n  deb:\ndepends:\n  -\n  - b')
    expect(values.arch).toBeUndefined()
    expect(values.overrides?.deb).toBeUndefined()
    expect(values.depends).toEqual(['', 'b'])
  })
})

describe('mistakes in a manifest', () => {
  it('names file, line, column and key, and what was probably meant', () => {
    expect(refused('name: a\ncontents:\n  - src: x\n    dts: /x\n')).toEqual([
      {
        code: 'manifest_invalid',
        message: 'nfpm.yaml:4:5: unknown key `dts` in `contents.0`; did you mean `dst`?',
        where: { file: 'nfpm.yaml', line: 4, column: 5, key: 'contents.0.dts' },
      },
    ])
  })

  it('reports all of them at once, in the order of the file', () => {
    const faults = refused(
      'versoin: 1\ndepends: libc6\ncontents:\n  - type: confg\n    dst: /x\ndeb:\n  scripts: {rule: x}\n',
    )
    expect(faults.map(({ where }) => [where?.line, where?.key])).toEqual([
      [1, 'name'],
      [1, 'versoin'],
      [2, 'depends'],
      [4, 'contents.0.type'],
      [7, 'deb.scripts.rule'],
    ])
  })

  it('suggests among the words of a list too', () => {
    expect(messages('name: a\ncontents: [{dst: /x, type: simlink}]')[0]).toContain('did you mean "symlink"?')
  })

  it('says where keys of nFPM 1 went', () => {
    expect(messages('name: a\nempty_folders: [/x]')[0]).toContain('`contents` with `type: dir`')
  })

  it('lists the known keys when nothing is near', () => {
    expect(messages('name: a\ndeb: {xyzzy: 1}')[0]).toContain('known keys: arch, arch_variant')
  })

  it('says that a package has no name', () => {
    expect(messages('version: 1')).toEqual(['nfpm.yaml:1:1: `name` is missing'])
  })

  it('refuses an override of a packager that is none', () => {
    expect(messages('name: a\noverrides: {debian: {depends: [x]}}')[0]).toContain('unknown key `debian` in `overrides`')
  })

  it('refuses a key that is written twice, where it is the second time', () => {
    expect(refused('name: a\nname: b')[0]).toMatchObject({ code: 'manifest_syntax', where: { line: 2 } })
  })

  it('is strict in the blocks of formats that are built later', () => {
    expect(messages('name: a\nmsix: {publisher: x, applications: [{idd: 1}]}')[0]).toContain('did you mean `id`?')
  })
})

describe('hostile manifests', () => {
  it('stops an alias bomb', () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) =>
        `a${n}: &a${n} [${Array(9)
          .fill(n ? `*a${n - 1}` : 'x')
          .join(', ')}]`,
    )
    expect(messages(`name: a\n${levels.join('\n')}`)[0]).toContain('too many values')
  })

  it('stops an alias that contains itself', () => {
    expect(messages('name: &a [*a]')[0]).toContain('an alias contains itself')
  })

  it('stops deep nesting', () => {
    expect(messages(`name: ${'['.repeat(50_000)}`)).toHaveLength(1)
    expect(messages(`name: ${'['.repeat(60)}${']'.repeat(60)}`)[0]).toContain('nested too deeply')
  })

  it('stops a manifest of megabytes', () => {
    expect(messages(`name: ${'a'.repeat(1024 * 1024)}`)[0]).toContain('1048576 are allowed')
  })

  it('takes __proto__ for an unknown key', () => {
    expect(messages('name: a\n__proto__: {x: 1}')[0]).toContain('unknown key `__proto__`')
    expect(parsed('name: a\ndeb: {fields: {__proto__: x}}').values.deb?.fields).toEqual({})
  })

  it('says that a file is empty, or no map', () => {
    expect(messages('')).toEqual(['nfpm.yaml is empty.'])
    expect(messages('- a')).toEqual(['nfpm.yaml:1:1: the manifest must be a map of keys'])
  })
})

describe('YAML a manifest may use', () => {
  it('follows anchors and merge keys, the map’s own keys first', () => {
    const text = `name: a
contents:
  - dst: /a
    file_info: &own {owner: ada, mode: 0600}
  - dst: /b
    file_info: {<<: *own, mode: 0644}
`
    expect(parsed(text).values.contents?.[1]?.file_info).toEqual({ owner: 'ada', mode: 0o644 })
  })

  it('reads the first of several documents', () => {
    expect(parsed('---\nname: a\n---\nname: b\n').values.name).toBe('a')
  })

  it('knows our own keys', () => {
    const { values } = parsed(
      'name: a\ntargets: [deb/amd64]\narchive: {layout: flat}\nmacos: {identifier: x}\nbuild: {}',
    )
    expect(values).toMatchObject({ targets: ['deb/amd64'], archive: { layout: 'flat' }, macos: { identifier: 'x' } })
  })
})
