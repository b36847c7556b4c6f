// Arch packages and databases held against pacman's own tools: vercmp orders as we do, repo-add writes the entries we
// write, bsdtar the .MTREE we write, and what makepkg made is read.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8 } from '@distropack/core/bytes/arrays.ts'
import { archlinuxBlockSchema } from '@distropack/core/formats/arch/block.ts'
import { entryOf } from '@distropack/core/formats/arch/entry.ts'
import { arch } from '@distropack/core/formats/arch/format.ts'
import { archOption, archProvision, archRelation } from '@distropack/core/formats/arch/relations.ts'
import { archVersion } from '@distropack/core/formats/arch/version.ts'
import type { PackageSpec, SpecVersion } from '@distropack/core/model/spec.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { createPublisher, writeTree } from '../support/publisher.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { testSigner } from '../support/signers.ts'
import { helloSpec, settle, textSource } from '../support/specs.ts'

let folder: string
beforeAll(() => {
  requirePrograms('bash', 'bsdtar', 'gpg', 'gpgv', 'makepkg', 'pacman', 'repo-add', 'vercmp')
  folder = mkdtempSync(join(tmpdir(), 'arch-'))
  chmodSync(folder, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const build = async (spec: PackageSpec): Promise<Uint8Array> => {
  const sink = memorySink()
  const built = await arch.build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}

const FULL = helloSpec({
  version: { epoch: 1, version: '1.2.3', prerelease: 'rc-1', metadata: 'git.5', release: '4' },
  relations: {
    depends: ['glibc (>= 2.31)', 'libz.so=1-64', 'bash'],
    recommends: ['curl: to fetch'],
    suggests: ['nano'],
    conflicts: ['goodbye<2'],
    replaces: ['hullo'],
    provides: ['greeter=1.0'],
  },
  scripts: {
    preinstall: utf8('#!/bin/sh\n'),
    postinstall: utf8('#!/bin/sh\necho "post $1"\ncat <<EOF\n}\nEOF'),
    preremove: utf8('#!/usr/bin/env bash\nexit 0\n'),
    postremove: utf8(':\n'),
    preupgrade: utf8('echo up\n'),
    postupgrade: utf8('#!/bin/sh -e\n:\n'),
  },
  changelog: [{ version: '1.2.3', dateSeconds: 1_700_000_000, packager: 'Jane', changes: ['one', 'two\nlines'] }],
})

const fileFor = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}
const member = (path: string, name: string): string =>
  execFileSync('bsdtar', ['-xOf', `./${path.slice(folder.length + 1)}`, name], { cwd: folder, encoding: 'utf8' })

describe('the order of versions', () => {
  const NASTY = [
    ...['1', '1.0', '1.00', '1.0.0', '1.0a', '1.0b', '1.0alpha', '1.0beta2', '1.0rc', '1.0rc1', '1.0rc.1', '1.0.rc1'],
    ...['1.0_rc1', '1.0+git', '1.0+git.5', '1.0.', '1.0..1', '1.0.1', '1.0~rc1', '1.a', '1a', 'a1', '0', '00', '01'],
    ...['1.10', '1.9', '1.09', '2', '10', '99999999999999999999', '100000000000000000000', 'rc', '1.0pre1', '1__0'],
    ...['1.0-1', '1.0-2', '1.0-10', '1.0rc1-1', '1.0-1.1', '1:1.0-1', '0:1.0-1', '1:0.9', '2:0', '01:1.0', ':1.0'],
    ...['1.0-', '_1', '1.0.-1', '20240131', '2024.01.31', '2024_01_31'],
  ]
  const PAIRS = NASTY.flatMap((a, at) => NASTY.slice(at).map((b) => [a, b] as const))

  it('is vercmp’s for every pair of nasty ones', () => {
    const input = PAIRS.map((pair) => pair.join(' ')).join('\n')
    const script = 'while read -r a b; do vercmp "$a" "$b"; vercmp "$b" "$a"; done'
    const lines = execFileSync('bash', ['-c', script], { input: `${input}\n`, encoding: 'utf8' })
      .trim()
      .split('\n')
    const theirs = PAIRS.map(([a, b], at) => `${a} ${b} ${lines[at * 2]} ${lines[at * 2 + 1]}`)
    const ours = PAIRS.map(([a, b]) =>
      [a, b, Math.sign(arch.compareVersions(a, b)), Math.sign(arch.compareVersions(b, a))].join(' '),
    )
    expect(PAIRS.length).toBeGreaterThan(1000)
    expect(ours).toEqual(theirs)
  })

  it.each<[SpecVersion, string]>([
    [{ version: '1.2.3' }, '1.2.3-1'],
    [{ version: '1.2.3', release: '4' }, '1.2.3-4'],
    [{ version: '1.2.3', prerelease: 'rc.1' }, '1.2.3rc.1-1'],
    [{ version: '1.2.3', prerelease: 'beta-2' }, '1.2.3beta_2-1'],
    [{ version: '1.2.3', prerelease: '7' }, '1.2.3pre7-1'],
    [{ version: '1.2.3', metadata: 'git-5' }, '1.2.3+git_5-1'],
    [{ version: '2024-01-31', epoch: 2 }, '2:2024_01_31-1'],
    [{ version: '1.0', epoch: 0 }, '1.0-1'],
  ])('%j becomes %s', (parts, version) => {
    expect(archVersion(parts)).toBe(version)
    expect(arch.check(helloSpec({ version: parts }))).toEqual([])
  })

  it.each(['rc1', 'alpha', '1', '0.3.7', 'rc.1', 'SNAPSHOT-abc'])('the prerelease %s is below (pitfall 24)', (word) => {
    const [below, release] = [archVersion({ version: '1.0', prerelease: word }), archVersion({ version: '1.0' })]
    expect(execFileSync('vercmp', [below, release], { encoding: 'utf8' }).trim()).toBe('-1')
  })
})

describe('a built package', () => {
  it('names its version once: file, .PKGINFO and .BUILDINFO agree', async () => {
    const path = fileFor(arch.fileName(FULL), await build(FULL))
    expect(arch.fileName(FULL)).toBe('hello-1:1.2.3rc_1+git.5-4-x86_64.pkg.tar.zst')
    expect(member(path, '.PKGINFO')).toBe(`# Generated by DistroPack
pkgname = hello
pkgbase = hello
pkgver = 1:1.2.3rc_1+git.5-4
pkgdesc = Says hello
url = https://example.com/hello
builddate = 1700000000
packager = Jane Doe <jane@example.com>
size = 64
arch = x86_64
license = MIT
replaces = hullo
conflict = goodbye<2
provides = greeter=1.0
backup = etc/hello.conf
backup = etc/hello/keep.conf
backup = etc/hello/may.conf
depend = glibc>=2.31
depend = libz.so=1-64
depend = bash
optdepend = curl: to fetch
optdepend = nano
`)
    expect(member(path, '.BUILDINFO')).toContain('\npkgver = 1:1.2.3rc_1+git.5-4\n')
    expect(member(path, '.CHANGELOG')).toBe('1.2.3 (2023-11-14) Jane\n  * one\n  * two\n    lines\n')
    const shown = execFileSync('pacman', ['-Qip', path], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
    expect(shown).toMatch(/^Version +: 1:1\.2\.3rc_1\+git\.5-4$/m)
    expect(shown).toMatch(/^Depends On +: glibc>=2\.31 {2}libz\.so=1-64 {2}bash$/m)
    expect(shown).toMatch(/^Install Script +: Yes$/m)
  })

  it('has the .MTREE that bsdtar makes of it for makepkg, folders with their modes', async () => {
    const path = fileFor('mtree.pkg.tar.zst', await build(FULL))
    const options = '--options=!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link'
    const theirs = execFileSync('bsdtar', ['-cf', '-', '--format=mtree', options, `@${path}`], { encoding: 'utf8' })
    const packed = execFileSync('bsdtar', ['-xOf', path, '.MTREE'])
    const ours = execFileSync('gzip', ['-dc'], { input: packed, encoding: 'utf8' })
    // bsdtar changes /set as it goes and says "./" or not by version: hold every entry with all its words.
    const entries = (text: string): string[] => {
      let set: Record<string, string> = {}
      const words = (line: string) => Object.fromEntries(line.split(' ').map((word) => word.split(/=(.*)/s)))
      return text.split('\n').flatMap((line) => {
        if (line.startsWith('/set')) set = { ...set, ...words(line.slice(5)) }
        if (line === '' || /^[#/]|^\.\/\.MTREE|^\.MTREE/.test(line)) return []
        const [path_ = '', ...rest] = line.split(' ')
        const all: Record<string, string> = { ...set, ...words(rest.join(' ')) }
        return [`${path_.replace(/^\.\//, '')} ${JSON.stringify(Object.entries(all).sort())}`]
      })
    }
    expect(entries(ours).sort()).toEqual(entries(theirs).sort())
    expect(entries(ours).length).toBeGreaterThan(25)
    expect(ours.split('\n').filter((line) => line.includes('type=dir') && !line.includes('mode='))).toEqual([])
  })

  it('holds pacman’s own files first, then the rest in order, all of root by number', async () => {
    const path = fileFor('list.pkg.tar.zst', await build(FULL))
    const names = execFileSync('bsdtar', ['-tf', path], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    })
    const listed = names.trim().split('\n')
    expect(listed.slice(0, 6)).toEqual(['.BUILDINFO', '.CHANGELOG', '.INSTALL', '.MTREE', '.PKGINFO', 'etc/'])
    const bare = listed.map((name) => name.replace(/\/$/, ''))
    expect(bare).toEqual([...bare].sort())
    const numbers = execFileSync('bsdtar', ['--numeric-owner', '-tvf', path], { encoding: 'utf8' })
    for (const line of numbers.trim().split('\n')) expect(line).toMatch(/^\S+ +\d+ 0 +0 /)
  })

  it('has scripts bash can source, also such that hold nothing or a lone brace', async () => {
    const script = member(fileFor('install.pkg.tar.zst', await build(FULL)), '.INSTALL')
    const run = spawnSync('bash', ['-c', `${script}\npre_install 1; post_install 2; pre_upgrade 2 1; pre_remove 1`], {
      encoding: 'utf8',
    })
    expect(run).toMatchObject({ status: 0, stdout: 'post 2\n}\nup\n', stderr: '' })
    const names = [...script.matchAll(/^(\w+)\(\) \{$/gm)].map(([, name]) => name)
    expect(names).toEqual(['pre_install', 'post_install', 'pre_upgrade', 'post_upgrade', 'pre_remove', 'post_remove'])
  })

  it('is not built when a file changes between its two readings', async () => {
    let reads = 0
    const source = { sizeBytes: 1, open: () => textSource(String(reads++ % 10)).open() }
    const owned = { mode: 0o644, owner: 'root', group: 'root', mtimeSeconds: 1 }
    const items = settle([{ ...owned, kind: 'file', path: '/x', source }])
    const built = await arch.build(helloSpec({ items }), memorySink(), buildTools)
    expect(!built.ok && built.error.code).toBe('source_changed')
  })
})

describe('check', () => {
  const codes = (changes: Partial<PackageSpec>): readonly string[] =>
    arch.check(helloSpec(changes)).map(({ code }) => code)
  it('finds nothing wrong with a good spec', () => expect(arch.check(FULL)).toEqual([]))
  it.each(['-x', '.x', 'a b', '', 'a\nb', 'ä', 'a/b', 'a:b'])('refuses the name %j', (name) =>
    expect(codes({ name })).toContain('name_invalid'),
  )
  it.each<SpecVersion>([
    { version: '1/0' },
    { version: '1:0' },
    { version: '1 0' },
    { version: '' },
    { version: 'ä' },
    { version: '1.0~rc1' },
    { version: '1.0', release: 'a b' },
    // 1.0arc1 would be above 1.0a.
    { version: '1.0a', prerelease: 'rc1' },
  ])('refuses the version %j', (version) => expect(codes({ version })).toContain('version_invalid'))
  it('refuses what pacman would leave out or could not run', () => {
    const [item] = helloSpec().items
    expect(codes({ items: [{ ...item!, path: '/.hidden' }] })).toEqual(['path_unsafe'])
    expect(codes({ scripts: { postinstall: utf8('#!/usr/bin/python3\nprint()\n') } })).toEqual(['field_invalid'])
    expect(codes({ platform: 'darwin' })).toEqual(['field_invalid'])
    expect(codes({ name: 'x'.repeat(128), version: { version: '1'.repeat(120) } })).toEqual(['name_invalid'])
  })
  it('keeps every key that nFPM documents', () => {
    const documented = { pkgbase: 'base', arch: 'armv7h', packager: 'Me <m@e>', scripts: { preupgrade: 'a' } }
    expect(archlinuxBlockSchema.safeParse(documented).success).toBe(true)
  })
})

describe('relations', () => {
  it.each([
    ['foo', 'foo'],
    ['foo>=1.2', 'foo>=1.2'],
    ['foo (>= 1:1.2-3)', 'foo>=1:1.2-3'],
    ['foo (<< 2)', 'foo<2'],
    ['libz.so=1-64', 'libz.so=1-64'],
    ['lib32-x_y@z+', 'lib32-x_y@z+'],
  ])('%s is %s', (text, relation) => expect(archRelation(text, 'depends.0')).toEqual({ ok: true, value: relation }))
  it.each(['a | b', 'a, b', 'foo>=', 'foo bar', '>=1', 'a\nb', 'a (>= 1) x', 'foo: bar', '%NAME%'])(
    '%j is refused',
    (text) => expect(archRelation(text, 'depends.0').ok).toBe(false),
  )
  it('a provision is of one version, an option has a reason', () => {
    expect(archProvision('x>=1', 'provides.0').ok).toBe(false)
    expect(archOption('x>=1: because', 'suggests.0')).toEqual({ ok: true, value: 'x>=1: because' })
    expect(archOption('a b: c', 'suggests.0').ok).toBe(false)
  })
})

/** Each package's sections, from an unpacked database. */
const readDatabase = (archive: string): Map<string, Record<string, string>> => {
  const target = mkdtempSync(join(folder, 'db-'))
  execFileSync('bsdtar', ['-xf', archive, '-C', target])
  const packages = readdirSync(target).map((name) => {
    const text = readdirSync(join(target, name))
      .map((file) => readFileSync(join(target, name, file), 'utf8'))
      .join('\n')
    const sections = [...text.matchAll(/%([A-Z0-9]+)%\n([\s\S]*?)(?:\n\n|$)/g)].map(([, key, value]) => [
      key!,
      value!.trim(),
    ])
    return [name, Object.fromEntries(sections) as Record<string, string>] as const
  })
  return new Map(packages)
}

/** makepkg refuses to run as root. */
const makepkg = (name: string, extension: string): string => {
  const place = join(folder, name)
  mkdirSync(place)
  const pkgbuild = `pkgname=${name}
pkgver=1.2
pkgrel=3
epoch=2
pkgdesc="Greets"
arch=(any)
license=(MIT Apache)
groups=(base-devel)
depends=('bash>=5' 'libz.so=1-64')
optdepends=('nano: to edit')
backup=(etc/greeter.conf)
package() { install -Dm644 /dev/null "$pkgdir/etc/greeter.conf"; mkdir -p "$pkgdir/usr/bin"; ln -s greet "$pkgdir/usr/bin/g"; }
`
  writeFileSync(join(place, 'PKGBUILD'), pkgbuild)
  const isRoot = process.getuid?.() === 0
  if (isRoot) execFileSync('chown', ['-R', '65534', place])
  const command = ['makepkg', '--nodeps', '--force']
  const env = { ...process.env, HOME: place, PKGEXT: extension, PKGDEST: place, LC_ALL: 'C' }
  const [program, ...args] = isRoot ? ['setpriv', '--reuid=65534', '--clear-groups', ...command] : command
  execFileSync(program!, args, { cwd: place, env, stdio: 'pipe' })
  return join(place, `${name}-2:1.2-3-any${extension}`)
}

const ADDRESS = { baseUrl: 'http://x', organization: 'acme', project: 'tool', channel: 'stable' }

describe('a pacman repository', () => {
  it('has the entries that repo-add makes of its packages, ours and makepkg’s', async () => {
    const publisher = createPublisher(arch as never, await testSigner(), ADDRESS)
    await publisher.add([await build(FULL), await build(helloSpec({ name: 'old', version: { version: '1.0rc1' } }))])
    await publisher.add([await build(helloSpec({ name: 'old', version: { version: '1.0' } }))])
    const data = helloSpec({ name: 'data', architecture: 'all', items: [] })
    await publisher.add([await build(data), await build(helloSpec({ architecture: 'arm64' }))])
    for (const extension of ['gz', 'xz', 'zst']) {
      await publisher.add([readFileSync(makepkg(`greeter-${extension}`, `.pkg.tar.${extension}`))])
    }
    const tree = join(folder, 'tree')
    await writeTree(publisher, tree)
    const place = join(tree, 'arch/stable/x86_64')
    const packages = readdirSync(place).filter((name) => /\.pkg\.tar\.\w+$/.test(name) && !/rc1-/.test(name))
    const paths = packages.map((name) => join(place, name))
    execFileSync('repo-add', ['-q', join(folder, 'theirs.db.tar.gz'), ...paths], { stdio: 'pipe' })

    for (const kind of ['db', 'files']) {
      const ours = readDatabase(join(place, `acme-tool.${kind}`))
      const theirs = readDatabase(join(folder, `theirs.${kind}.tar.gz`))
      // What repo-add 6 still writes, and 7 leaves out as well.
      for (const sections of theirs.values()) {
        delete sections.MD5SUM
        delete sections.PGPSIG
      }
      expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs))
      expect([...ours.keys()].sort()).toEqual([
        'data-1.2.3-1',
        ...['gz', 'xz', 'zst'].map((extension) => `greeter-${extension}-2:1.2-3`),
        'hello-1:1.2.3rc_1+git.5-4',
        'old-1.0-1',
      ])
    }
    expect(readDatabase(join(tree, 'arch/stable/riscv64/acme-tool.db')).size).toBe(4)
  })

  it('has good signatures on databases and packages', async () => {
    const signer = await testSigner()
    const publisher = createPublisher(arch as never, signer, { ...ADDRESS, channel: 'beta' })
    await publisher.add([await build(FULL)])
    const tree = join(folder, 'signed')
    await writeTree(publisher, tree)
    const place = join(tree, 'arch/beta/x86_64')
    const keyring = fileFor('keyring.gpg', signer.openpgp.publicKeyBinary)
    const signed = ['acme-tool-beta.db', 'acme-tool-beta.files', arch.fileName(FULL)]
    for (const name of signed) {
      const checked = spawnSync('gpgv', ['--keyring', keyring, join(place, `${name}.sig`), join(place, name)])
      expect([name, checked.status]).toEqual([name, 0])
    }
    const files = await publisher.files()
    const pinned = files.filter(({ pin }) => pin).map(({ path }) => path)
    expect(pinned).toHaveLength(5 * 4)
    expect(pinned.every((path) => /\.(?:db|files)(?:\.sig)?$/.test(path))).toBe(true)
  })

  it('tells a reader to demand both signatures (pitfall 16), for a name of its own in each channel', async () => {
    const keys = { openpgp: ['ABCD', 'EF01'].map((name) => ({ name, publicKey: '' })), rsa: [], usign: [] }
    const { commands } = arch.repository.instructions(
      { ...ADDRESS, channel: 'beta', isPrivate: false },
      ['hello'],
      keys,
    )
    const text = commands.join('\n')
    expect(text).toContain("'[acme-tool-beta]' 'SigLevel = Required DatabaseRequired'")
    expect(text).toContain("'Server = http://x/arch/beta/$arch'")
    // While keys change over, one signs the database and both sign packages.
    for (const name of ['ABCD', 'EF01']) expect(text).toContain(`pacman-key --lsign-key ${name}`)
  })
})

describe('a stranger package', () => {
  it.each([
    ['depend', 'foo (>= 1.2)'],
    ['depend', 'foo bar'],
    ['depend', 'foo>='],
    ['depend', 'a | b'],
    ['conflict', '>=1'],
    ['provides', 'foo>=1'],
    ['replaces', 'foo, bar'],
  ])('with %s = %s is refused: pacman would look for a package of that name', (key, value) => {
    const pkginfo = `pkgname = a\npkgver = 1-1\narch = any\n${key} = ${value}\n`
    const refused = entryOf({ pkginfo, paths: [], suffix: '.pkg.tar.zst' })
    expect(!refused.ok && [refused.error.code, refused.error.message.includes(key)]).toEqual([
      'package_unsupported',
      true,
    ])
  })

  it.each(['foo', 'foo>=1:2.3-4', 'libz.so=1-64', 'foo<2', 'foo@bar', 'sh', 'lib32-gcc-libs=13.2.1+r1'])(
    'with depend = %s is taken as it is',
    (value) => {
      const pkginfo = `pkgname = a\npkgver = 1-1\narch = any\ndepend = ${value}\n`
      const taken = entryOf({ pkginfo, paths: [], suffix: '.pkg.tar.zst' })
      expect(taken.ok && taken.value.pkginfo).toContainEqual(['depend', value])
    },
  )

  it('cut or changed anywhere is a fault or reads as itself, and never a crash', async () => {
    const bytes = await build(helloSpec())
    for (let end = 0; end < bytes.length; end += 29) {
      expect((await arch.inspect(memoryFile(bytes.subarray(0, end)), inspectTools)).ok).toBe(false)
    }
    for (let at = 0; at < bytes.length; at += 31) {
      const changed = bytes.slice()
      changed[at]! ^= 0x55
      const read = await arch.inspect(memoryFile(changed), inspectTools)
      if (read.ok) expect(arch.entrySchema.safeParse(read.value).success, `byte ${at}`).toBe(true)
    }
  })

  it('cannot put a section of its own into a database', async () => {
    const entry = await arch.inspect(memoryFile(await build(helloSpec())), inspectTools)
    if (!entry.ok) throw new Error(entry.error.message)
    const pkginfo = [...entry.value.pkginfo, ['depend', '%SHA256SUM%'], ['license', '%X%']] as [string, string][]
    const [row] = arch.repository.rows({ ...entry.value, pkginfo }, arch.repository.baseStreams, 'stable')
    expect(new TextDecoder().decode(row!.bytes).match(/%SHA256SUM%/g)).toHaveLength(1)
    const broken = { ...entry.value, pkginfo: [['pkgdesc', 'x\n%NAME%\nevil']] as [string, string][] }
    expect(() => arch.repository.rows(broken, arch.repository.baseStreams, 'stable')).toThrow('not safe')
    expect(arch.entrySchema.safeParse(broken).success).toBe(false)
  })
})
