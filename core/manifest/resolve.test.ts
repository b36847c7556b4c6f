// biome-ignore-all lint/suspicious/noTemplateCurlyInString: manifests write their variables so
import { describe, expect, it } from 'vitest'
import { fromUtf8 } from '../bytes/arrays.ts'
import type { SourceRecord } from '../contract/sources.ts'
import { collectWarnings, unheard, type Warning } from '../warning.ts'
import { type MemoryNode, memoryTree } from './memory-tree.ts'
import { parseManifest } from './parse.ts'
import { recordingTree, recordTree } from './record-tree.ts'
import { type ResolveRequest, resolve } from './resolve.ts'
import { openWork } from './work.ts'

type Options = Partial<Omit<ResolveRequest, 'manifest'>> & { readonly files?: Readonly<Record<string, MemoryNode>> }

const attempt = async (text: string, { files = {}, ...more }: Options = {}) => {
  const manifest = parseManifest(text, 'nfpm.yaml')
  if (!manifest.ok) throw new Error(manifest.error.map(({ message }) => message).join('\n'))
  return resolve({
    manifest: manifest.value,
    manifestName: 'deb',
    architecture: 'amd64',
    variables: {},
    tree: memoryTree(files),
    buildTimeSeconds: 1000,
    warn: unheard,
    work: openWork(),
    ...more,
  })
}
const spec = async (text: string, options?: Options) => {
  const resolved = await attempt(text, options)
  if (!resolved.ok) throw new Error(resolved.error.map(({ message }) => message).join('\n'))
  return resolved.value
}
const faults = async (text: string, options?: Options) => {
  const resolved = await attempt(text, options)
  return resolved.ok ? [] : resolved.error
}

const warnings = async (text: string, options?: Options): Promise<readonly Warning[]> => {
  const collected = collectWarnings()
  await attempt(text, { ...options, warn: collected.warn })
  return collected.warnings()
}

describe('an umask', () => {
  it.each([
    ['22', true],
    ['077', false],
    ['0o22', false],
    ['18', false],
  ] as const)('of %s is warned of: %s', async (umask, isWarned) => {
    const said = await warnings(`name: a\nversion: 1\numask: ${umask}\n`)
    expect(said.map(({ code, where }) => [code, where?.line])).toEqual(isWarned ? [['mode_decimal', 3]] : [])
  })
  it('is found in an override', async () => {
    const said = await warnings('name: a\nversion: 1\noverrides: {deb: {umask: 27}}\n')
    expect(said.map(({ where }) => where?.key)).toEqual(['overrides.deb.umask'])
  })
})

describe('scripts', () => {
  const text = 'name: a\nversion: 1\nscripts:\n  postinstall: post.sh\ndeb: {scripts: {config: c.sh}}\n'
  const windows = '#!/bin/sh\r\nset -e\r\n'

  it('get the line ends a shell reads, of every key, with a warning that names it', async () => {
    const files = { 'post.sh': windows, 'c.sh': windows }
    const { scripts } = await spec(text, { files })
    expect(Object.values(scripts).map((bytes) => fromUtf8(bytes))).toEqual(Array(2).fill('#!/bin/sh\nset -e\n'))
    expect((await warnings(text, { files })).map(({ code, where }) => [code, where?.line, where?.key])).toEqual([
      ['line_ends_converted', 4, 'scripts.postinstall'],
      ['line_ends_converted', 5, 'deb.scripts.config'],
    ])
  })

  it('that no kernel would run are refused where they are named', async () => {
    const found = await faults(text, { files: { 'post.sh': '\ufeff#!/bin/sh\n', 'c.sh': '#!/bin/sh\n' } })
    expect(found.map(({ code, where }) => [code, where?.line])).toEqual([['field_invalid', 4]])
    expect(found[0]?.message).toMatch(/post\.sh begins with a UTF-8 byte order mark/)
  })
})

describe('words of a manifest', () => {
  it('have nFPM’s defaults', async () => {
    expect(await spec('name: a\nversion: v1.2.3-rc1')).toMatchObject({
      name: 'a',
      architecture: 'amd64',
      platform: 'linux',
      version: { version: '1.2.3', prerelease: 'rc1' },
      description: 'no description given',
      maintainer: '',
      priority: '',
      mtimeSeconds: 1000,
      items: [],
      scripts: {},
    })
  })

  it('give the format its block and its own word for the architecture', async () => {
    const text = 'name: a\nversion: 1\ndeb: {arch: armhf, breaks: [b]}\napk: {arch: x}'
    expect(await spec(text)).toMatchObject({ architectureOverride: 'armhf', block: { arch: 'armhf', breaks: ['b'] } })
    expect(await spec(text, { manifestName: 'apk' })).toMatchObject({ architectureOverride: 'x', block: { arch: 'x' } })
  })

  it('a version that is given replaces the manifest’s', async () => {
    expect((await spec('name: a\nversion: 1', { version: 'v2.0.0+x' })).version).toEqual({
      version: '2.0.0',
      metadata: 'x',
    })
    expect((await spec('name: a', { version: '2.0.0' })).version).toEqual({ version: '2.0.0' })
  })

  it('the time is the manifest’s, else SOURCE_DATE_EPOCH, else the build’s', async () => {
    const variables = { SOURCE_DATE_EPOCH: '77' }
    expect(await spec('name: a\nversion: 1\nmtime: 1970-01-02', { variables })).toMatchObject({ mtimeSeconds: 86_400 })
    expect(await spec('name: a\nversion: 1', { variables })).toMatchObject({ mtimeSeconds: 77 })
    expect(await spec('name: a\nversion: 1', { variables: { SOURCE_DATE_EPOCH: 'soon' } })).toMatchObject({
      mtimeSeconds: 1000,
    })
  })
})

