// Our Debian packages against Debian's own tools: dpkg-deb, dpkg, dpkg-parsechangelog.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8 } from '@distropack/core/bytes/arrays.ts'
import type { Fault } from '@distropack/core/fault.ts'
import { debBlockSchema } from '@distropack/core/formats/deb/block.ts'
import { deb } from '@distropack/core/formats/deb/format.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { parseStanza } from '@distropack/core/text/deb822.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { helloSpec, LONG_PATH, settle, textSource } from '../support/specs.ts'

let folder: string
beforeAll(() => {
  requirePrograms('bash', 'dpkg', 'dpkg-deb', 'dpkg-parsechangelog', 'xz')
  folder = mkdtempSync(join(tmpdir(), 'deb-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const build = async (spec: PackageSpec): Promise<Uint8Array> => {
  const sink = memorySink()
  const built = await deb.build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}
const onDisk = async (spec: PackageSpec, name = 'x.deb'): Promise<string> => {
  const file = join(folder, name)
  writeFileSync(file, await build(spec))
  return file
}
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  })

const FULL = helloSpec({
  version: { epoch: 2, version: '1.2.3', prerelease: 'rc1', metadata: 'git.abc', release: '4' },
  relations: {
    depends: ['libc6 (>= 2.31)', 'bash | dash'],
    recommends: ['curl'],
    suggests: ['nano'],
    conflicts: ['goodbye'],
    replaces: ['hullo (<< 2)'],
    provides: ['greeter (= 1.0)', ' '],
  },
  scripts: {
    preinstall: utf8('#!/bin/sh\n# pre\n'),
    postinstall: utf8('#!/bin/sh\n# post\n'),
    preremove: utf8('#!/bin/sh\n# prerm\n'),
    postremove: utf8('#!/bin/sh\n# postrm\n'),
    config: utf8('#!/bin/sh\n# config\n'),
    templates: utf8('Template: hello/x\nType: note\nDescription: x\n'),
    rules: utf8('#!/usr/bin/make -f\n'),
  },
  changelog: [
    {
      version: '1.2.3',
      dateSeconds: 1_700_000_000,
      packager: 'Jane <j@example.com>',
      changes: ['one\nhello (9) evil; urgency=high', 'two'],
      debUrgency: 'low',
    },
    {
      version: '1.2.2',
      dateSeconds: 1_600_000_000,
      packager: 'Jane <j@example.com>',
      changes: ['older'],
      debDistribution: 'stable',
    },
  ],
  block: {
    breaks: ['hullo (<< 2)'],
    predepends: ['dpkg (>= 1.17)'],
    fields: { 'Multi-Arch': 'foreign', 'XB-Note': 'one\ntwo', Empty: '' },
    triggers: { interest_noawait: ['/usr/share/hello'], activate: ['ldconfig'] },
    compression: 'gzip:9',
  },
})

describe('a built .deb', () => {
  it('has the control fields dpkg reads, in policy order', async () => {
    const file = await onDisk(FULL)
    expect(run('dpkg-deb', '-f', file)).toBe(
      [
        'Package: hello',
        'Version: 2:1.2.3~rc1+git.abc-4',
        'Architecture: amd64',
        'Maintainer: Jane Doe <jane@example.com>',
        'Installed-Size: 31',
        'Pre-Depends: dpkg (>= 1.17)',
        'Depends: libc6 (>= 2.31), bash | dash',
        'Recommends: curl',
        'Suggests: nano',
        'Conflicts: goodbye',
        'Breaks: hullo (<< 2)',
        'Replaces: hullo (<< 2)',
        'Provides: greeter (= 1.0)',
        'Section: utils',
        'Priority: optional',
        'Multi-Arch: foreign',
        'XB-Note: one',
        ' two',
        'Homepage: https://example.com/hello',
        'Description: Says hello',
        ' And more than that:',
        ' .',
        '   a list',
        ' .',
        ' The end.',
        '',
      ].join('\n'),
    )
    expect(deb.fileName(FULL)).toBe('hello_1.2.3~rc1+git.abc-4_amd64.deb')
  })

  it.each(['xz', 'xz:1', 'gzip', 'gzip:-1', 'gzip:1', 'zstd', 'zstd:19', 'zstd:fastest', 'none'])(
    'holds the same files packed with %s',
    async (compression) => {
      const file = await onDisk(helloSpec({ block: { compression } }), `${compression.replace(':', '-')}.deb`)
      const listed = run('bash', '-c', `dpkg-deb --fsys-tarfile '${file}' | tar tv --numeric-owner`)
      expect(listed).toContain(`-rwsr-xr-x 0/0`)
      expect(listed).toContain(`.${LONG_PATH}`)
      expect(listed).toContain('./usr/bin/hi -> hello')
      expect(listed).not.toContain('hello.log')
      expect(spawnSync('dpkg-deb', ['--info', file]).status).toBe(0)
    },
  )

  it('has md5sums that check, conffiles, triggers and scripts with their modes', async () => {
    const file = await onDisk(FULL)
    const root = join(folder, 'root')
    run('dpkg-deb', '-R', file, root)
    const checked = spawnSync('md5sum', ['-c', '--quiet', 'DEBIAN/md5sums'], { cwd: root, encoding: 'utf8' })
    expect([checked.status, checked.stderr, checked.stdout]).toEqual([0, '', ''])
    const control = (name: string) => readFileSync(join(root, 'DEBIAN', name), 'utf8')
    expect(control('conffiles')).toBe('/etc/hello.conf\n/etc/hello/keep.conf\n/etc/hello/may.conf\n')
    expect(control('triggers')).toBe('interest-noawait /usr/share/hello\nactivate ldconfig\n')
    expect(control('postinst')).toBe('#!/bin/sh\n# post\n')
    const modes = run('bash', '-c', `dpkg-deb --ctrl-tarfile '${file}' | tar tv | awk '{print $1, $6}'`)
    expect(modes).toContain('-rwxr-xr-x ./rules')
    expect(modes).toContain('-rw-r--r-- ./templates')
    expect(run('bash', '-c', `cd '${root}' && find . -newermt 2023-11-15 -path './usr/*' -type f`)).toBe('')
  })

  it('has a changelog that dpkg-parsechangelog reads and nobody can write entries into', async () => {
    const file = await onDisk(FULL)
    const text = run(
      'bash',
      '-c',
      `dpkg-deb --fsys-tarfile '${file}' | tar xO ./usr/share/doc/hello/changelog.Debian.gz | gunzip`,
    )
    writeFileSync(join(folder, 'changelog'), text)
    const parsed = spawnSync('dpkg-parsechangelog', ['--all', '-l', join(folder, 'changelog')], { encoding: 'utf8' })
    expect(parsed.stderr).toBe('')
    expect(parsed.stdout).toContain('hello (1.2.3) unstable; urgency=low')
    expect(parsed.stdout.match(/^ hello \(/gm)).toHaveLength(2)
  })

  it('has that changelog where Debian looks for it: of a native package under a name of its own, if that is free', async () => {
    const doc = '/usr/share/doc/hello'
    const owned = (path: string) => ({ path, mode: 0o644, owner: 'root', group: 'root', mtimeSeconds: 0 })
    const where = async (release: string, items: PackageSpec['items'] = []) => {
      const version = { version: '1.2.3', ...(release && { release }) }
      const file = await onDisk(helloSpec({ changelog: FULL.changelog, version, items: settle(items) }))
      return run('bash', '-c', `dpkg-deb --fsys-tarfile '${file}' | tar t | grep changelog`).trim().split('\n')
    }
    expect(await where('')).toEqual([`.${doc}/changelog.gz`])
    expect(await where('1')).toEqual([`.${doc}/changelog.Debian.gz`])
    const upstream = { ...owned(`${doc}/changelog.gz`), kind: 'file', source: textSource('theirs') } as const
    expect(await where('', [upstream])).toEqual([`.${doc}/changelog.Debian.gz`, `.${doc}/changelog.gz`])
    const debian = { ...upstream, path: `${doc}/changelog.Debian.gz` }
    const taken = helloSpec({ changelog: FULL.changelog, items: settle([upstream, debian]) })
    expect(deb.check(taken).map(({ code }) => code)).toEqual(['content_conflict'])
  })

  it('installs, upgrades its conffile and goes, in a root of its own', async () => {
    const root = join(folder, 'dpkg-root')
    for (const part of ['updates', 'info', 'triggers']) mkdirSync(join(root, 'var/lib/dpkg', part), { recursive: true })
    for (const file of ['status', 'available']) writeFileSync(join(root, 'var/lib/dpkg', file), '')
    // No shell is in this root, so scripts are left out; the clients' tests run them.
    const file = await onDisk(helloSpec({ architecture: 'all', version: { version: '1' } }))
    const dpkg = (...args: string[]) =>
      spawnSync('dpkg', [`--root=${root}`, '--force-not-root', '--force-bad-path', '--log=/dev/null', ...args], {
        encoding: 'utf8',
      })
    expect(dpkg('-i', file)).toMatchObject({ status: 0 })
    expect(readFileSync(join(root, 'usr/bin/hello'), 'utf8')).toBe('#!/bin/sh\necho hello\n')
    expect(dpkg('--verify', 'hello')).toMatchObject({ status: 0, stdout: '' })
    expect(dpkg('-P', 'hello')).toMatchObject({ status: 0 })
  })

  it('is the same bytes every time, whatever the chunks', async () => {
    expect(Buffer.from(await build(FULL)).equals(Buffer.from(await build(FULL)))).toBe(true)
  })

  it('is not built when a file changed since it was counted', async () => {
    const items = settle([
      {
        ...helloSpec().items.find(({ path }) => path === '/usr/bin/hello')!,
        kind: 'file',
        source: { ...textSource('now longer'), sizeBytes: 3 },
      },
    ])
    const built = await deb.build(helloSpec({ items }), memorySink(), buildTools)
    expect(!built.ok && built.error.code).toBe('source_changed')
  })
})

describe('check', () => {
  const codes = (changes: Partial<PackageSpec>): readonly string[] =>
    deb.check(helloSpec(changes)).map(({ code }: Fault) => code)
  const none = helloSpec().relations

  it('finds nothing wrong with a good spec', () => expect(deb.check(FULL)).toEqual([]))
  it.each(['Hello', 'h', 'hello_world', '-hello', 'hello world', 'häuschen', '../x', ''])(
    'refuses the name %j',
    (name) => expect(codes({ name })).toContain('name_invalid'),
  )
  it.each(['v1.0', '1.0_1', '', '1.0 ', '1:1:0', 'a', '1.0/2', '1.0\nX: y'])('refuses the version %j', (version) =>
    expect(codes({ version: { version } })).toContain('version_invalid'),
  )
  it('refuses an architecture nobody could name', () =>
    expect(codes({ architectureOverride: 'amd64; rm' })).toContain('name_invalid'))
  it.each(['foo >= 1', 'foo (1.0)', 'foo bar', 'foo (>= 1', '(>= 1)', 'foo\nX: y'])(
    'refuses the relation %j',
    (relation) => expect(codes({ relations: { ...none, depends: [relation] } })).toEqual(['field_invalid']),
  )
  it('warns of a lone sign, which means another thing to dpkg than to rpm', () => {
    const relations = { ...none, depends: ['a (< 2)', 'b (<= 2)', 'c (<< 2)'], conflicts: ['d (>1)'] }
    const said = deb.advise?.(helloSpec({ relations })) ?? []
    expect(said.map(({ code, where }) => `${code} ${where?.key}`)).toEqual([
      'relation_unlike depends.0',
      'relation_unlike conflicts.0',
    ])
  })
  it.each(['Package', 'filename', 'SHA256', 'Depends', 'A b', 'A:B', ''])('refuses the custom field %j', (name) =>
    expect(codes({ block: { fields: { [name]: 'x' } } })).toEqual(['field_invalid']),
  )
  it('refuses an unknown key and an unknown compression of the block', () => {
    expect(codes({ block: { compresion: 'gzip' } })).toEqual(['manifest_invalid'])
    expect(codes({ block: { compression: 'lzma' } })).toEqual(['manifest_invalid'])
  })
  it('refuses a trigger of two words, a path with a line break and an owner with a space', () => {
    expect(codes({ block: { triggers: { interest: ['a b'] } } })).toEqual(['field_invalid'])
    const [item] = helloSpec().items
    expect(codes({ items: [{ ...item!, path: '/a\nb' }] })).toEqual(['path_unsafe'])
    expect(codes({ items: [{ ...item!, owner: 'a b' }] })).toEqual(['field_invalid'])
  })
  it('keeps every key that nFPM documents', () => {
    const documented = {
      arch: 'arm',
      arch_variant: 'v3',
      scripts: { rules: 'r', templates: 't', config: 'c' },
      triggers: {
        interest: [],
        interest_await: [],
        interest_noawait: [],
        activate: [],
        activate_await: [],
        activate_noawait: [],
      },
      breaks: [],
      compression: 'zstd:19',
      signature: { method: 'debsign', key_file: 'k', type: 'origin', key_id: 'x', signer: 'y' },
      fields: { Bugs: 'u' },
      predepends: [],
    }
    expect(debBlockSchema.safeParse(documented).success).toBe(true)
  })
})

describe('a stranger package', () => {
  const stranger = (compression: string, member = ''): Uint8Array => {
    const root = join(folder, `stranger${compression}`)
    rmSync(root, { recursive: true, force: true })
    mkdirSync(join(root, 'DEBIAN'), { recursive: true })
    mkdirSync(join(root, 'usr/bin'), { recursive: true })
    writeFileSync(join(root, 'usr/bin/x'), 'x'.repeat(5000))
    writeFileSync(
      join(root, 'DEBIAN/control'),
      'Package: stranger\nVersion: 3-1\nArchitecture: all\nMaintainer: S <s@example.com>\nX-Odd: 1\n 2\nFilename: ../../evil\nDescription: odd\n',
    )
    const file = `${root}.deb`
    execFileSync(
      'dpkg-deb',
      ['--root-owner-group', ...(member ? ['--no-uniform-compression'] : []), `-Z${compression}`, '-b', root, file],
      { stdio: 'ignore' },
    )
    return new Uint8Array(readFileSync(file))
  }

  it.each(['xz', 'gzip', 'zstd', 'none'])('packed with %s is read whole', async (compression) => {
    const bytes = stranger(compression)
    const entry = await deb.inspect(memoryFile(bytes, 1000), inspectTools)
    if (!entry.ok) throw new Error(entry.error.message)
    expect(entry.value).toMatchObject({
      name: 'stranger',
      version: '3-1',
      arch: 'all',
      summary: 'odd',
      fileName: 'stranger_3-1_all.deb',
      sizeBytes: bytes.length,
      paths: [
        { path: '/usr', kind: 'directory' },
        { path: '/usr/bin', kind: 'directory' },
        { path: '/usr/bin/x', kind: 'file' },
      ],
    })
    expect(entry.value.control.map(([name]) => name)).toEqual([
      'Package',
      'Version',
      'Architecture',
      'Maintainer',
      'X-Odd',
      'Filename',
      'Description',
    ])
    const [row] = deb.repository.rows(entry.value, ['packages/all'], 'stable')
    const stanza = parseStanza(new TextDecoder().decode(row!.bytes), { comments: false })
    expect(stanza.ok && stanza.value.fields.filter(([name]) => name === 'Filename')).toEqual([
      ['Filename', 'pool/main/s/stranger/stranger_3-1_all.deb'],
    ])
  })

  it('cut or changed anywhere is a fault or reads as itself, and never a crash', async () => {
    const bytes = stranger('gzip')
    for (let end = 0; end < bytes.length; end += 37) {
      expect((await deb.inspect(memoryFile(bytes.subarray(0, end)), inspectTools)).ok).toBe(false)
    }
    for (let at = 0; at < bytes.length; at += 29) {
      const changed = bytes.slice()
      changed[at]! ^= 0x55
      const entry = await deb.inspect(memoryFile(changed), inspectTools)
      if (!entry.ok) expect(['package_corrupt', 'package_unsupported']).toContain(entry.error.code)
    }
  })
})
