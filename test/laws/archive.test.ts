// Archives held against programs of others: tar, unzip and Python read them, dash and busybox run their install.sh,
// shellcheck reads it, sha256sum and gpg check what a channel of them says.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8 } from '@distropack/core/bytes/arrays.ts'
import { zipEnd } from '@distropack/core/bytes/zip.ts'
import { readZipDirectory } from '@distropack/core/bytes/zip-read.ts'
import type { Format } from '@distropack/core/format.ts'
import { ARCHIVES } from '@distropack/core/formats/archive/format.ts'
import { archiveVersion } from '@distropack/core/formats/archive/names.ts'
import type { PackagedItem, PackageSpec } from '@distropack/core/model/spec.ts'
import { parseTarget } from '@distropack/core/registry.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { createPublisher, writeTree } from '../support/publisher.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { testSigner } from '../support/signers.ts'
import { helloSpec, settle, textSource } from '../support/specs.ts'

let folder: string
beforeAll(() => {
  requirePrograms('busybox', 'dash', 'gpg', 'python3', 'shellcheck', 'unzip', 'xz', 'zstd')
  folder = mkdtempSync(join(tmpdir(), 'archive-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const FORMATS = ARCHIVES as unknown as readonly Format[]
const formatOf = (id: string): Format => FORMATS.find((format) => format.id === id)!

const build = async (id: string, spec: PackageSpec): Promise<Uint8Array> => {
  const sink = memorySink()
  const built = await formatOf(id).build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}

const owned = { owner: 'root', group: 'root', mtimeSeconds: 1_700_000_000 }
const file = (path: string, text: string, mode = 0o644, kind: 'file' | 'config' = 'file'): PackagedItem => ({
  ...owned,
  kind,
  path,
  mode,
  source: textSource(text),
})

/** Names that end a word, begin an option, or run a command, if anybody forgets a quote. */
const SPEC = helloSpec({
  items: settle([
    file('/usr/bin/hello', '#!/bin/sh\necho hello\n', 0o755),
    file('/usr/share/hello/it\'s $(touch evil) `id` "x" ; &', 'odd\n'),
    file('/usr/share/hello/-n', 'dash\n', 0o600),
    file('/usr/share/hello/ünïcode', 'u\n'),
    file('/etc/hello.conf', 'greeting = hello\n', 0o640, 'config'),
    { ...owned, kind: 'dir', path: '/var/lib/hello', mode: 0o2750 },
    { ...owned, kind: 'symlink', path: '/usr/bin/hi', mode: 0o777, target: 'hello' },
    { ...owned, kind: 'symlink', path: '/usr/bin/own', mode: 0o777, target: '/usr/share/hello/ünïcode' },
    { ...owned, kind: 'symlink', path: '/usr/bin/null', mode: 0o777, target: '/dev/null' },
  ]),
})
const FLAT = { ...SPEC, block: { layout: 'flat' } }
const TOP = 'hello-1.2.3-linux-amd64'

/** Unpacked by the tool people have. */
const unpack = async (id: string, spec: PackageSpec): Promise<string> => {
  const target = mkdtempSync(join(folder, 'unpacked-'))
  writeFileSync(join(target, 'archive'), await build(id, spec))
  const [command, ...args] = id === 'zip' ? ['unzip', '-q', 'archive'] : ['tar', '-xf', 'archive']
  execFileSync(command!, args, { cwd: target, env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  return target
}

const treeOf = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => {
      const stat = lstatSync(join(root, name))
      const mode = (stat.mode & 0o7777).toString(8)
      if (stat.isSymbolicLink()) return `${name} -> ${readlinkSync(join(root, name))}`
      return stat.isDirectory() ? `${name}/` : `${name} ${mode} ${readFileSync(join(root, name), 'utf8')}`
    })
    .sort()

describe.each(ARCHIVES.map(({ id }) => id))('%s', (id) => {
  it('is a target of its own', () => {
    expect(parseTarget(`${id}/x86_64`)).toMatchObject({ ok: true, value: { architecture: 'amd64', format: { id } } })
    expect(formatOf(id).fileName(SPEC)).toBe(`${TOP}.${id}`)
  })

  it('unpacks to the same tree with every tool', async () => {
    const place = await unpack(id, SPEC)
    expect(readdirSync(place).sort()).toEqual(['archive', TOP])
    expect(treeOf(join(place, TOP)).filter((line) => !line.startsWith('install.sh'))).toEqual([
      'etc/',
      'etc/hello.conf 640 greeting = hello\n',
      'usr/',
      'usr/bin/',
      'usr/bin/hello 755 #!/bin/sh\necho hello\n',
      'usr/bin/hi -> hello',
      'usr/bin/null -> /dev/null',
      'usr/bin/own -> /usr/share/hello/ünïcode',
      'usr/share/',
      'usr/share/hello/',
      'usr/share/hello/-n 600 dash\n',
      'usr/share/hello/it\'s $(touch evil) `id` "x" ; & 644 odd\n',
      'usr/share/hello/ünïcode 644 u\n',
      'var/',
      'var/lib/',
      'var/lib/hello/',
    ])
    expect(statSync(join(place, TOP, 'usr/bin/hello')).mtimeMs).toBe(1_700_000_000_000)
  })

  it('cut or changed anywhere is a fault or reads as itself, and never a crash', async () => {
    const bytes = await build(id, SPEC)
    for (let end = 0; end < bytes.length; end += 97) {
      expect((await formatOf(id).inspect(memoryFile(bytes.subarray(0, end)), inspectTools)).ok).toBe(false)
    }
    for (let at = 0; at < bytes.length; at += 61) {
      const changed = bytes.slice()
      changed[at]! ^= 0x55
      const read = await formatOf(id).inspect(memoryFile(changed), inspectTools)
      if (read.ok) expect(formatOf(id).entrySchema.safeParse(read.value).success, `byte ${at}`).toBe(true)
    }
  })
})

describe('a tar', () => {
  it('has owners by number alone, all 0', async () => {
    const listed = execFileSync('tar', ['-tvzf', '-'], { input: await build('tar.gz', SPEC), encoding: 'utf8' })
    for (const line of listed.trim().split('\n')) expect(line).toMatch(/^\S+ 0\/0 /)
  })
})

describe('a zip', () => {
  it('passes unzip -t and Python’s zipfile, with Unix modes and links', async () => {
    const path = join(folder, 'x.zip')
    writeFileSync(path, await build('zip', SPEC))
    expect(execFileSync('unzip', ['-t', path], { encoding: 'utf8' })).toContain('No errors detected')
    const script = `import json,sys,zipfile
z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
json.dump([[i.filename,oct(i.external_attr>>16),list(i.date_time)] for i in z.infolist()],sys.stdout)`
    const listed = JSON.parse(execFileSync('python3', ['-c', script, path], { encoding: 'utf8' }))
    expect(listed).toContainEqual([`${TOP}/usr/bin/hello`, '0o100755', [2023, 11, 14, 22, 13, 20]])
    expect(listed).toContainEqual([`${TOP}/usr/bin/hi`, '0o120777', [2023, 11, 14, 22, 13, 20]])
    expect(listed).toContainEqual([`${TOP}/var/lib/hello/`, '0o42750', [2023, 11, 14, 22, 13, 20]])
  })

  it('of more than 65,535 files is of the wide kind, which Python and we read alike', async () => {
    const items = settle(Array.from({ length: 65_600 }, (_, at) => file(`/usr/share/hello/${at}`, '')))
    const quick = { ...buildTools, compress: (_: unknown, source: AsyncIterable<Uint8Array>) => emptyGzip(source) }
    const sink = memorySink()
    const built = await formatOf('zip').build(helloSpec({ items }), sink, quick)
    if (!built.ok) throw new Error(built.error.message)
    const path = join(folder, 'wide.zip')
    writeFileSync(path, sink.bytes())
    const script = 'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(len(z.infolist()), z.testzip())'
    expect(execFileSync('python3', ['-c', script, path], { encoding: 'utf8' })).toBe('65605 None\n')
    expect(await readZipDirectory(memoryFile(sink.bytes()), inspectTools.budget)).toHaveLength(65_605)
    // Beyond 4 GiB, without writing them: the directory's offset stands in the wide record alone.
    expect(zipEnd({ count: 1, offset: 5_000_000_000, sizeBytes: 46 })).toHaveLength(56 + 20 + 22)
  })
})

/** One gzip member of no bytes, made once: zlib streams for 65,600 empty files would take a minute. */
async function* emptyGzip(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let isEmpty = true
  for await (const chunk of source) isEmpty &&= chunk.length === 0
  if (isEmpty) yield Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  else yield* buildTools.compress('gzip', source)
}

describe('check', () => {
  const codes = (changes: Partial<PackageSpec>): readonly string[] =>
    formatOf('tar.gz')
      .check(helloSpec(changes))
      .map(({ code }) => code)
  it('finds nothing wrong with good specs', () => {
    expect(formatOf('tar.gz').check(SPEC)).toEqual([])
    expect(formatOf('tar.gz').check(FLAT)).toEqual([])
  })
  it('refuses names and versions that are no file names, and platforms that are no words', () => {
    for (const name of ['-x', '', 'a/b', '.x', 'a b']) expect(codes({ name })).toContain('name_invalid')
    for (const version of ['', '1/2', '1:2', 'a b'])
      expect(codes({ version: { version } })).toContain('version_invalid')
    expect(codes({ platform: '../x' })).toEqual(['field_invalid'])
  })
  it('refuses two files at one place', () => {
    expect(codes({ items: settle([file('/install.sh', '')]) })).toEqual(['content_conflict'])
    const twice = settle([file('/usr/bin/x', ''), file('/etc/x', '')])
    expect(codes({ items: twice })).toEqual([])
    expect(codes({ items: twice, block: { layout: 'flat' } })).toEqual(['content_conflict'])
    expect(codes({ items: settle([file('/usr/bin/x', ''), file('/usr/local/bin/x', '')]) })).toEqual([
      'content_conflict',
    ])
    expect(codes({ block: { layout: 'round' } })).toEqual(['manifest_invalid'])
  })
})

describe('the order of versions', () => {
  const RISING = [
    ...['0.9', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11'],
    ...['1.0.0-rc.1', '1.0.0-rc2', '1.0.0-rc10', '1.0.0', '1.0.0+git.5', '1.0.0+r1', '1.0.0+r2', '1.0.0+r10', '1.0.1'],
    ...['1.9', '1.10', '2024.1.31'],
  ]
  it('is SemVer’s, and a release counts last', () => {
    const shuffled = [...RISING].reverse()
    expect(shuffled.sort(formatOf('zip').compareVersions)).toEqual(RISING)
  })
  it('a release is no prerelease', () => {
    expect(archiveVersion({ version: '1.0', prerelease: 'rc.1', metadata: 'git.5', release: '2', epoch: 3 })).toBe(
      '1.0-rc.1+git.5.r2',
    )
  })
})

describe.each([
  ['root', SPEC],
  ['flat', FLAT],
] as const)('install.sh of the %s layout', (_, spec) => {
  it('has nothing that shellcheck warns of', async () => {
    const place = await unpack('tar.gz', spec)
    // SC2016 warns that single quotes keep $(…) from running, which is what they are there for.
    const args = ['-s', 'sh', '-e', 'SC2016', join(place, TOP, 'install.sh')]
    const checked = spawnSync('shellcheck', args, { encoding: 'utf8' })
    expect(checked.stdout).toBe('')
    expect(checked.status).toBe(0)
  })

  it.each([
    ['dash', []],
    ['busybox', ['sh']],
    ['bash', []],
  ] as const)('installs and uninstalls with %s', async (shell, shellArgs) => {
    const place = await unpack('tar.gz', spec)
    const script = join(place, TOP, 'install.sh')
    const prefix = join(place, "my $(prefix)'s")
    const run = (env: Record<string, string>, ...args: string[]) =>
      spawnSync(shell, [...shellArgs, script, ...args], {
        encoding: 'utf8',
        cwd: place,
        env: { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8', ...env },
      })
    expect(run({ PREFIX: prefix })).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect(treeOf(prefix)).toEqual([
      'bin/',
      'bin/hello 755 #!/bin/sh\necho hello\n',
      'bin/hi -> hello',
      'bin/null -> /dev/null',
      `bin/own -> ${prefix}/share/hello/ünïcode`,
      'etc/',
      'etc/hello.conf 640 greeting = hello\n',
      'share/',
      'share/hello/',
      'share/hello/-n 600 dash\n',
      'share/hello/it\'s $(touch evil) `id` "x" ; & 644 odd\n',
      'share/hello/ünïcode 644 u\n',
      'var/',
      'var/lib/',
      'var/lib/hello/',
    ])
    expect(statSync(join(prefix, 'var/lib/hello')).mode & 0o7777).toBe(0o2750)
    expect(execFileSync(join(prefix, 'bin/hi'), { encoding: 'utf8' })).toBe('hello\n')

    writeFileSync(join(prefix, 'etc/hello.conf'), 'greeting = moin\n')
    expect(run({ PREFIX: prefix })).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(join(prefix, 'etc/hello.conf'), 'utf8')).toBe('greeting = moin\n')
    expect(readFileSync(join(prefix, 'etc/hello.conf.new'), 'utf8')).toBe('greeting = hello\n')

    writeFileSync(join(prefix, 'share/hello/mine'), 'not the package’s')
    expect(run({ PREFIX: prefix }, '--uninstall')).toMatchObject({ status: 0, stderr: '' })
    expect(treeOf(prefix)).toEqual([
      ...['bin/', 'etc/', 'etc/hello.conf 640 greeting = moin\n', 'etc/hello.conf.new 640 greeting = hello\n'],
      ...['share/', 'share/hello/', 'share/hello/mine 644 not the package’s', 'var/'],
    ])
    expect(readdirSync(place).sort()).toEqual(['archive', TOP, "my $(prefix)'s"])
  })

  it('puts DESTDIR before everything, and leaves /etc and /var where a system’s prefix has them', async () => {
    const place = await unpack('zip', spec)
    const destination = join(place, 'destination')
    mkdirSync(destination)
    const env = { PATH: process.env.PATH ?? '', DESTDIR: destination }
    execFileSync('sh', [join(place, TOP, 'install.sh')], { env })
    const names = treeOf(destination).map((line) => line.split(' ')[0])
    expect(names).toEqual(expect.arrayContaining(['etc/hello.conf', 'usr/local/bin/hello', 'var/lib/hello/']))
    expect(readlinkSync(join(destination, 'usr/local/bin/own'))).toBe('/usr/local/share/hello/ünïcode')
    execFileSync('sh', [join(place, TOP, 'install.sh')], { env: { ...env, PREFIX: '/usr' } })
    expect(statSync(join(destination, 'usr/bin/hello')).isFile()).toBe(true)
    const wrong = spawnSync('sh', [join(place, TOP, 'install.sh'), '--frobnicate'], { env, encoding: 'utf8' })
    expect([wrong.status, wrong.stderr.startsWith('Usage:')]).toEqual([2, true])
  })
})

describe('a channel of archives', () => {
  it('lists all formats together, signs their checksums, and has the newest under a name that stays', async () => {
    const signer = await testSigner()
    const address = { baseUrl: 'http://x/r/acme/tool', organization: 'acme', project: 'tool', channel: 'stable' }
    const publisher = createPublisher(formatOf('tar.gz'), signer, address)
    for (const version of ['1.0.0-rc.1', '1.0.0', '0.9.0']) {
      for (const id of ['tar.gz', 'zip']) {
        await publisher.add([await build(id, { ...SPEC, version: { version } })], formatOf(id))
      }
    }
    const tree = join(folder, 'tree')
    await writeTree(publisher, tree)
    const place = join(tree, 'files/stable')
    const checked = execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: place, encoding: 'utf8' })
    expect(checked.match(/: OK$/gm)).toHaveLength(8)

    const home = mkdtempSync(join(folder, 'gpg-'))
    const gpg = (...args: string[]) =>
      execFileSync('gpg', ['--batch', '--quiet', '--homedir', home, ...args], { stdio: 'pipe', encoding: 'utf8' })
    writeFileSync(join(home, 'key.asc'), signer.openpgp.publicKeyArmored)
    gpg('--import', join(home, 'key.asc'))
    const signed = gpg('--decrypt', join(place, 'SHA256SUMS.asc'))
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    expect(signed).toBe(readFileSync(join(place, 'SHA256SUMS'), 'utf8'))

    const { files, ...about } = JSON.parse(readFileSync(join(place, 'index.json'), 'utf8'))
    expect(about).toEqual({
      organization: 'acme',
      project: 'tool',
      channel: 'stable',
      baseUrl: 'http://x/r/acme/tool/files/stable/',
    })
    expect(files).toHaveLength(7)
    expect(files[1]).toMatchObject({
      name: 'hello',
      version: '1.0.0-rc.1',
      os: 'linux',
      arch: 'amd64',
      format: 'tar.gz',
    })
    expect(files[1].url).toBe('hello-1.0.0-rc.1-linux-amd64.tar.gz')
    for (const id of ['tar.gz', 'zip']) {
      const newest = readFileSync(join(place, `latest/hello-linux-amd64.${id}`))
      expect(newest.equals(readFileSync(join(place, `hello-1.0.0-linux-amd64.${id}`)))).toBe(true)
    }
  })

  it('is a listing of valid JSON also when nothing is in it', async () => {
    const address = { baseUrl: 'http://x', organization: 'a', project: 'b', channel: 'beta' }
    const publisher = createPublisher(formatOf('zip'), await testSigner(), address)
    const [index] = (await publisher.files()).filter(({ path }) => path === 'files/beta/index.json')
    expect(JSON.parse(new TextDecoder().decode(publisher.materialise(index!.content))).files).toHaveLength(1)
  })
})

it('an archive without our install.sh is told apart', async () => {
  const bytes = execFileSync('tar', ['-czf', '-', '-C', folder, '.'])
  const read = await formatOf('tar.gz').inspect(memoryFile(bytes), inspectTools)
  expect(!read.ok && read.error.code).toBe('package_unsupported')
  const text = await formatOf('zip').inspect(memoryFile(utf8('not a zip')), inspectTools)
  expect(!text.ok && text.error.code).toBe('package_corrupt')
})