describe('overrides', () => {
  const text = `name: a
version: 1
umask: 0o022
depends: [x]
recommends: [y]
deb: {compression: xz, fields: {Bugs: b, Tag: t}, triggers: {interest: [i]}}
scripts: {preinstall: pre, postinstall: post}
contents: [{src: pre, dst: /own}]
overrides:
  deb:
    depends: [z]
    recommends: []
    deb: {compression: zstd, fields: {Tag: "", Origin: o}}
    scripts: {postinstall: other}
  rpm:
    contents: [{src: post, dst: /rpm}]
`
  const files = { pre: 'pre', post: 'post', other: 'other' }

  it('replace lists, unless they are empty, and merge blocks and scripts', async () => {
    const found = await spec(text, { files })
    expect(found.relations).toMatchObject({ depends: ['z'], recommends: ['y'] })
    expect(found.block).toEqual({
      compression: 'zstd',
      fields: { Bugs: 'b', Tag: '', Origin: 'o' },
      triggers: { interest: ['i'] },
    })
    expect(new TextDecoder().decode(found.scripts.preinstall)).toBe('pre')
    expect(new TextDecoder().decode(found.scripts.postinstall)).toBe('other')
    expect(found.items.map(({ path }) => path)).toEqual(['/own'])
  })

  it('are those of this packager alone, and replace contents whole', async () => {
    const found = await spec(text, { files, manifestName: 'rpm' })
    expect(found.relations.depends).toEqual(['x'])
    expect(found.items.map(({ path }) => path)).toEqual(['/rpm'])
  })

  it('are named where they are wrong', async () => {
    const missing = await faults(text, { files: { pre: 'pre', post: 'post' } })
    expect(missing.map(({ where }) => where?.key)).toEqual(['overrides.deb.scripts.postinstall'])
    expect(missing[0]?.where?.line).toBe(14)
  })
})

describe('variables', () => {
  it('an architecture variable is each target’s own, whatever the environment says', async () => {
    const text = 'name: a\nversion: 1\narch: ${GOARCH}\ncontents: [{src: "bin/${GOARCH}", dst: /x, expand: true}]'
    const files = { 'bin/arm64': { text: 'arm', mode: 0o700 }, 'bin/amd64': { text: 'amd', mode: 0o755 } }
    const variables = { GOARCH: 'amd64' }
    expect((await spec(text, { files, variables, architecture: 'arm64' })).items[0]?.mode).toBe(0o700)
    expect((await spec(text, { files, variables })).items[0]?.mode).toBe(0o755)
  })

  it('a version that is given fills the variable of the manifest’s version', async () => {
    const text = 'name: a\nversion: v${VERSION}\ndepends: ["lib (= ${VERSION})"]'
    expect((await spec(text, { version: '3.0.0' })).relations.depends).toEqual(['lib (= 3.0.0)'])
  })

  it('that are unset are said by name where a package needs them', async () => {
    expect(await faults('name: ${N}\nversion: ${V}')).toMatchObject([
      { code: 'manifest_unset_variable', where: { line: 1, key: 'name' } },
      { code: 'manifest_unset_variable', where: { line: 2, key: 'version' } },
    ])
  })

  it('do not reach through to the object’s own', async () => {
    expect((await spec('name: a\nversion: 1\nvendor: x$constructor')).vendor).toBe('x')
  })
})

