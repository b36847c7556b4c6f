import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { utf8 } from '@distropack/core/bytes/arrays.ts'
import { rpmBlockSchema } from '@distropack/core/formats/rpm/block.ts'
import { rpm } from '@distropack/core/formats/rpm/format.ts'
import type { PackagedItem, PackageSpec } from '@distropack/core/model/spec.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { openRpmHome, type RpmHome } from '../support/rpm.ts'
import { REFERENCE, REFERENCE_SPEC } from '../support/rpm-reference.ts'
import { helloSpec, LONG_PATH, MTIME_SECONDS, settle, textSource } from '../support/specs.ts'

let home: RpmHome
beforeAll(() => {
  requirePrograms('bash', 'cpio', 'rpm', 'rpm2cpio', 'rpmbuild', 'rpmkeys', 'xz')
  home = openRpmHome()
})
afterAll(() => home.close())

const build = async (spec: PackageSpec): Promise<Uint8Array> => {
  const sink = memorySink()
  const built = await rpm.build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}
const onDisk = async (spec: PackageSpec, name = 'x.rpm'): Promise<string> => home.write(name, await build(spec))

const _inspect = (bytes: Uint8Array) => rpm.inspect(memoryFile(bytes, 997), inspectTools)

const FULL = helloSpec({
  version: { epoch: 2, version: '1.2.3', prerelease: 'rc-1', metadata: 'git.abc', release: '4' },
  relations: {
    depends: ['libfoo >= 2.31', '(bash or dash)', '/usr/bin/env'],
    recommends: ['curl'],
    suggests: ['nano (>= 1:2-3)'],
    conflicts: ['goodbye'],
    replaces: ['hullo < 2'],
    provides: ['greeter = 1.0', ' '],
  },
  scripts: {
    preinstall: utf8('#!/bin/sh\necho pre\n'),
    postinstall: utf8('#!/bin/bash -e\necho post\n'),
    preremove: utf8('echo preun\n'),
    postremove: utf8('#!/usr/bin/env python3\nprint("postun")\n'),
    pretrans: utf8('true\n'),
    posttrans: utf8('true\n'),
    verify: utf8('true\n'),
  },
  changelog: [
    { version: '1.2.3', dateSeconds: 1_700_000_000, packager: 'Jane <j@example.com>', changes: ['one\nmore', 'two'] },
    { version: '1.2.2', dateSeconds: 1_600_000_000, packager: 'Jane <j@example.com>', changes: ['older'] },
  ],
  block: {
    group: 'Games',
    summary: 'Greets',
    packager: 'P <p@example.com>',
    buildhost: 'build.example.com',
    prefixes: ['/opt'],
    requires: { post: ['ldconfig'] },
    compression: 'gzip:9',
  },
})

