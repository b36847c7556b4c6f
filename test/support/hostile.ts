// Packages that cost their reader as much as they may, and their honest neighbours: for laws and for `npm run bench`.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { createGzip, gzipSync } from 'node:zlib'
import { AR_MAGIC, arMember } from '@distropack/core/bytes/ar.ts'
import { concatBytes, utf8 } from '@distropack/core/bytes/arrays.ts'
import { TAR_END, tarFile, tarHeader } from '@distropack/core/bytes/tar-write.ts'
import { METHOD, zipCentralHeader, zipEnd, zipLocalHeader } from '@distropack/core/bytes/zip.ts'

const FACTS = { mode: 0o644, mtimeSeconds: 0, owner: 'root', group: 'root' } as const

/** Names alone, or names with bytes; `dir/` is a folder. */
export const tarOf = (members: readonly (readonly [name: string, body?: Uint8Array])[]): Uint8Array =>
  concatBytes([
    ...members.map(([name, body]) =>
      name.endsWith('/')
        ? tarHeader({ ...FACTS, name, kind: 'directory' }, 'gnu')
        : tarFile({ ...FACTS, name }, body ?? new Uint8Array(0), 'gnu'),
    ),
    TAR_END,
  ])

const MIB = 1024 * 1024

/** apk's own record, without which it refuses a file. */
const sha1OfZeros = (megabytes: number): Readonly<Record<string, string>> => {
  const sha1 = createHash('sha1')
  for (let at = 0; at < megabytes; at++) sha1.update(new Uint8Array(MIB))
  return { 'APK-TOOLS.checksum.SHA1': sha1.digest('hex') }
}

/** A tar with one file of zeros, in pieces. */
export function* zerosTar(megabytes: number, name = './zeros'): Generator<Uint8Array> {
  const records = sha1OfZeros(megabytes)
  yield tarHeader({ ...FACTS, name, kind: 'file', sizeBytes: megabytes * MIB, records }, 'pax')
  const piece = new Uint8Array(MIB)
  for (let at = 0; at < megabytes; at++) yield piece
  yield TAR_END
}

export type Packing = 'gz' | 'xz' | 'zst' | 'bz2'

const PROGRAMS: Readonly<Record<Packing, readonly [string, ...string[]]>> = {
  gz: ['gzip', '-9nc'],
  xz: ['xz', '-6c'],
  zst: ['zstd', '-19qc'],
  bz2: ['bzip2', '-9c'],
}

/** By the real program. */
export const pack = (packing: Packing, bytes: Uint8Array): Uint8Array => {
  const [program, ...args] = PROGRAMS[packing]
  return new Uint8Array(execFileSync(program, args, { input: bytes, maxBuffer: 1024 * MIB }))
}

export const gzipped = async (pieces: Iterable<Uint8Array>): Promise<Uint8Array> => {
  const packed: Uint8Array[] = []
  for await (const chunk of Readable.from(pieces).pipe(createGzip({ level: 9 }))) packed.push(chunk as Uint8Array)
  return concatBytes(packed)
}

/** A symlink whose target is so long. */
export const longLink = (length: number): Uint8Array =>
  tarHeader({ ...FACTS, name: './link', kind: 'symlink', linkName: 'x'.repeat(length) }, 'gnu')

/** Empty files, stored. */
export const zipOf = (names: readonly string[]): Uint8Array => {
  const sizes = { crc32: 0, sizeBytes: 0, compressedBytes: 0 }
  let offset = 0
  const locals: Uint8Array[] = []
  const entries: Uint8Array[] = []
  for (const name of names) {
    const member = { name, kind: 'file', mode: 0o644, mtimeSeconds: 0 } as const
    const local = zipLocalHeader({ member, method: METHOD.stored, sizes, isWide: false })
    locals.push(local)
    entries.push(zipCentralHeader({ ...sizes, member, method: METHOD.stored, hasDescriptor: false, offset }))
    offset += local.length
  }
  const directory = concatBytes(entries)
  return concatBytes([...locals, directory, zipEnd({ count: names.length, offset, sizeBytes: directory.length })])
}

export const CONTROL = `Package: hostile
Version: 1.0
Architecture: amd64
Maintainer: Ada <ada@example.org>
Description: x
`

const debControl = (): Uint8Array => gzipSync(tarOf([['./control', utf8(CONTROL)]]))

export const debOf = (dataName: string, data: Uint8Array, control = debControl()): Uint8Array =>
  concatBytes([
    AR_MAGIC,
    arMember('debian-binary', utf8('2.0\n'), 0),
    arMember('control.tar.gz', control, 0),
    arMember(dataName, data, 0),
  ])

export const ipkOf = (data: Uint8Array): Uint8Array =>
  gzipSync(
    tarOf([
      ['./debian-binary', utf8('2.0\n')],
      ['./data.tar.gz', data],
      ['./control.tar.gz', debControl()],
    ]),
  )

const PKGINFO = `pkgname = hostile
pkgver = 1.0-1
pkgdesc = x
arch = x86_64
size = 1
`

/** Uncompressed: the caller packs it. */
export const archTarOf = (pieces: Iterable<Uint8Array>): Iterable<Uint8Array> =>
  (function* () {
    yield tarFile({ ...FACTS, name: '.PKGINFO' }, utf8(PKGINFO), 'gnu')
    yield* pieces
  })()

export const apkOf = (data: Uint8Array): Uint8Array => {
  const datahash = createHash('sha256').update(data).digest('hex')
  const control = tarFile(
    { ...FACTS, name: '.PKGINFO' },
    utf8(`${PKGINFO.replace('1.0-1', '1.0-r0')}datahash = ${datahash}\n`),
    'gnu',
  )
  return concatBytes([gzipSync(control), data])
}