describe('scripts and changelog', () => {
  it('come from the common block and the format’s own', async () => {
    const text =
      'name: a\nversion: 1\nscripts: {preremove: rm}\ndeb: {scripts: {rules: ru}}\napk: {scripts: {preupgrade: up}}'
    const files = { rm: 'rm', ru: 'ru', up: 'up' }
    expect(Object.keys((await spec(text, { files })).scripts)).toEqual(['preremove', 'rules'])
    expect(Object.keys((await spec(text, { files, manifestName: 'apk' })).scripts)).toEqual(['preremove', 'preupgrade'])
  })

  it('follow a symlink', async () => {
    const files = { 's/real': 'body', link: { target: 's/real' } }
    const found = await spec('name: a\nversion: 1\nscripts: {preinstall: ./link}', { files })
    expect(new TextDecoder().decode(found.scripts.preinstall)).toBe('body')
  })

  it('reads chglog’s entries', async () => {
    const changelog = `- semver: 1.1.0
  date: 2009-12-08T22:00:00Z
  packager: Ada <a@example.org>
  deb: {urgency: medium, distributions: [bookworm, trixie]}
  changes:
    - {commit: abc, note: "note 1"}
    - {note: "note 2"}
- {semver: 1.0.0, date: 2009-11-10, packager: Ada}
`
    expect(
      (await spec('name: a\nversion: 1\nchangelog: c.yaml', { files: { 'c.yaml': changelog } })).changelog,
    ).toEqual([
      {
        version: '1.1.0',
        dateSeconds: 1260309600,
        packager: 'Ada <a@example.org>',
        changes: ['note 1', 'note 2'],
        debDistribution: 'bookworm trixie',
        debUrgency: 'medium',
      },
      { version: '1.0.0', dateSeconds: 1257811200, packager: 'Ada', changes: [] },
    ])
  })

  it.each(['', '\n# nothing yet\n---\n', '[]'])('a changelog may have no entries: %j', async (changelog) => {
    const files = { 'c.yaml': changelog }
    expect((await spec('name: a\nversion: 1\nchangelog: c.yaml', { files })).changelog).toEqual([])
  })

  it('are refused, with their line, where they are larger than what may be held in memory', async () => {
    const large = 'x'.repeat(2 * 1024 * 1024)
    const text = 'name: a\nversion: 1\nscripts: {preinstall: run}'
    expect((await spec(text, { files: { run: large } })).scripts.preinstall?.length).toBe(large.length)
    expect(await faults(text, { files: { run: `${large}x` } })).toMatchObject([
      { code: 'field_invalid', message: expect.stringContaining('2097152 are allowed'), where: { line: 3 } },
    ])
  })

  it('says what is wrong with a changelog, in its own lines', async () => {
    const files = { 'c.yaml': '- semver: 1\n  date: yesterday\n  packager: a\n' }
    expect(await faults('name: a\nversion: 1\nchangelog: c.yaml', { files })).toMatchObject([
      { code: 'manifest_invalid', where: { file: 'c.yaml', line: 2, key: '0.date' } },
    ])
  })
})

it('reports problems of words, contents and scripts together', async () => {
  const found = await faults('name: a\nepoch: x\nscripts: {preinstall: gone}\ncontents: [{src: gone, dst: /x}]')
  expect(found.map(({ code }) => code).sort()).toEqual([
    'manifest_invalid',
    'source_missing',
    'source_missing',
    'version_invalid',
  ])
})

describe('a resolution that is done again from records', () => {
  const files: Readonly<Record<string, MemoryNode>> = {
    'bin/tool': { text: 'tool', mode: 0o755 },
    'bin/secret.key': 'never packed',
    'site/a/b': 'b',
    'site/void/': { mode: 0o700 },
    'site/link': { target: '../bin/secret.key' },
    'site/here': { target: 'a' },
    latest: { target: 'bin/tool' },
    broken: { target: 'nowhere' },
    loop: { target: 'loop' },
    '../up/x.txt': 'x',
    '/abs/y.txt': 'y',
    post: { target: 's/post.sh' },
    's/post.sh': '#!/bin/sh',
  }
  const text = `name: a
version: 1
scripts: {postinstall: post}
contents:
  - {src: "bin/t*", dst: /usr/bin}
  - {src: site, dst: /srv, type: tree}
  - {src: "site/**", dst: /flat}
  - {src: latest, dst: /usr/bin/latest}
  - {src: broken, dst: /usr/bin/broken}
  - {src: loop, dst: /usr/bin/loop}
  - {src: ../up/*.txt, dst: /up/}
  - {src: /abs/*.txt, dst: /abs/}
  - {src: site/void, dst: /var/void, type: dir}
`
  it('comes to the same, and took nothing it did not need', async () => {
    const recording = recordingTree(memoryTree(files))
    const first = await spec(text, { tree: recording })
    const sources = recording
      .records()
      .map((record): SourceRecord => (record.kind === 'file' ? { ...record, sha256: '0'.repeat(64) } : record))
    expect(sources.map(({ path }) => path)).not.toContain('bin/secret.key')
    const second = await spec(text, {
      tree: recordTree(JSON.parse(JSON.stringify(sources)), () => memoryBytes('#!/bin/sh'), openWork().budget),
    })
    const plain = (items: typeof first.items) =>
      items.map((item) => ({ ...item, source: 'source' in item && item.source.sizeBytes }))
    expect(plain(second.items)).toEqual(plain(first.items))
    expect(second.scripts).toEqual(first.scripts)
    expect(first.items.length).toBeGreaterThan(15)
  })

  it('asks for a file that was not sent by its line', async () => {
    const found = await faults('name: a\nversion: 1\ncontents: [{src: x, dst: /x}]', {
      tree: recordTree([], () => memoryBytes(''), openWork().budget),
    })
    expect(found).toMatchObject([{ code: 'source_missing', where: { line: 3 } }])
  })
})

async function* memoryBytes(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text)
}