describe('a built .rpm', () => {
  it('is read by rpm as what was meant', async () => {
    const file = await onDisk(FULL)
    expect(rpm.fileName(FULL)).toBe('hello-1.2.3~rc_1+git.abc-4.x86_64.rpm')
    const words =
      '%{NAME}|%{EPOCH}|%{VERSION}|%{RELEASE}|%{ARCH}|%{OS}|%{SUMMARY}|%{LICENSE}|%{GROUP}|%{URL}|%{VENDOR}|%{PACKAGER}|%{BUILDHOST}|%{BUILDTIME}|%{SOURCERPM}|%{SIZE}|%{PREFIXES}|%{PAYLOADCOMPRESSOR}|%{PAYLOADFLAGS}|%{ENCODING}'
    expect(home.query(file, words).split('|')).toEqual([
      ...['hello', '2', '1.2.3~rc_1+git.abc', '4', 'x86_64', 'linux', 'Greets', 'MIT', 'Games'],
      ...['https://example.com/hello', 'Example', 'P <p@example.com>', 'build.example.com', '1700000000'],
      ...['hello-1.2.3~rc_1+git.abc-4.src.rpm', '206', '/opt', 'gzip', '9', 'utf-8'],
    ])
    expect(home.query(file, '%{DESCRIPTION}')).toBe('Says hello\nAnd more than that:\n\n  a list\n\nThe end.')
    const evr = '2:1.2.3~rc_1+git.abc-4'
    expect(home.query(file, '[%{PROVIDENEVRS}\n]').trim().split('\n')).toEqual([
      `config(hello) = ${evr}`,
      'greeter = 1.0',
      `hello = ${evr}`,
      `hello(x86-64) = ${evr}`,
    ])
    expect(home.query(file, '[%{REQUIRENEVRS} %{REQUIREFLAGS:deptype}\n]').trim().split('\n')).toEqual(
      [
        '(bash or dash) manual',
        '/bin/bash post,interp',
        '/bin/sh pre,interp',
        '/bin/sh preun,interp',
        '/bin/sh interp,pretrans',
        '/bin/sh interp,posttrans',
        '/bin/sh verify,interp',
        '/usr/bin/env manual',
        '/usr/bin/env postun,interp',
        `config(hello) = ${evr} config`,
        'ldconfig post',
        'libfoo >= 2.31 manual',
        'rpmlib(CompressedFileNames) <= 3.0.4-1 rpmlib',
        'rpmlib(FileDigests) <= 4.6.0-1 rpmlib',
        'rpmlib(PayloadFilesHavePrefix) <= 4.0-1 rpmlib',
        'rpmlib(RichDependencies) <= 4.12.0-1 rpmlib',
        'rpmlib(ScriptletInterpreterArgs) <= 4.0.3-1 rpmlib',
        'rpmlib(TildeInVersions) <= 4.10.0-1 rpmlib',
      ].sort(),
    )
    expect(home.query(file, '[%{OBSOLETENEVRS}]|[%{CONFLICTNEVRS}]|[%{RECOMMENDNEVRS}]|[%{SUGGESTNEVRS}]')).toBe(
      'hullo < 2|goodbye|curl|nano >= 1:2-3',
    )
    expect(home.run('rpm', '-qp', '--changelog', file)).toBe(
      [
        '* Tue Nov 14 2023 Jane <j@example.com> - 1.2.3',
        '- one',
        'more',
        '- two',
        '',
        '* Sun Sep 13 2020 Jane <j@example.com> - 1.2.2',
        '- older',
        '',
        '',
      ].join('\n'),
    )
  })

  it('runs each script with the program of its first line, and passes on what the user wrote as it stands', async () => {
    const text = home.run('rpm', '-qp', '--scripts', await onDisk(FULL))
    expect(text).toContain('preinstall scriptlet (using /bin/sh):\n#!/bin/sh\necho pre\n')
    expect(text).toContain('postinstall scriptlet (using /bin/bash -e):\n#!/bin/bash -e\necho post\n')
    expect(text).toContain('preuninstall scriptlet (using /bin/sh):\necho preun\n')
    expect(text).toContain('postuninstall scriptlet (using /usr/bin/env python3):\n')
    for (const name of ['pretrans', 'posttrans', 'verify']) expect(text).toContain(`${name} scriptlet (using /bin/sh)`)
  })

  it.each(['gzip', 'gzip:1', 'gzip:-1', 'xz', 'xz:1', 'lzma', 'zstd', 'zstd:19', 'zstd:best', 'none'])(
    'holds the same files packed with %s',
    async (compression) => {
      const file = await onDisk(helloSpec({ block: { compression } }), `${compression.replace(':', '-')}.rpm`)
      expect(home.spawn('rpm', '-K', '--define', '_pkgverify_level digest', file)).toMatchObject({ status: 0 })
      const listed = home.run('bash', '-c', `rpm2cpio '${file}' | cpio -tv --quiet`)
      expect(listed).toContain(`.${LONG_PATH}`)
      expect(listed).toContain('./usr/bin/hi -> hello')
      expect(listed.split('\n').find((line) => line.endsWith('./usr/bin/hello'))).toMatch(/^-rwxr-xr-x .* 21 /)
      expect(listed).not.toContain('hello.log')
      expect(listed).not.toMatch(/ \.\/usr$/m)
    },
  )

  it('installs into a root, verifies, keeps changed settings, and goes', async () => {
    const root = join(home.folder, 'root')
    const at = (version: string, text: string) =>
      helloSpec({
        architecture: 'all',
        version: { version },
        items: helloSpec().items.map((item) =>
          item.path === '/etc/hello/keep.conf' ? ({ ...item, source: textSource(text) } as PackagedItem) : item,
        ),
      })
    const old = await onDisk(at('1', 'old\n'), 'old.rpm')
    const next = await onDisk(at('2', 'new\n'), 'new.rpm')
    const run = (...args: string[]) => home.spawn('rpm', '--root', root, '--nodeps', '--nosignature', ...args)
    expect(run('-i', old)).toMatchObject({ status: 0 })
    expect(readFileSync(join(root, 'usr/bin/hello'), 'utf8')).toBe('#!/bin/sh\necho hello\n')
    // The root has no /etc/passwd, so owners cannot be looked up; all else must be as packed.
    expect(run('-V', '--nouser', '--nogroup', 'hello').stdout).toBe('')
    writeFileSync(join(root, 'etc/hello/keep.conf'), 'mine\n')
    expect(run('-U', next).status).toBe(0)
    expect(readFileSync(join(root, 'etc/hello/keep.conf'), 'utf8')).toBe('mine\n')
    expect(readFileSync(join(root, 'etc/hello/keep.conf.rpmnew'), 'utf8')).toBe('new\n')
    expect(run('-e', 'hello').status).toBe(0)
    expect(existsSync(join(root, 'usr/bin/hello'))).toBe(false)
    expect(existsSync(join(root, 'usr/bin'))).toBe(true)
  })

  it('is not built when a file changed since it was counted', async () => {
    const items = settle([
      {
        ...helloSpec().items.find(({ path }) => path === '/usr/bin/hello')!,
        kind: 'file',
        source: { ...textSource('now longer'), sizeBytes: 3 },
      },
    ])
    const built = await rpm.build(helloSpec({ items }), memorySink(), buildTools)
    expect(!built.ok && built.error.code).toBe('source_changed')
  })

  it('may hold nothing at all', async () => {
    const file = await onDisk(helloSpec({ items: [] }))
    expect(home.spawn('rpm', '-K', '--define', '_pkgverify_level digest', file).status).toBe(0)
    expect(home.run('rpm', '-qpl', file)).toBe('(contains no files)\n')
    const root = join(home.folder, 'empty-root')
    expect(home.spawn('rpm', '--root', root, '--nodeps', '--nosignature', '-i', file)).toMatchObject({ status: 0 })
  })

  it('colours ELF files and tells languages', async () => {
    const elf = (bits: number): PackagedItem => ({
      kind: 'file',
      path: `/usr/lib/elf${bits}`,
      mode: 0o755,
      owner: 'root',
      group: 'root',
      mtimeSeconds: MTIME_SECONDS,
      ...(bits === 1 && { language: 'de' }),
      source: textSource(`\x7fELF${String.fromCharCode(bits)} and so on`),
    })
    const file = await onDisk(helloSpec({ items: settle([elf(1), elf(2)]) }))
    expect(home.query(file, '[%{FILENAMES} %{FILECOLORS} %{FILELANGS}|]')).toBe('/usr/lib/elf1 1 de|/usr/lib/elf2 2 |')
  })

  it('is the package rpmbuild makes of the same files and words, tag by tag', async () => {
    const ours = await onDisk(REFERENCE, 'ours.rpm')
    const theirs = home.write('theirs.rpm', home.rpmbuild(REFERENCE_SPEC))
    for (const tag of COMPARED_TAGS) {
      expect(`${tag}: ${home.query(ours, `[%{${tag}}|]`)}`).toBe(`${tag}: ${home.query(theirs, `[%{${tag}}|]`)}`)
    }
    const requires = '[%{REQUIRENEVRS} %{REQUIREFLAGS:deptype}|]'
    expect(home.query(ours, requires)).toBe(home.query(theirs, requires))
    expect(home.run('bash', '-c', `rpm2cpio '${ours}' | cpio -tv --quiet --numeric-uid-gid`)).toBe(
      home.run('bash', '-c', `rpm2cpio '${theirs}' | cpio -tv --quiet --numeric-uid-gid`),
    )
  })
})

