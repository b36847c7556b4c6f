// Writes a header: an index of tags and a store of their data, sealed by a region (rpm's lib/header.cc and
// docs/manual/format_header). The signature and the main header are both one.
import { concatBytes, utf8 } from '../../bytes/arrays.ts'

export type TagValue =
  | { readonly type: 'int16' | 'int32' | 'int64'; readonly values: readonly number[] }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  /** `translated` values have one string per language of the header's table; ours is `C` alone. */
  | { readonly type: 'strings' | 'translated'; readonly values: readonly string[] }

export const int32 = (...values: readonly number[]): TagValue => ({ type: 'int32', values })
export const text = (value: string): TagValue => ({ type: 'string', value })
export const strings = (values: readonly string[]): TagValue => ({ type: 'strings', values })
export const translated = (value: string): TagValue => ({ type: 'translated', values: [value] })

export const HEADER_MAGIC = Uint8Array.of(0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0)
/** Magic, count of entries, bytes of data. */
export const INTRO_BYTES = 16
export const ENTRY_BYTES = 16

/** rpm's numbers of types (rpmtag.h) and the boundary their data starts at. */
export const TYPE = { int16: 3, int32: 4, int64: 5, string: 6, bytes: 7, strings: 8, translated: 9 } as const
export const TYPE_BYTES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1 }

const integers = (bytesEach: 2 | 4 | 8, values: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * bytesEach)
  const view = new DataView(bytes.buffer)
  for (const [at, value] of values.entries()) {
    if (bytesEach === 8) view.setBigUint64(at * 8, BigInt(value))
    else if (bytesEach === 4) view.setUint32(at * 4, value)
    else view.setUint16(at * 2, value)
  }
  return bytes
}

const terminated = (values: readonly string[]): Uint8Array => {
  const bad = values.find((value) => value.includes('\0'))
  if (bad !== undefined) throw new Error('a string of a header must not hold NUL')
  return utf8(values.map((value) => `${value}\0`).join(''))
}

const dataOf = (value: TagValue): { readonly bytes: Uint8Array; readonly count: number } => {
  switch (value.type) {
    case 'int16':
    case 'int32':
    case 'int64':
      return {
        bytes: integers(TYPE_BYTES[TYPE[value.type]] as 2 | 4 | 8, value.values),
        count: value.values.length,
      }
    case 'string':
      return { bytes: terminated([value.value]), count: 1 }
    case 'bytes':
      return { bytes: value.bytes, count: value.bytes.length }
    default:
      return { bytes: terminated(value.values), count: value.values.length }
  }
}

const entry = (tag: number, type: number, offset: number, count: number): Uint8Array =>
  integers(4, [tag, type, offset >>> 0, count])

/**
 * The region's index entry comes first and its data last: a copy of an entry whose offset counts back over the
 * index, which says how many entries the region seals. All of ours are inside.
 */
export const renderHeader = (region: number, tags: ReadonlyMap<number, TagValue>): Uint8Array => {
  const sorted = [...tags].filter(([, value]) => !('values' in value) || value.values.length > 0)
  sorted.sort(([a], [b]) => a - b)
  const index: Uint8Array[] = []
  const store: Uint8Array[] = []
  let offset = 0
  const push = (bytes: Uint8Array): void => {
    store.push(bytes)
    offset += bytes.length
  }
  for (const [tag, value] of sorted) {
    const boundary = TYPE_BYTES[TYPE[value.type]] ?? 1
    push(new Uint8Array((boundary - (offset % boundary)) % boundary))
    const { bytes, count } = dataOf(value)
    index.push(entry(tag, TYPE[value.type], offset, count))
    push(bytes)
  }
  const entryCount = index.length + 1
  const trailerOffset = offset
  push(entry(region, TYPE.bytes, -entryCount * ENTRY_BYTES, ENTRY_BYTES))
  return concatBytes([
    HEADER_MAGIC,
    integers(4, [entryCount, offset]),
    entry(region, TYPE.bytes, trailerOffset, ENTRY_BYTES),
    ...index,
    ...store,
  ])
}

/** The signature header is padded so that the main one starts at a multiple of eight bytes. */
export const paddingAfter = (headerBytes: number): Uint8Array => new Uint8Array((8 - (headerBytes % 8)) % 8)
