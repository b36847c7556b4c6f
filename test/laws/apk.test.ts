// Alpine packages and repositories, checked by programs that know nothing of us: Python's tarfile, zlib and openssl.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8, utf8 } from '@distropack/core/bytes/arrays.ts'
import { apkBlockSchema } from '@distropack/core/formats/apk/block.ts'
import { entryOf } from '@distropack/core/formats/apk/entry.ts'
import { apk } from '@distropack/core/formats/apk/format.ts'
import { apkRelation } from '@distropack/core/formats/apk/relations.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { collectWarnings } from '@distropack/core/warning.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { createPublisher, sealed, writeTree } from '../support/publisher.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { testSigner } from '../support/signers.ts'
import { helloSpec, LONG_PATH, settle, textSource } from '../support/specs.ts'

let folder: string
beforeAll(() => {
  requirePrograms('openssl', 'python3')
  folder = mkdtempSync(join(tmpdir(), 'apk-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const build = async (spec: PackageSpec): Promise<Uint8Array> => {
  const sink = memorySink()
  const built = await apk.build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}

/** What an independent reader finds in each gzip member, as JSON. */
const READER = `
import base64,hashlib,io,json,sys,tarfile,zlib
blob=sys.stdin.buffer.read(); out=[]
while blob:
    d=zlib.decompressobj(31); plain=d.decompress(blob)+d.flush(); raw=blob[:len(blob)-len(d.unused_data)]; blob=d.unused_data
    t=tarfile.open(fileobj=io.BytesIO(plain+b'\\0'*1024))
    out.append({'raw':base64.b64encode(raw).decode(),'sha1':hashlib.sha1(raw).hexdigest(),'sha256':hashlib.sha256(raw).hexdigest(),'ended':plain.endswith(b'\\0'*1024),
      'files':[{'name':e.name,'type':e.type.decode(),'mode':oct(e.mode),'owner':e.uname,'link':e.linkname,'sum':e.pax_headers.get('APK-TOOLS.checksum.SHA1',''),
        'sha1':hashlib.sha1(t.extractfile(e).read()).hexdigest() if e.isfile() else hashlib.sha1(e.linkname.encode()).hexdigest(),
        'body':base64.b64encode(t.extractfile(e).read()).decode() if e.isfile() else ''} for e in t]})
json.dump(out,sys.stdout)`
interface ReadMember {
  readonly raw: string
  readonly sha1: string
  readonly sha256: string
  readonly ended: boolean
  readonly files: readonly {
    name: string
    type: string
    mode: string
    owner: string
    link: string
    sum: string
    sha1: string
    body: string
  }[]
}
const readMembers = (bytes: Uint8Array): readonly ReadMember[] =>
  JSON.parse(execFileSync('python3', ['-c', READER], { input: bytes, encoding: 'utf8', maxBuffer: 1 << 26 }))
const body = (member: ReadMember | undefined, name: string): string =>
  Buffer.from(member?.files.find((file) => file.name === name)?.body ?? '', 'base64').toString()

const verify = async (signed: string, signature: string): Promise<string> => {
  const { rsa } = await testSigner()
  writeFileSync(join(folder, 'key'), rsa.publicKeyPem)
  writeFileSync(join(folder, 'signed'), Buffer.from(signed, 'base64'))
  writeFileSync(join(folder, 'signature'), Buffer.from(signature, 'base64'))
  return execFileSync('openssl', ['dgst', '-sha256', '-verify', 'key', '-signature', 'signature', 'signed'], {
    cwd: folder,
    encoding: 'utf8',
  }).trim()
}

const FULL = helloSpec({
  version: { version: '1.2.3', prerelease: 'rc.1', release: '4' },
  relations: {
    depends: ['musl (>= 1.2)', 'so:libz.so.1', 'busybox'],
    recommends: ['curl'],
    suggests: [],
    conflicts: ['goodbye'],
    replaces: ['hullo'],
    provides: ['greeter=1.0', 'cmd:hello'],
  },
  scripts: {
    preinstall: utf8('#!/bin/sh\n'),
    postinstall: utf8('#!/bin/sh\n:\n'),
    preremove: utf8('#!/bin/sh\n'),
    postremove: utf8('#!/bin/sh\n'),
    preupgrade: utf8('#!/bin/sh\n'),
    postupgrade: utf8('#!/bin/sh\n'),
  },
})

describe('a trigger', () => {
  const block = { triggers: ['/usr/share/fonts/*', '/usr/lib/hello'] }
  const trigger = utf8('#!/bin/sh\necho triggered\n')

  it('is a script and the folders it watches', async () => {
    const [control] = readMembers(await build({ ...FULL, block, scripts: { ...FULL.scripts, trigger } }))
    expect(body(control, '.trigger')).toBe('#!/bin/sh\necho triggered\n')
    expect(body(control, '.PKGINFO')).toContain('\ntriggers = /usr/share/fonts/* /usr/lib/hello\n')
  })

  it('without a script, without folders, or with a folder of two words is refused', () => {
    const codes = (changes: object) => apk.check({ ...FULL, ...changes }).map(({ code }) => code)
    expect(codes({ block, scripts: { trigger } })).toEqual([])
    expect(codes({ block })).toEqual(['field_invalid'])
    expect(codes({ scripts: { trigger } })).toEqual(['field_invalid'])
    expect(codes({ block: { triggers: ['/a b'] }, scripts: { trigger } })).toEqual(['field_invalid'])
  })
})

describe('a built .apk', () => {
  it('is a control and a data member, the first without end blocks', async () => {
    const [control, data, ...more] = readMembers(await build(FULL))
    expect(more).toEqual([])
    expect([control?.ended, data?.ended]).toEqual([false, true])
    expect(control?.files.map(({ name, mode }) => `${name} ${mode}`)).toEqual([
      '.PKGINFO 0o644',
      '.post-deinstall 0o755',
      '.post-install 0o755',
      '.post-upgrade 0o755',
      '.pre-deinstall 0o755',
      '.pre-install 0o755',
      '.pre-upgrade 0o755',
    ])
    expect(body(control, '.PKGINFO')).toBe(`pkgname = hello
pkgver = 1.2.3_rc1-r4
pkgdesc = Says hello
url = https://example.com/hello
builddate = 1700000000
size = 64
arch = x86_64
origin = hello
maintainer = Jane Doe <jane@example.com>
license = MIT
replaces = hullo
depend = musl>=1.2
depend = so:libz.so.1
depend = busybox
depend = !goodbye
provides = greeter=1.0
provides = cmd:hello
datahash = ${data?.sha256}
`)
  })

  it('has the SHA-1 of every file and link, owners, modes and long names', async () => {
    const [, data] = readMembers(await build(FULL))
    const files = data!.files.filter(({ type }) => type !== '5')
    expect(files.length).toBeGreaterThan(8)
    for (const { name, sum, sha1 } of files) expect(sum, name).toBe(sha1)
    expect(data!.files.find(({ name }) => name === LONG_PATH.slice(1))).toMatchObject({ mode: '0o4755' })
    expect(data!.files.find(({ name }) => name === 'var/lib/hello')).toMatchObject({
      mode: '0o1777',
      owner: 'nobody',
      type: '5',
    })
    expect(data!.files.some(({ name }) => name.startsWith('.') || name.startsWith('/'))).toBe(false)
  })

  it('never says it has size 0 when it holds something: apk would install nothing', async () => {
    const items = settle([
      {
        kind: 'symlink',
        path: '/usr/bin/hi',
        target: 'hello',
        mode: 0o777,
        owner: 'root',
        group: 'root',
        mtimeSeconds: 1,
      },
    ])
    expect(body(readMembers(await build(helloSpec({ items })))[0], '.PKGINFO')).toContain('\nsize = 1\n')
    expect(body(readMembers(await build(helloSpec({ items: [] })))[0], '.PKGINFO')).toContain('\nsize = 0\n')
  })

  it('is signed without touching its bytes, and keeps its identity', async () => {
    const file = await build(FULL)
    const { bytes, entry } = await sealed(apk as never, file, await testSigner())
    expect(Buffer.from(bytes.subarray(bytes.length - file.length)).equals(Buffer.from(file))).toBe(true)
    const [signature, control] = readMembers(bytes)
    expect(signature?.files.map(({ name }) => name)).toEqual(['.SIGN.RSA256.acme-tool-0a1b2c3d.rsa.pub'])
    expect(signature?.ended).toBe(false)
    expect(await verify(control!.raw, signature!.files[0]!.body)).toBe('Verified OK')
    expect(await apk.inspect(memoryFile(bytes), inspectTools)).toEqual({ ok: true, value: entry })
    const again = await sealed(apk as never, bytes, await testSigner())
    expect(readMembers(again.bytes)).toHaveLength(3)
  })

  it('is not built when a file changes between its two readings', async () => {
    let reads = 0
    const source = { sizeBytes: 1, open: () => textSource(String(reads++ % 10)).open() }
    const items = settle([
      { kind: 'file', path: '/x', mode: 0o644, owner: 'root', group: 'root', mtimeSeconds: 1, source },
    ])
    const built = await apk.build(helloSpec({ items }), memorySink(), buildTools)
    expect(!built.ok && built.error.code).toBe('source_changed')
  })
})

describe('check', () => {
  const codes = (changes: Partial<PackageSpec>): readonly string[] =>
    apk.check(helloSpec(changes)).map(({ code }) => code)
  it('finds nothing wrong with a good spec', () => expect(apk.check(FULL)).toEqual([]))
  it.each(['-x', 'a b', '', 'a\nb', 'ä'])('refuses the name %j', (name) =>
    expect(codes({ name })).toContain('name_invalid'),
  )
  it.each([
    { version: 'v1' },
    { version: '1 0' },
    { version: '1.0', release: '1/2' },
    { version: '1:1.0' },
    { version: '1.0', prerelease: 'a(b)' },
  ])('refuses the version %j', (version) => expect(codes({ version })).toContain('version_invalid'))
  it.each([
    { version: '1.2.3', release: 'simple' },
    { version: '1.0', prerelease: 'weird' },
    { version: '1.0', metadata: 'deadbeef' },
    { version: '1.0', release: '1.fc40' },
    { version: '1.0+git.5' },
    { version: '1.0~abcdef' },
  ])('builds the version %j, which apk installs and cannot order, with a warning', async (version) => {
    const spec = helloSpec({ version })
    expect(apk.check(spec)).toEqual([])
    expect(apk.advise?.(spec).map(({ code, where }) => [code, where?.key])).toEqual([['version_unusual', 'version']])
    const { warn, warnings } = collectWarnings()
    const read = await apk.inspect(memoryFile(await build(spec)), { ...inspectTools, warn })
    expect([read.ok, warnings().map(({ code }) => code)]).toEqual([true, ['version_unusual']])
  })
  it('has nothing to say of a version that apk reads', () => expect(apk.advise?.(FULL)).toEqual([]))
  it('refuses names in / that begin with a dot: apk would leave them out', () => {
    const [item] = helloSpec().items
    expect(codes({ items: [{ ...item!, path: '/.hidden' }] })).toEqual(['path_unsafe'])
  })
  it('keeps every key that nFPM documents', () => {
    const documented = {
      arch: 'armhf',
      scripts: { preupgrade: 'a', postupgrade: 'b' },
      signature: { key_file: 'k', key_name: 'n', key_id: 'i' },
    }
    expect(apkBlockSchema.safeParse(documented).success).toBe(true)
  })
})

describe('relations', () => {
  it.each([
    ['foo', 'foo'],
    ['foo>=1.2', 'foo>=1.2'],
    ['foo (>= 1.2)', 'foo>=1.2'],
    ['foo(>=1.2)', 'foo>=1.2'],
    ['foo >= 1.2-r3', 'foo>=1.2-r3'],
    ['foo (<< 2)', 'foo<2'],
    ['foo~1.2', 'foo~1.2'],
    ['!bar', '!bar'],
    ['so:libc.so=1', 'so:libc.so=1'],
    ['lib_x-dev+', 'lib_x-dev+'],
  ])('%s is %s', (text, relation) => expect(apkRelation(text, 'depends.0')).toEqual({ ok: true, value: relation }))
  it.each([
    'a | b',
    'a, b',
    'foo (>= 1.2+git)',
    'foo=1.0~abc',
    'foo><1',
    'a@edge',
    'foo>=',
    'foo bar',
    '>=1',
    'a\nb',
    'a (>= 1) x',
  ])('%j is refused', (text) => expect(apkRelation(text, 'depends.0').ok).toBe(false))
})

describe('a stranger package', () => {
  const entry = (lines: string) =>
    entryOf({
      pkginfo: `pkgname = a\npkgver = 1.0-r0\narch = x86_64\n${lines}\ndatahash = ${'0'.repeat(64)}\n`,
      paths: [],
      controlSha1: '0'.repeat(40),
      controlOffset: 0,
      controlSizeBytes: 1,
    })

  it.each([
    ...['foo (>= 1.2)', 'foo>=', '>=1', 'foo=1.0-beta+x', 'foo=1.0~abc', 'foo@edge', 'foo><Q1abc=', '!', 'foo bar>=x'],
    ...['foo=v1', 'a|b', 'foo>=1.2,bar', 'foo!bar', 'foo<>1', 'foo>~1', 'foo<~1', `foo=${'1'.repeat(18)}`],
  ])('with depend, provides, replaces or install_if %j is refused, with the key', (value) => {
    for (const key of ['depend', 'provides', 'replaces', 'install_if']) {
      const refused = entry(`${key} = ${value}`)
      expect(!refused.ok && [refused.error.code, refused.error.message.includes(key)]).toEqual([
        'package_unsupported',
        true,
      ])
    }
  })

  it.each([
    ...['foo', '!foo', 'foo=1.2-r3', 'foo>=1.2 bar<2 baz', 'so:libc.musl-x86_64.so.1', 'so:libz.so.1=1.3.1', '/bin/sh'],
    ...[
      'cmd:[=1.36.1-r0',
      'cmd:[[',
      'pc:gtk+-3.0>=3.2',
      'py3.12:requests=2.31_rc1-r1',
      'foo~1.2',
      '.hidden',
      'foo=~1.2',
      'foo~=1',
      'foo=>1',
      'foo==1',
    ],
  ])('with depend or provides %j is taken as it is', (value) => {
    for (const key of ['depend', 'provides']) {
      const taken = entry(`${key} = ${value}`)
      expect(taken.ok && taken.value.pkginfo).toContainEqual([key, value])
    }
  })

  it('cut or changed anywhere is a fault or reads as itself, and never a crash', async () => {
    const bytes = await build(helloSpec())
    for (let end = 0; end < bytes.length; end += 41)
      expect((await apk.inspect(memoryFile(bytes.subarray(0, end)), inspectTools)).ok).toBe(false)
    for (let at = 12; at < bytes.length; at += 31) {
      const changed = bytes.slice()
      changed[at]! ^= 0x55
      expect((await apk.inspect(memoryFile(changed), inspectTools)).ok, `byte ${at}`).toBe(false)
    }
  })
  it('of version 3 is told apart', async () => {
    const entry = await apk.inspect(memoryFile(utf8('ADB.something')), inspectTools)
    expect(!entry.ok && [entry.error.code, entry.error.message]).toEqual([
      'package_unsupported',
      expect.stringContaining('version 3'),
    ])
  })
})

describe('an Alpine repository', () => {
  it('has one signed index a architecture, in two gzip members, with packages for all of them', async () => {
    const signer = await testSigner()
    const publisher = createPublisher(apk as never, signer, {
      baseUrl: 'http://x',
      organization: 'acme',
      project: 'tool',
      channel: 'stable',
    })
    for (const version of ['1.0', '1.1', '1.2']) {
      await publisher.add([
        await build(helloSpec({ version: { version } })),
        await build(helloSpec({ name: 'data', architecture: 'all', version: { version } })),
      ])
    }
    await writeTree(publisher, folder)
    for (const [arch, count] of [
      ['x86_64', 6],
      ['aarch64', 3],
      ['loongarch64', 3],
    ] as const) {
      const [signature, index, ...more] = readMembers(
        readFileSync(join(folder, `alpine/stable/${arch}/APKINDEX.tar.gz`)),
      )
      expect(more).toEqual([])
      expect(await verify(index!.raw, signature!.files[0]!.body)).toBe('Verified OK')
      expect(index?.files.map(({ name }) => name)).toEqual(['DESCRIPTION', 'APKINDEX'])
      expect(body(index, 'DESCRIPTION')).toBe('acme/tool stable')
      const records = body(index, 'APKINDEX')
        .split('\n\n')
        .filter((record) => record !== '')
      expect(records).toHaveLength(count)
      for (const record of records) {
        const fields = Object.fromEntries(record.split('\n').map((line) => [line[0], line.slice(2)]))
        const file = readFileSync(join(folder, `alpine/stable/${fields.A}/${fields.P}-${fields.V}.apk`))
        expect(fields.S).toBe(String(file.length))
        expect(fields.C).toBe(`Q1${Buffer.from(readMembers(file)[1]!.sha1, 'hex').toString('base64')}`)
      }
    }
    expect(fromUtf8(readFileSync(join(folder, 'keys', signer.rsa.keyName)))).toBe(signer.rsa.publicKeyPem)
  })
})