const COMPARED_TAGS = [
  ...['NAME', 'EPOCH', 'VERSION', 'RELEASE', 'ARCH', 'OS', 'SUMMARY', 'DESCRIPTION', 'LICENSE', 'URL', 'VENDOR'],
  ...['PACKAGER', 'GROUP', 'SIZE', 'SOURCERPM', 'PREFIXES', 'ENCODING', 'PAYLOADFORMAT', 'FILEDIGESTALGO'],
  ...['FILENAMES', 'FILEMODES', 'FILESIZES', 'FILEDIGESTS', 'FILELINKTOS', 'FILEFLAGS', 'FILEUSERNAME'],
  ...['FILEGROUPNAME', 'FILERDEVS', 'FILEVERIFYFLAGS', 'FILEINODES', 'FILELANGS', 'FILECOLORS', 'DIRNAMES'],
  ...['DIRINDEXES', 'BASENAMES', 'PROVIDENEVRS', 'PROVIDEFLAGS', 'CONFLICTNEVRS', 'OBSOLETENEVRS'],
  ...['RECOMMENDNEVRS', 'SUGGESTNEVRS', 'PREIN', 'PREINPROG', 'POSTIN', 'POSTINPROG', 'PREUN', 'POSTUN'],
  ...['PRETRANS', 'PRETRANSPROG', 'POSTTRANS', 'VERIFYSCRIPT', 'VERIFYSCRIPTPROG', 'CHANGELOGTIME'],
  ...['CHANGELOGNAME', 'CHANGELOGTEXT', 'PAYLOADDIGESTALGO', 'ARCHIVESIZE'],
]

