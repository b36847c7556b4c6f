// One 512-byte tar header block, both ways. Field offsets and sizes: POSIX.1-1988 ustar, pax(1) "ustar
// Interchange Format"; base-256 numbers and the magic `ustar  ` are GNU tar's.

import { fromUtf8, utf8 } from './arrays.ts'
import { StreamFault } from './stream-fault.ts'

export const TAR_BLOCK_BYTES = 512
export const TAR_NAME_BYTES = 100
const PREFIX_BYTES = 155
const OWNER_BYTES = 31
/** Eleven octal digits. */
export const TAR_MAX_OCTAL_SIZE = 0o77777777777

/** `gnu` is what dpkg reads (it refuses pax headers), `pax` what apk and most others do. */
export type TarDialect = 'gnu' | 'pax'

export type TarKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'other'

/** Typeflags; the letters are pax headers and GNU's long names. */
export const TAR_FLAG = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  directory: '5',
  paxHeader: 'x',
  paxGlobal: 'g',
  gnuLongName: 'L',
  gnuLongLink: 'K',
} as const

export interface RawHeader {
  readonly name: Uint8Array
  readonly linkName: Uint8Array
  readonly flag: string
  readonly mode: number
  readonly sizeBytes: number
  readonly mtimeSeconds: number
  readonly owner: string
  readonly group: string
}

/** Digits up to the field's last byte, which stays zero. */
const putOctal = (block: Uint8Array, offset: number, width: number, value: number): void => {
  let rest = value
  for (let at = offset + width - 2; at >= offset; at--) {
    block[at] = 0x30 + (rest % 8)
    rest = Math.floor(rest / 8)
  }
}

const MAGIC: Readonly<Record<TarDialect, Uint8Array>> = { gnu: utf8('ustar  \0'), pax: utf8('ustar\x0000') }

/** Big-endian two's complement behind a 0x80 byte (GNU tar, dpkg 1.18.24). */
const putBase256 = (block: Uint8Array, offset: number, width: number, value: number): void => {
  let rest = value
  for (let at = width - 1; at > 0; at--) {
    block[offset + at] = rest % 256
    rest = Math.floor(rest / 256)
  }
  block[offset] = 0x80
}

/** Bytes of all fields, the checksum field itself taken as spaces. */
const checksumOf = (block: Uint8Array): number => {
  let sum = 8 * 0x20
  for (let at = 0; at < TAR_BLOCK_BYTES; at++) if (at < 148 || at >= 156) sum += block[at]!
  return sum
}

/** Where a slash may cut a long name in ustar's prefix and name; undefined when it fits neither way. */
const splitName = (name: Uint8Array): { prefix: Uint8Array; name: Uint8Array } | undefined => {
  if (name.length <= TAR_NAME_BYTES) return { prefix: new Uint8Array(0), name }
  const earliest = name.length - TAR_NAME_BYTES - 1
  const latest = Math.min(PREFIX_BYTES, name.length - 2)
  for (let cut = Math.max(1, earliest); cut <= latest; cut++) {
    if (name[cut] === 0x2f) return { prefix: name.subarray(0, cut), name: name.subarray(cut + 1) }
  }
  return undefined
}

export const isNameTooLong = (name: Uint8Array, dialect: TarDialect): boolean =>
  dialect === 'gnu' ? name.length > TAR_NAME_BYTES : splitName(name) === undefined

/** Into a block of zeros. Longer names are cut: the caller has said the whole name in the header before. */
export const encodeHeader = (
  header: RawHeader,
  dialect: TarDialect,
  block: Uint8Array = new Uint8Array(TAR_BLOCK_BYTES),
): Uint8Array => {
  const split = dialect === 'pax' ? splitName(header.name) : undefined
  block.set((split?.name ?? header.name).subarray(0, TAR_NAME_BYTES), 0)
  putOctal(block, 100, 8, header.mode & 0o7777)
  putOctal(block, 108, 8, 0)
  putOctal(block, 116, 8, 0)
  if (header.sizeBytes <= TAR_MAX_OCTAL_SIZE) putOctal(block, 124, 12, header.sizeBytes)
  else if (dialect === 'gnu') putBase256(block, 124, 12, header.sizeBytes)
  else throw new RangeError('a tar member of 8 GiB or more')
  putOctal(block, 136, 12, Math.min(Math.max(0, header.mtimeSeconds), TAR_MAX_OCTAL_SIZE))
  block[156] = header.flag.charCodeAt(0)
  block.set(header.linkName.subarray(0, TAR_NAME_BYTES), 157)
  block.set(MAGIC[dialect], 257)
  block.set(utf8(header.owner).subarray(0, OWNER_BYTES), 265)
  block.set(utf8(header.group).subarray(0, OWNER_BYTES), 297)
  if (split) block.set(split.prefix, 345)
  putOctal(block, 148, 7, checksumOf(block))
  block[155] = 0x20
  return block
}

const cString = (bytes: Uint8Array): Uint8Array => {
  const end = bytes.indexOf(0)
  return end === -1 ? bytes : bytes.subarray(0, end)
}

const readNumber = (field: Uint8Array, what: string): number => {
  if (field[0] === 0x80) {
    let value = 0
    for (const byte of field.subarray(1)) value = value * 256 + byte
    if (Number.isSafeInteger(value)) return value
    throw new StreamFault(`A tar header has an impossible ${what}. Build or upload the file again.`)
  }
  const text = fromUtf8(cString(field)).trim()
  if (text === '') return 0
  // A leading 0xff byte is a negative base-256 number: no octal digit, so it ends here too.
  if (!/^[0-7]+$/.test(text)) {
    throw new StreamFault(`A tar header has an unreadable ${what}. Build or upload the file again.`)
  }
  return Number.parseInt(text, 8)
}

export const isZeroBlock = (block: Uint8Array): boolean => block.every((byte) => byte === 0)

export const decodeHeader = (block: Uint8Array): RawHeader => {
  if (readNumber(block.subarray(148, 156), 'checksum') !== checksumOf(block)) {
    throw new StreamFault('A tar header has a wrong checksum. Build or upload the file again.')
  }
  const isUstar = fromUtf8(block.subarray(257, 263)) === 'ustar\0'
  const prefix = isUstar ? cString(block.subarray(345, 500)) : new Uint8Array(0)
  const name = cString(block.subarray(0, 100))
  return {
    name: prefix.length > 0 ? Uint8Array.from([...prefix, 0x2f, ...name]) : name,
    linkName: cString(block.subarray(157, 257)),
    flag: String.fromCharCode(block[156]!),
    mode: readNumber(block.subarray(100, 108), 'mode') & 0o7777,
    sizeBytes: readNumber(block.subarray(124, 136), 'size'),
    mtimeSeconds: block[136] === 0xff ? 0 : readNumber(block.subarray(136, 148), 'time'),
    owner: fromUtf8(cString(block.subarray(265, 297))),
    group: fromUtf8(cString(block.subarray(297, 329))),
  }
}
