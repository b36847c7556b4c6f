// What an ELF file says about where it runs: machine, class and byte order, the loader it asks for, the libraries it needs
// (elf(5); System V gABI, chapters 4 and 5). From the file's first bytes and one range behind them, never the whole of it.

export interface ElfHead {
  /** e_machine */
  readonly machine: number
  readonly bits: 32 | 64
  readonly isLittleEndian: boolean
  /** Something a kernel or a loader runs: a program or a shared library, not an object file or a core. */
  readonly isRunnable: boolean
  /** PT_INTERP: the loader's path. */
  readonly interpreter: string | undefined
  /** PT_DYNAMIC: where the list of libraries stands in the file. */
  readonly dynamic: { readonly offset: number; readonly sizeBytes: number } | undefined
  readonly segments: readonly Segment[]
}

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly sizeBytes: number
}

const MAGIC = [0x7f, 0x45, 0x4c, 0x46]
const RUNNABLE_TYPES: ReadonlySet<number> = new Set([2, 3])
const PT = { load: 1, dynamic: 2, interp: 3 }
const DT = { needed: 1, strtab: 5 }
/** A real one has a dozen. */
const MAX_SEGMENTS = 64
const MAX_DYNAMIC_BYTES = 16 * 1024
const MAX_NEEDED = 256

export const isElf = (bytes: Uint8Array): boolean => MAGIC.every((byte, at) => bytes[at] === byte)

interface Words {
  readonly view: DataView
  readonly isLittleEndian: boolean
  readonly is64: boolean
}

const half = ({ view, isLittleEndian }: Words, at: number): number => view.getUint16(at, isLittleEndian)
const word = ({ view, isLittleEndian }: Words, at: number): number => view.getUint32(at, isLittleEndian)
/** An address or offset; beyond 2^53 nothing can be in a file. */
const long = (words: Words, at: number): number =>
  words.is64 ? Number(words.view.getBigUint64(at, words.isLittleEndian)) : word(words, at)

const fits = ({ view }: Words, at: number, lengthBytes: number): boolean =>
  at >= 0 && at + lengthBytes <= view.byteLength

const readSegments = (words: Words): readonly Segment[] => {
  const { is64 } = words
  const start = long(words, is64 ? 32 : 28)
  const entryBytes = is64 ? 56 : 32
  const count = Math.min(MAX_SEGMENTS, half(words, is64 ? 56 : 44))
  const segments: Segment[] = []
  for (let at = start; segments.length < count && fits(words, at, entryBytes); at += entryBytes) {
    segments.push({
      type: word(words, at),
      offset: long(words, at + (is64 ? 8 : 4)),
      address: long(words, at + (is64 ? 16 : 8)),
      sizeBytes: long(words, at + (is64 ? 32 : 16)),
    })
  }
  return segments
}

const textAt = (bytes: Uint8Array, offset: number, maxBytes: number): string => {
  const end = bytes.subarray(offset, offset + maxBytes).indexOf(0)
  return new TextDecoder('latin1').decode(bytes.subarray(offset, offset + (end === -1 ? maxBytes : end)))
}

const wordsOf = (bytes: Uint8Array): Words => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  is64: bytes[4] === 2,
  isLittleEndian: bytes[5] === 1,
})

/** Undefined for what is no ELF file, or too short or broken to say anything. */
export const readElfHead = (bytes: Uint8Array): ElfHead | undefined => {
  const isKnown = (bytes[4] === 1 || bytes[4] === 2) && (bytes[5] === 1 || bytes[5] === 2)
  if (!isElf(bytes) || !isKnown || bytes.length < (bytes[4] === 2 ? 64 : 52)) return undefined
  const words = wordsOf(bytes)
  const segments = readSegments(words)
  const interpreter = segments.find(({ type }) => type === PT.interp)
  const dynamic = segments.find(({ type }) => type === PT.dynamic)
  return {
    machine: half(words, 18),
    bits: words.is64 ? 64 : 32,
    isLittleEndian: words.isLittleEndian,
    isRunnable: RUNNABLE_TYPES.has(half(words, 16)),
    interpreter: interpreter && textAt(bytes, interpreter.offset, Math.min(interpreter.sizeBytes, 256)),
    dynamic: dynamic && { offset: dynamic.offset, sizeBytes: Math.min(dynamic.sizeBytes, MAX_DYNAMIC_BYTES) },
    segments,
  }
}

/** Where an address of the running program stands in the file. */
const offsetOf = (segments: readonly Segment[], address: number): number | undefined => {
  const holder = segments.find(
    ({ type, address: start, sizeBytes }) => type === PT.load && address >= start && address < start + sizeBytes,
  )
  return holder && holder.offset + (address - holder.address)
}

/** DT_NEEDED: names of libraries, as far as the file's first bytes have them. `dynamic` is the range of PT_DYNAMIC. */
export const readNeeded = (head: ElfHead, first: Uint8Array, dynamic: Uint8Array): readonly string[] => {
  const words: Words = { ...wordsOf(dynamic), is64: head.bits === 64, isLittleEndian: head.isLittleEndian }
  const width = head.bits / 8
  const entries: (readonly [tag: number, value: number])[] = []
  for (let at = 0; fits(words, at, 2 * width); at += 2 * width) entries.push([long(words, at), long(words, at + width)])
  const table = entries.find(([tag]) => tag === DT.strtab)
  const offset = table && offsetOf(head.segments, table[1])
  if (offset === undefined) return []
  const names = entries.filter(([tag]) => tag === DT.needed).slice(0, MAX_NEEDED)
  return names.map(([, at]) => textAt(first, offset + at, 256)).filter((name) => name !== '')
}