describe('pitfall 25: an upgrade runs the old package’s removal scripts', () => {
  const scripts = {
    preinstall: utf8('#!/bin/sh\necho preinstall >> /log\n'),
    postinstall: utf8('#!/bin/sh\necho postinstall >> /log\n'),
    preremove: utf8('#!/bin/sh\necho preremove $1 >> /log\n'),
    postremove: utf8('#!/bin/sh\n# nothing but a remark\n'),
  }

  /** What the scriptlets write, run as rpm would run them: `$1` is how many versions will be there. */
  const play = async (spec: PackageSpec, steps: readonly (readonly [script: string, count: number])[]) => {
    const file = await onDisk(spec, 'scripts.rpm')
    const log = join(home.folder, 'log')
    writeFileSync(log, '')
    for (const [script, count] of steps) {
      const body = home.query(file, `%{${script}}`).replaceAll('/log', log)
      const ran = home.spawn(home.query(file, `%{${script}PROG}`), home.write('scriptlet', body), String(count))
      expect({ script, status: ran.status, stderr: ran.stderr }).toEqual({ script, status: 0, stderr: '' })
    }
    return readFileSync(log, 'utf8').trim().split('\n')
  }
  const UPGRADE = [
    ['PREIN', 2],
    ['POSTIN', 2],
    ['PREUN', 1],
    ['POSTUN', 1],
  ] as const

  it('without upgrade scripts, nothing is guarded: nFPM’s scripts keep nFPM’s meaning', async () => {
    const file = await onDisk(helloSpec({ scripts }))
    expect(home.query(file, '%{PREUN}')).toBe('#!/bin/sh\necho preremove $1 >> /log\n')
    expect(await play(helloSpec({ scripts }), UPGRADE)).toEqual(['preinstall', 'postinstall', 'preremove 1'])
  })

  it('with upgrade scripts, an installation, an upgrade and a removal are three things', async () => {
    const upgrades = {
      preupgrade: utf8('#!/bin/bash\necho preupgrade "$@" >> /log\nexit 0\n'),
      postupgrade: utf8('echo postupgrade >> /log'),
    }
    const spec = helloSpec({ scripts: { ...scripts, ...upgrades } })
    expect(rpm.check(spec)).toEqual([])
    expect(await play(spec, UPGRADE)).toEqual(['preupgrade 2', 'postupgrade'])
    const install = [
      ['PREIN', 1],
      ['POSTIN', 1],
    ] as const
    expect(await play(spec, install)).toEqual(['preinstall', 'postinstall'])
    const removal = [
      ['PREUN', 0],
      ['POSTUN', 0],
    ] as const
    expect(await play(spec, removal)).toEqual(['preremove 0'])
  })

  it('refuses upgrade scripts beside one that no shell runs, and scripts that are no text', () => {
    const codes = (changes: PackageSpec['scripts']) =>
      rpm.check(helloSpec({ scripts: changes })).map(({ code }) => code)
    expect(codes({ preinstall: utf8('#!/usr/bin/perl\n'), preupgrade: utf8('true\n') })).toEqual(['field_invalid'])
    expect(codes({ preinstall: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0) })).toEqual(['field_invalid'])
    expect(codes({ preinstall: Uint8Array.of(0x23, 0xff, 0x0a) })).toEqual(['field_invalid'])
  })
})

