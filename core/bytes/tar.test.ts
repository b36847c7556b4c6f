// Our tar against tools nobody here wrote: GNU tar and Python read what we write, and write what we read.
import { execFileSync, spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { requirePrograms } from '../../test/support/required-programs.ts'
import { createBudget, packageLimits } from '../budget.ts'
import type { ByteSource } from '../model/spec.ts'
import { collectBytes, concatBytes, fromUtf8, utf8 } from './arrays.ts'
import { StreamFault } from './stream-fault.ts'
import { encodeHeader, TAR_BLOCK_BYTES, type TarDialect } from './tar-header.ts'
import { readTar } from './tar-read.ts'
import { TAR_END, tarFile, tarHeader } from './tar-write.ts'

const common = { mode: 0o644, owner: 'root', group: 'root', mtimeSeconds: 1_700_000_000 }
const LONG = `${'folder/'.repeat(40)}ünïcode.txt`
const LONG_TARGET = `../${'t'.repeat(200)}`

const archive = (dialect: TarDialect): Uint8Array =>
  concatBytes([
    tarHeader({ ...common, name: 'd/', kind: 'directory', mode: 0o1755 }, dialect),
    tarFile({ ...common, name: 'd/a.txt', mode: 0o4755 }, utf8('hello'), dialect),
    tarFile({ ...common, name: LONG }, utf8('x'.repeat(513)), dialect),
    tarHeader({ ...common, name: 'link', kind: 'symlink', linkName: LONG_TARGET, mode: 0o777 }, dialect),
    TAR_END,
  ])

/** In chunks of an awkward size, as networks deliver. */
async function* chunked(bytes: Uint8Array, size = 77): ByteSource {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const budget = () => createBudget(packageLimits(0))

const readAll = async (bytes: Uint8Array, options?: { cut?: boolean }) => {
  const members: { name: string; kind: string; linkName: string; mode: number; text: string; sha1?: string }[] = []
  for await (const member of readTar(chunked(bytes), budget(), options)) {
    const { name, kind, linkName, mode } = member
    const sha1 = member.records.get('APK-TOOLS.checksum.SHA1')
    members.push({ name, kind, linkName, mode, text: fromUtf8(await collectBytes(member.body)), ...(sha1 && { sha1 }) })
  }
  return members
}

const header = (changes: Partial<Parameters<typeof encodeHeader>[0]> = {}): Uint8Array =>
  encodeHeader({ name: utf8('a'), linkName: utf8(''), flag: '0', sizeBytes: 0, ...common, ...changes }, 'pax')

/** A header with some bytes replaced and the checksum made right again: the lie is inside. */
const forged = (offset: number, bytes: Uint8Array): Uint8Array => {
  const block = header().slice()
  block.set(bytes, offset)
  block.fill(0x20, 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.set(utf8(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
  return block
}

beforeAll(() => requirePrograms('python3'))

describe.each(['gnu', 'pax'] as const)('a tar of the %s dialect', (dialect) => {
  it('is listed by GNU tar with every name, mode and target', () => {
    const listed = execFileSync('tar', ['tvf', '-', '--numeric-owner'], {
      input: archive(dialect),
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    })
    expect(listed.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'drwxr-xr-t 0/0 0 2023-11-14 22:13 d/',
      '-rwsr-xr-x 0/0 5 2023-11-14 22:13 d/a.txt',
      `-rw-r--r-- 0/0 513 2023-11-14 22:13 ${LONG}`,
      `lrwxrwxrwx 0/0 0 2023-11-14 22:13 link -> ${LONG_TARGET}`,
      '',
    ])
  })

  it('is read back as it was written', async () => {
    const members = await readAll(archive(dialect))
    expect(members.map(({ name, kind, linkName, mode }) => ({ name, kind, linkName, mode }))).toEqual([
      { name: 'd/', kind: 'directory', linkName: '', mode: 0o1755 },
      { name: 'd/a.txt', kind: 'file', linkName: '', mode: 0o4755 },
      { name: LONG, kind: 'file', linkName: '', mode: 0o644 },
      { name: 'link', kind: 'symlink', linkName: LONG_TARGET, mode: 0o777 },
    ])
    expect(members[1]!.text).toBe('hello')
    expect(members[2]!.text).toHaveLength(513)
  })

  it('is the same bytes every time', () => expect(archive(dialect)).toEqual(archive(dialect)))
})

describe('pax records', () => {
  it('carry extra keys that Python reads', async () => {
    const record = { 'APK-TOOLS.checksum.SHA1': 'ab'.repeat(20) }
    const bytes = concatBytes([tarFile({ ...common, name: 'f', records: record }, utf8('1'), 'pax'), TAR_END])
    const script =
      "import sys,tarfile,io;t=tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()));print(t.getmember('f').pax_headers)"
    expect(execFileSync('python3', ['-c', script], { input: bytes, encoding: 'utf8' })).toContain('ab'.repeat(20))
    expect((await readAll(bytes))[0]!.sha1).toBe('ab'.repeat(20))
  })
})

describe('reading archives of others', () => {
  it.each(['gnu', 'pax', 'ustar'])('reads what Python writes as %s', async (format) => {
    const script = `
import sys,tarfile,io
out=io.BytesIO()
t=tarfile.open(fileobj=out,mode='w',format=tarfile.${format.toUpperCase()}_FORMAT)
for n in ('./x','./'+'p/'*60+'y'):
    i=tarfile.TarInfo(n); i.size=3; t.addfile(i,io.BytesIO(b'abc'))
i=tarfile.TarInfo('hard'); i.type=tarfile.LNKTYPE; i.linkname='x'; t.addfile(i)
t.close(); sys.stdout.buffer.write(out.getvalue())`
    const members = await readAll(new Uint8Array(execFileSync('python3', ['-c', script])))
    expect(members.map(({ name, kind, text }) => [name, kind, text])).toEqual([
      ['./x', 'file', 'abc'],
      [`./${'p/'.repeat(60)}y`, 'file', 'abc'],
      ['hard', 'hardlink', ''],
    ])
  })

  it('skips bodies nobody reads', async () => {
    const names: string[] = []
    for await (const { name } of readTar(chunked(archive('gnu'), 4096), budget())) names.push(name)
    expect(names).toHaveLength(4)
  })

  it('takes an archive without end blocks only when told so', async () => {
    const cut = archive('pax').subarray(0, -TAR_END.length)
    expect(await readAll(cut, { cut: true })).toHaveLength(4)
    await expect(readAll(cut)).rejects.toThrow(StreamFault)
  })

  it('knows a base-256 size from GNU tar', async () => {
    const block = forged(124, Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2))
    const bytes = concatBytes([block, utf8('hi'), new Uint8Array(510), TAR_END])
    expect((await readAll(bytes))[0]!.text).toBe('hi')
  })
})

describe('a hostile archive is a fault and never a crash', () => {
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['a wrong checksum', header().map((byte, at) => (at === 0 ? byte ^ 1 : byte))],
    ['a negative size', forged(124, new Uint8Array(12).fill(0xff))],
    ['a size of letters', forged(124, utf8('zzzzzzzzzzz'))],
    [
      'a size beyond all numbers',
      forged(124, Uint8Array.of(0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
    ],
    ['a size larger than the file', forged(124, utf8('77777777777'))],
    [
      'a path that leaves its folder',
      concatBytes([tarFile({ ...common, name: 'a/../../etc/passwd' }, utf8(''), 'pax'), TAR_END]),
    ],
    ['a long name of a gigabyte', header({ flag: 'L', sizeBytes: 2 ** 30 })],
    [
      'a pax record that is longer than its header',
      concatBytes([header({ flag: 'x', sizeBytes: 9 }), utf8('99 path=a'), new Uint8Array(503), TAR_END]),
    ],
    ['half a header', header().subarray(0, TAR_BLOCK_BYTES / 2)],
    ['nothing at all', new Uint8Array(0)],
  ]
  it.each(cases)('%s', async (_, bytes) => {
    await expect(readAll(bytes)).rejects.toBeInstanceOf(StreamFault)
  })

  it('every archive cut anywhere is a fault', async () => {
    const whole = archive('gnu')
    for (let end = 100; end < whole.length - TAR_END.length; end += 391) {
      await expect(readAll(whole.subarray(0, end))).rejects.toBeInstanceOf(StreamFault)
    }
  })
})

it('GNU tar finds no fault with either dialect', () => {
  for (const dialect of ['gnu', 'pax'] as const) {
    const { status, stderr } = spawnSync('tar', ['tf', '-'], { input: archive(dialect), encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  }
})
