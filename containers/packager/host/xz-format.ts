// The .xz container, as far as joining needs it: whole streams of one block each become one stream of many blocks
// under one index, since dpkg-deb and apt read only the first stream of a file.
// Source of every number: "The .xz File Format" 1.1.0, sections 2.1 (header and footer) and 4 (index).
import { crc32 } from 'node:zlib'

const HEADER_BYTES = 12
const FOOTER_BYTES = 12
const HEADER_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
const FOOTER_MAGIC = [0x59, 0x5a]

export interface XzPiece {
  /** Stream header; the same for every piece made with the same check. */
  readonly header: Uint8Array
  readonly blocks: Uint8Array
  readonly records: readonly XzRecord[]
}

export interface XzRecord {
  readonly unpaddedBytes: number
  readonly uncompressedBytes: number
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, index) => bytes[index] === byte)

/** Section 1.2: seven bits a byte, the lowest first. */
const encodeInteger = (value: number): number[] => {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return bytes
}

const decodeInteger = (bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } => {
  let value = 0
  for (let index = 0; index < 9; index++) {
    const byte = bytes[start + index]
    if (byte === undefined) throw new Error('xz: an index ends inside a number')
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, end: start + index + 1 }
  }
  throw new Error('xz: a number of an index is too long')
}

const readRecords = (index: Uint8Array): readonly XzRecord[] => {
  if (index[0] !== 0) throw new Error('xz: no index where the footer points')
  const count = decodeInteger(index, 1)
  const records: XzRecord[] = []
  let position = count.end
  for (let read = 0; read < count.value; read++) {
    const unpadded = decodeInteger(index, position)
    const uncompressed = decodeInteger(index, unpadded.end)
    records.push({ unpaddedBytes: unpadded.value, uncompressedBytes: uncompressed.value })
    position = uncompressed.end
  }
  return records
}

/** Takes one whole stream apart, as an encoder of ours has just made it; throws if it is not one. */
export const readStream = (stream: Uint8Array): XzPiece => {
  const footer = stream.subarray(stream.length - FOOTER_BYTES)
  const isStream = startsWith(stream, HEADER_MAGIC) && startsWith(footer.subarray(10), FOOTER_MAGIC)
  if (!isStream || stream.length < HEADER_BYTES + FOOTER_BYTES) throw new Error('xz: not one whole stream')
  const indexBytes = (view(footer).getUint32(4, true) + 1) * 4
  const indexStart = stream.length - FOOTER_BYTES - indexBytes
  return {
    header: stream.subarray(0, HEADER_BYTES),
    blocks: stream.subarray(HEADER_BYTES, indexStart),
    records: readRecords(stream.subarray(indexStart, indexStart + indexBytes)),
  }
}

/** Index and footer that end a stream of these blocks. */
export const writeEnd = (header: Uint8Array, records: readonly XzRecord[]): Uint8Array => {
  const list = [0, ...encodeInteger(records.length)]
  for (const { unpaddedBytes, uncompressedBytes } of records) {
    list.push(...encodeInteger(unpaddedBytes), ...encodeInteger(uncompressedBytes))
  }
  while (list.length % 4 !== 0) list.push(0)
  const end = new Uint8Array(list.length + 4 + FOOTER_BYTES)
  end.set(list)
  const words = view(end)
  words.setUint32(list.length, crc32(end.subarray(0, list.length)), true)
  const footer = list.length + 4
  words.setUint32(footer + 4, footer / 4 - 1, true)
  end.set(header.subarray(6, 8), footer + 8)
  words.setUint32(footer, crc32(end.subarray(footer + 4, footer + 10)), true)
  end.set(FOOTER_MAGIC, footer + 10)
  return end
}