describe('check', () => {
  const codes = (changes: Partial<PackageSpec>): readonly string[] =>
    rpm.check(helloSpec(changes)).map(({ code }) => code)
  const none = helloSpec().relations

  it('finds nothing wrong with a good spec', () => expect(rpm.check(FULL)).toEqual([]))
  it.each(['', '-hello', 'hello world', 'häuschen', '../x', 'a(b)', '%{x}', 'a/b'])('refuses the name %j', (name) =>
    expect(codes({ name })).toContain('name_invalid'),
  )
  it.each(['1-2', '', '1.0 ', '1:1', '1/2', '1\nX', '%{x}'])('refuses the version %j', (version) =>
    expect(codes({ version: { version } })).toContain('version_invalid'),
  )
  it.each(['a | b', 'foo (1.0)', 'foo bar', 'foo >=', '>= 1', '(a or b', 'foo\nX', 'foo >= 1 2', 'ä', '(a)b'])(
    'refuses the relation %j',
    (relation) => expect(codes({ relations: { ...none, depends: [relation] } })).toEqual(['field_invalid']),
  )
  it.each(['foo>=1.2', 'foo (>= 1.2)', 'foo (<< 2)', 'perl(Foo::Bar) >= 1', 'libc.so.6(GLIBC_2.4)(64bit)', '/bin/sh'])(
    'takes the relation %j',
    (relation) => expect(codes({ relations: { ...none, depends: [relation] } })).toEqual([]),
  )
  it('refuses rich words where only a name can stand', () => {
    expect(codes({ relations: { ...none, provides: ['(a or b)'] } })).toEqual(['field_invalid'])
    expect(codes({ relations: { ...none, replaces: ['(a or b)'] } })).toEqual(['field_invalid'])
    expect(codes({ relations: { ...none, conflicts: ['(a with b)'] } })).toEqual([])
  })
  it('refuses unknown keys and compressions, times and languages that rpm cannot hold', () => {
    expect(codes({ block: { sumary: 'x' } })).toEqual(['manifest_invalid'])
    expect(codes({ block: { compression: 'brotli' } })).toEqual(['manifest_invalid'])
    expect(codes({ mtimeSeconds: 2 ** 32 })).toEqual(['field_invalid'])
    const [item] = helloSpec().items
    expect(codes({ items: [{ ...item!, language: 'a b' }] })).toEqual(['field_invalid'])
    expect(codes({ items: [{ ...item!, path: '/a\nb' }] })).toEqual(['path_unsafe'])
  })
  it('keeps every key that nFPM documents', () => {
    const documented = {
      arch: 'aarch64',
      buildhost: 'h',
      scripts: { pretrans: 'a', posttrans: 'b', verify: 'c' },
      requires: { post: ['x'] },
      group: 'g',
      summary: 's',
      compression: 'zstd:19',
      signature: { key_file: 'k', key_id: 'x' },
      packager: 'p',
      prefixes: ['/opt'],
    }
    expect(rpmBlockSchema.safeParse(documented).success).toBe(true)
  })
})
