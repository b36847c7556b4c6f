// Reads a header of a hostile file. Every count and offset is checked against rpm's own limits (lib/header.cc,
// hdrblobVerifyInfo) before anything is read through it.
import type { Budget } from '../../budget.ts'
import { fromUtf8 } from '../../bytes/arrays.ts'
import { StreamFault } from '../../bytes/stream-fault.ts'
import { ENTRY_BYTES, HEADER_MAGIC, INTRO_BYTES, TYPE, TYPE_BYTES } from './header.ts'

export interface Header {
  /** All of it: the intro, the index, the data. What digests and signatures of a header cover. */
  readonly bytes: Uint8Array
  has(tag: number): boolean
  /** The tag's strings; empty when it is not there. */
  strings(tag: number): readonly string[]
  string(tag: number): string | undefined
  numbers(tag: number): readonly number[]
  number(tag: number): number | undefined
  binary(tag: number): Uint8Array | undefined
  /** Every tag but the region, with its data as it stands. */
  readonly tags: ReadonlyMap<number, RawTag>
}

export interface RawTag {
  readonly type: number
  readonly count: number
  /** From the tag's data on to the end of the store. */
  readonly data: Uint8Array
}

export interface HeaderLimits {
  readonly what: string
  readonly maxEntries: number
  readonly maxDataBytes: number
  readonly region: number
}

const broken = (what: string, how: string): StreamFault =>
  new StreamFault(`The package's ${what} is broken: ${how}. Build or upload the file again.`)

/** How many bytes the whole header has, by its first sixteen. */
export const headerLength = (intro: Uint8Array, limits: HeaderLimits): number => {
  const { what, maxEntries, maxDataBytes } = limits
  if (intro.length < INTRO_BYTES) throw broken(what, 'the file ends before it')
  if (!HEADER_MAGIC.every((byte, at) => intro[at] === byte)) throw broken(what, 'it has no magic')
  const view = new DataView(intro.buffer, intro.byteOffset, INTRO_BYTES)
  const entries = view.getUint32(8)
  const dataBytes = view.getUint32(12)
  if (entries < 1 || entries > maxEntries) throw broken(what, `it claims ${entries} entries`)
  if (dataBytes > maxDataBytes) throw broken(what, `it claims ${dataBytes} bytes of data`)
  return INTRO_BYTES + entries * ENTRY_BYTES + dataBytes
}

/** Places of string ends are found by reading, so a count of strings can be believed only as far as they go. */
const readStrings = ({ data, count }: Omit<RawTag, 'type'>, what: string): readonly string[] => {
  const values: string[] = []
  let at = 0
  for (let left = count; left > 0; left--) {
    const end = data.indexOf(0, at)
    if (end === -1) throw broken(what, 'a string in it has no end')
    values.push(fromUtf8(data.subarray(at, end)))
    at = end + 1
  }
  return values
}

const readNumbers = ({ type, count, data }: RawTag): readonly number[] => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const width = TYPE_BYTES[type] ?? 1
  return Array.from({ length: count }, (_, at) => {
    if (width === 8) return Number(view.getBigUint64(at * 8))
    if (width === 4) return view.getUint32(at * 4)
    return width === 2 ? view.getUint16(at * 2) : view.getUint8(at)
  })
}

const isString = (type: number): boolean => type === TYPE.string || type === TYPE.strings || type === TYPE.translated
const isNumber = (type: number): boolean => type >= 1 && type <= TYPE.int64

interface IndexEntry extends RawTag {
  readonly tag: number
  readonly offset: number
}

const readIndex = (bytes: Uint8Array, { what }: HeaderLimits): readonly IndexEntry[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entryCount = view.getUint32(8)
  const store = bytes.subarray(INTRO_BYTES + entryCount * ENTRY_BYTES)
  return Array.from({ length: entryCount }, (_, at) => {
    const place = INTRO_BYTES + at * ENTRY_BYTES
    const tag = view.getUint32(place)
    const type = view.getUint32(place + 4)
    const offset = view.getInt32(place + 8)
    const count = view.getUint32(place + 12)
    const width = TYPE_BYTES[type]
    const isKnownType = type >= 1 && type <= TYPE.translated
    const isInside = offset >= 0 && offset <= store.length && count >= 1 && count <= store.length
    if (!isKnownType || !isInside || (width !== undefined && offset + count * width > store.length)) {
      throw broken(what, `entry ${at} (tag ${tag}) points outside of it`)
    }
    if (width !== undefined && offset % width !== 0) throw broken(what, `entry ${at} (tag ${tag}) is not aligned`)
    return { tag, type, offset, count, data: store.subarray(offset) }
  })
}

/** The region must be the first entry and seal every other: what is outside of it, no signature covers. */
const checkRegion = (entries: readonly IndexEntry[], bytes: Uint8Array, { what, region }: HeaderLimits): void => {
  const [first] = entries
  if (first?.tag !== region || first.type !== TYPE.bytes || first.count !== ENTRY_BYTES) {
    throw broken(what, 'it has no immutable region')
  }
  const trailer = new DataView(first.data.buffer, first.data.byteOffset, ENTRY_BYTES)
  const isWhole =
    trailer.getInt32(8) === -entries.length * ENTRY_BYTES &&
    INTRO_BYTES + entries.length * ENTRY_BYTES + first.offset + ENTRY_BYTES === bytes.length
  if (!isWhole) throw broken(what, 'its immutable region does not cover all of it')
}

/** Finding and decoding one takes a microsecond, however short it is. */
const STEPS_A_STRING = 32

/** Tags may share their data and each be read more than once, so every reading is counted in the budget. */
export const parseHeader = (bytes: Uint8Array, limits: HeaderLimits, budget: Budget): Header => {
  const { what } = limits
  const entries = readIndex(bytes, limits)
  checkRegion(entries, bytes, limits)
  const tags = new Map<number, RawTag>()
  for (const { tag, type, count, data } of entries.slice(1)) {
    if (tag < 100) throw broken(what, `it has a second region (tag ${tag})`)
    if (tags.has(tag)) throw broken(what, `it has tag ${tag} twice`)
    tags.set(tag, { type, count, data })
  }
  const find = (tag: number, isRight: (type: number) => boolean): RawTag | undefined => {
    const found = tags.get(tag)
    if (found && !isRight(found.type)) throw broken(what, `tag ${tag} is of type ${found.type}`)
    return found
  }
  const strings = (tag: number): readonly string[] => {
    const found = find(tag, isString)
    if (!found) return []
    budget.step(found.count * STEPS_A_STRING, `Reading tag ${tag} of the ${what}`)
    return readStrings(found, what)
  }
  const first = (tag: number, isRight: (type: number) => boolean): RawTag | undefined => {
    const found = find(tag, isRight)
    return found && { ...found, count: 1 }
  }
  const numbers = (tag: number): readonly number[] => {
    const found = find(tag, isNumber)
    if (!found) return []
    budget.step(found.count, `Reading tag ${tag} of the ${what}`)
    return readNumbers(found)
  }
  return {
    bytes,
    tags,
    has: (tag) => tags.has(tag),
    strings,
    // Of translated strings the first is the one for the locale C.
    string: (tag) => {
      const found = first(tag, isString)
      return found && readStrings(found, what)[0]
    },
    numbers,
    number: (tag) => {
      const found = first(tag, isNumber)
      return found && readNumbers(found)[0]
    },
    binary: (tag) => {
      const found = find(tag, (type) => type === TYPE.bytes)
      return found?.data.subarray(0, found.count)
    },
  }
}
