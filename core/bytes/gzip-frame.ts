// The frame of a gzip member (RFC 1952): around deflate pieces made elsewhere, around bytes stored as they are, and
// read back with the member's end. No name, no time: repeatable.
import { concatBytes } from './arrays.ts'
import { crc32 } from './crc32.ts'
import { inflateRaw, NeedMoreInput } from './inflate.ts'
import { StreamFault } from './stream-fault.ts'

/** Magic, method deflate, no flags, time 0, no extra flags, system "unknown". */
export const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)

/** A final deflate block with fixed codes and no bytes: ends a stream of flushed pieces. */
export const DEFLATE_END = Uint8Array.of(0x03, 0x00)

const TRAILER_BYTES = 8

/** CRC-32 and length modulo 2^32 of the inflated bytes, little-endian. */
export const gzipTrailer = (crc: number, rawBytes: number): Uint8Array => {
  const trailer = new Uint8Array(TRAILER_BYTES)
  const view = new DataView(trailer.buffer)
  view.setUint32(0, crc, true)
  view.setUint32(4, rawBytes % 2 ** 32, true)
  return trailer
}

/** One member with the bytes stored: for signatures, which do not compress. At most 65,535 bytes. */
export const gzipStored = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length > 0xffff) throw new RangeError('too long for one stored block')
  const low = bytes.length & 0xff
  const high = bytes.length >> 8
  const block = Uint8Array.of(1, low, high, ~low & 0xff, ~high & 0xff)
  return concatBytes([GZIP_HEADER, block, bytes, gzipTrailer(crc32(bytes), bytes.length)])
}

const FLAG = { crc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const

/** Where the deflate data begins. */
const headerEnd = (input: Uint8Array, start: number): number => {
  const need = (end: number): number => {
    if (end > input.length) throw new NeedMoreInput()
    return end
  }
  need(start + 10)
  const flags = input[start + 3]!
  if (input[start] !== 0x1f || input[start + 1] !== 0x8b || input[start + 2] !== 8 || flags & FLAG.reserved) {
    throw new StreamFault('A gzip member was expected, and something else is there. Build or upload the file again.')
  }
  let at = start + 10
  if (flags & FLAG.extra) at = need(need(at + 2) + input[at]! + (input[at + 1]! << 8))
  for (const flag of [FLAG.name, FLAG.comment]) {
    if (!(flags & flag)) continue
    const zero = input.indexOf(0, at)
    if (zero === -1) throw new NeedMoreInput()
    at = zero + 1
  }
  return flags & FLAG.crc ? need(at + 2) : at
}

/** The member that begins at `start`, checked. Throws NeedMoreInput when the input is too short. */
export const readGzipMember = (
  input: Uint8Array,
  start: number,
  maxBytes: number,
): { bytes: Uint8Array; end: number } => {
  const { bytes, end } = inflateRaw(input, headerEnd(input, start), maxBytes)
  if (end + TRAILER_BYTES > input.length) throw new NeedMoreInput()
  const wanted = gzipTrailer(crc32(bytes), bytes.length)
  if (!wanted.every((byte, at) => input[end + at] === byte)) {
    throw new StreamFault('The gzip data does not match its checksum. Upload the file again.')
  }
  return { bytes, end: end + TRAILER_BYTES }
}
