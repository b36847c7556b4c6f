// Records of a zip archive, both ways (PKWARE's APPNOTE.TXT 6.3.10, sections in brackets). Numbers are little-endian.
import { concatBytes, utf8 } from './arrays.ts'

export const SIGNATURE = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  central: 0x02014b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
  end: 0x06054b50,
} as const

export const METHOD = { stored: 0, deflated: 8 } as const

/** "See the zip64 field instead" in 2 and 4 bytes (4.4.1.4). */
export const MANY = 0xffff
export const HUGE = 0xffffffff

/** Bit 3: sizes stand behind the data. Bit 11: the name is UTF-8. (4.4.4) */
export const FLAG = { descriptor: 1 << 3, utf8: 1 << 11, encrypted: 1 } as const

/** Extra fields: zip64 (4.5.3), and Info-ZIP's extended timestamp. */
export const EXTRA = { zip64: 0x0001, timestamp: 0x5455 } as const

const UNIX = 3
/** 4.5 reads zip64 (4.4.3.2). */
const VERSION = 45

/** File types of Unix in the upper half of the external attributes. */
const TYPE = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const
export const TYPE_MASK = 0o170000
export const TYPE_OF: ReadonlyMap<number, keyof typeof TYPE> = new Map([
  [TYPE.file, 'file'],
  [TYPE.directory, 'directory'],
  [TYPE.symlink, 'symlink'],
])
const DOS_DIRECTORY = 0x10

export interface ZipMember {
  /** A folder's ends in a slash. */
  readonly name: string
  readonly kind: keyof typeof TYPE
  readonly mode: number
  readonly mtimeSeconds: number
}

/** What is known when the member's bytes are written. */
export interface ZipSizes {
  readonly crc32: number
  readonly sizeBytes: number
  readonly compressedBytes: number
}

/** A record from its fields: width in bytes and value in turn. */
const record = (...fields: readonly (readonly [width: 2 | 4 | 8, value: number])[]): Uint8Array => {
  const bytes = new Uint8Array(fields.reduce((sum, [width]) => sum + width, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true)
    else if (width === 4) view.setUint32(at, value, true)
    else view.setBigUint64(at, BigInt(value), true)
    at += width
  }
  return bytes
}

const EARLIEST_SECONDS = Date.UTC(1980, 0, 1) / 1000
const LATEST_SECONDS = Date.UTC(2107, 11, 31, 23, 59, 58) / 1000

/** MS-DOS time and date (4.4.6), which have no zone: UTC, so that every host writes the same. */
const dosTime = (seconds: number): { readonly time: number; readonly date: number } => {
  const date = new Date(Math.min(Math.max(seconds, EARLIEST_SECONDS), LATEST_SECONDS) * 1000)
  return {
    time: (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1),
    date: ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(),
  }
}

/** Seconds since 1970, whatever the zone of who unpacks; bit 0 says that it is the modification's. */
const timestampExtra = (seconds: number): Uint8Array =>
  concatBytes([
    record([2, EXTRA.timestamp], [2, 5]),
    Uint8Array.of(1),
    record([4, Math.min(Math.max(seconds, 0), 0x7fffffff)]),
  ])

/** Deflate may grow what does not compress, by less than this share: sizes near 4 GiB are written wide at once. */
const WIDE_FROM_BYTES = 0xf0000000

export const isWide = (sizeBytes: number): boolean => sizeBytes >= WIDE_FROM_BYTES

export interface LocalHeader {
  readonly member: ZipMember
  readonly method: number
  /** Absent: they follow the data in a descriptor. */
  readonly sizes?: ZipSizes
  readonly isWide: boolean
}

/** In front of a member's bytes (4.3.7). */
export const zipLocalHeader = ({ member, method, sizes, isWide: wide }: LocalHeader): Uint8Array => {
  const { time, date } = dosTime(member.mtimeSeconds)
  const name = utf8(member.name)
  const wideExtra = wide ? record([2, EXTRA.zip64], [2, 16], [8, 0], [8, 0]) : new Uint8Array(0)
  const extra = concatBytes([wideExtra, timestampExtra(member.mtimeSeconds)])
  const head = record(
    [4, SIGNATURE.local],
    [2, VERSION],
    [2, FLAG.utf8 | (sizes ? 0 : FLAG.descriptor)],
    [2, method],
    [2, time],
    [2, date],
    [4, sizes?.crc32 ?? 0],
    [4, wide ? HUGE : (sizes?.compressedBytes ?? 0)],
    [4, wide ? HUGE : (sizes?.sizeBytes ?? 0)],
    [2, name.length],
    [2, extra.length],
  )
  return concatBytes([head, name, extra])
}

/** Behind a member's bytes (4.3.9). */
export const zipDescriptor = ({ crc32, compressedBytes, sizeBytes }: ZipSizes, wide: boolean): Uint8Array => {
  const width = wide ? 8 : 4
  return record([4, SIGNATURE.descriptor], [4, crc32], [width, compressedBytes], [width, sizeBytes])
}

export interface CentralEntry extends ZipSizes {
  readonly member: ZipMember
  readonly method: number
  readonly hasDescriptor: boolean
  readonly offset: number
}

const capped = (value: number): number => Math.min(value, HUGE)

/** One line of the archive's directory (4.3.12). */
export const zipCentralHeader = (entry: CentralEntry): Uint8Array => {
  const { member, offset, sizeBytes, compressedBytes } = entry
  const { time, date } = dosTime(member.mtimeSeconds)
  const name = utf8(member.name)
  const wide = [sizeBytes, compressedBytes, offset].filter((value) => value >= HUGE)
  const wideExtra =
    wide.length === 0
      ? new Uint8Array(0)
      : record([2, EXTRA.zip64], [2, wide.length * 8], ...wide.map((value) => [8, value] as const))
  const extra = concatBytes([wideExtra, timestampExtra(member.mtimeSeconds)])
  const attributes = ((TYPE[member.kind] | (member.mode & 0o7777)) << 16) >>> 0
  const head = record(
    [4, SIGNATURE.central],
    [2, (UNIX << 8) | VERSION],
    [2, VERSION],
    [2, FLAG.utf8 | (entry.hasDescriptor ? FLAG.descriptor : 0)],
    [2, entry.method],
    [2, time],
    [2, date],
    [4, entry.crc32],
    [4, capped(compressedBytes)],
    [4, capped(sizeBytes)],
    [2, name.length],
    [2, extra.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, attributes + (member.kind === 'directory' ? DOS_DIRECTORY : 0)],
    [4, capped(offset)],
  )
  return concatBytes([head, name, extra])
}

/** Where the directory lies. */
export interface ZipDirectory {
  readonly count: number
  readonly offset: number
  readonly sizeBytes: number
}

/** The archive's end, with its wide form in front where numbers need it (4.3.14 to 4.3.16). */
export const zipEnd = ({ count, offset, sizeBytes }: ZipDirectory): Uint8Array => {
  const end = record(
    [4, SIGNATURE.end],
    [2, 0],
    [2, 0],
    [2, Math.min(count, MANY)],
    [2, Math.min(count, MANY)],
    [4, capped(sizeBytes)],
    [4, capped(offset)],
    [2, 0],
  )
  if (count < MANY && offset < HUGE && sizeBytes < HUGE) return end
  const wide = record(
    [4, SIGNATURE.end64],
    [8, 44],
    [2, (UNIX << 8) | VERSION],
    [2, VERSION],
    [4, 0],
    [4, 0],
    [8, count],
    [8, count],
    [8, sizeBytes],
    [8, offset],
  )
  return concatBytes([wide, record([4, SIGNATURE.locator64], [4, 0], [8, offset + sizeBytes], [4, 1]), end])
}
