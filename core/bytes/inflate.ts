// Inflates one raw deflate stream (RFC 1951) held in memory and says where it ends. The host's codecs are faster
// but run over member boundaries, and apk's format hangs on them. For small parts: control data, signatures.
import { StreamFault } from './stream-fault.ts'

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]
/** Order of the code length codes, RFC 1951 3.2.7. */
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const MAX_CODE_BITS = 15

/** The input ended early: there may be more of it. */
export class NeedMoreInput extends Error {}

const broken = (): never => {
  throw new StreamFault('The gzip data is broken. Build or upload the file again.')
}

interface Bits {
  read(count: number): number
  align(): void
  /** Whole bytes behind an alignment. */
  bytes(count: number): Uint8Array
  readonly position: number
}

const bitReader = (input: Uint8Array, start: number): Bits => {
  let at = start
  let held = 0
  let heldBits = 0
  return {
    get position() {
      return at - (heldBits >> 3)
    },
    read(count) {
      while (heldBits < count) {
        if (at >= input.length) throw new NeedMoreInput()
        held |= input[at++]! << heldBits
        heldBits += 8
      }
      const value = held & ((1 << count) - 1)
      held >>>= count
      heldBits -= count
      return value
    },
    align() {
      at -= heldBits >> 3
      held = 0
      heldBits = 0
    },
    bytes(count) {
      if (at + count > input.length) throw new NeedMoreInput()
      at += count
      return input.subarray(at - count, at)
    },
  }
}

/** Canonical Huffman code: how many codes have each length, and the symbols in order of their codes. */
interface Code {
  readonly counts: Uint16Array
  readonly symbols: Uint16Array
}

const makeCode = (lengths: ArrayLike<number>): Code => {
  const counts = new Uint16Array(MAX_CODE_BITS + 1)
  for (let symbol = 0; symbol < lengths.length; symbol++) counts[lengths[symbol]!]!++
  counts[0] = 0
  const offsets = new Uint16Array(MAX_CODE_BITS + 2)
  let left = 1
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    left = left * 2 - counts[bits]!
    if (left < 0) broken()
    offsets[bits + 1] = offsets[bits]! + counts[bits]!
  }
  const symbols = new Uint16Array(lengths.length)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    if (lengths[symbol] !== 0) symbols[offsets[lengths[symbol]!]!++] = symbol
  }
  return { counts, symbols }
}

const readSymbol = (bits: Bits, code: Code): number => {
  let value = 0
  let first = 0
  let index = 0
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    value |= bits.read(1)
    const count = code.counts[length]!
    if (value - first < count) return code.symbols[index + value - first]!
    index += count
    first = (first + count) << 1
    value <<= 1
  }
  return broken()
}

interface Codes {
  readonly literals: Code
  readonly distances: Code
}

const FIXED: Codes = {
  literals: makeCode(Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8))),
  distances: makeCode(new Array(30).fill(5)),
}

/** Repeats the length before; 17 and 18 are runs of zeros. */
const REPEAT = 16

const readRun = (bits: Bits, symbol: number): number => {
  if (symbol === REPEAT) return 3 + bits.read(2)
  return symbol === 17 ? 3 + bits.read(3) : 11 + bits.read(7)
}

const readCodes = (bits: Bits): Codes => {
  const literalCount = bits.read(5) + 257
  const distanceCount = bits.read(5) + 1
  const orderCount = bits.read(4) + 4
  if (literalCount > 286 || distanceCount > 30) broken()
  const orderLengths = new Uint8Array(19)
  for (let at = 0; at < orderCount; at++) orderLengths[CODE_ORDER[at]!] = bits.read(3)
  const order = makeCode(orderLengths)
  const lengths = new Uint8Array(literalCount + distanceCount)
  let at = 0
  while (at < lengths.length) {
    const symbol = readSymbol(bits, order)
    if (symbol < REPEAT) {
      lengths[at++] = symbol
      continue
    }
    const count = readRun(bits, symbol)
    if (at + count > lengths.length || (symbol === REPEAT && at === 0)) broken()
    const value = symbol === REPEAT ? lengths[at - 1]! : 0
    lengths.fill(value, at, at + count)
    at += count
  }
  return { literals: makeCode(lengths.subarray(0, literalCount)), distances: makeCode(lengths.subarray(literalCount)) }
}

/** Bytes written so far, in an array that doubles up to a limit. */
const createOutput = (maxBytes: number) => {
  let bytes = new Uint8Array(4096)
  let length = 0
  const reserve = (count: number): void => {
    if (length + count > maxBytes) {
      throw new StreamFault(`The gzip data inflates to more than ${maxBytes} bytes, which no package needs here.`)
    }
    if (length + count <= bytes.length) return
    const larger = new Uint8Array(Math.min(maxBytes, Math.max(bytes.length * 2, length + count)))
    larger.set(bytes.subarray(0, length))
    bytes = larger
  }
  return {
    push: (byte: number): void => {
      reserve(1)
      bytes[length++] = byte
    },
    append: (more: Uint8Array): void => {
      reserve(more.length)
      bytes.set(more, length)
      length += more.length
    },
    copy: (distance: number, count: number): void => {
      if (distance > length) broken()
      reserve(count)
      for (let at = 0; at < count; at++, length++) bytes[length] = bytes[length - distance]!
    },
    result: () => bytes.slice(0, length),
  }
}

type Output = ReturnType<typeof createOutput>

const END_OF_BLOCK = 256

const inflateBlock = (bits: Bits, codes: Codes, output: Output): void => {
  for (;;) {
    const symbol = readSymbol(bits, codes.literals)
    if (symbol === END_OF_BLOCK) return
    if (symbol < END_OF_BLOCK) {
      output.push(symbol)
      continue
    }
    const length = symbol - 257
    if (length >= LENGTH_BASE.length) broken()
    const count = LENGTH_BASE[length]! + bits.read(LENGTH_EXTRA[length]!)
    const distance = readSymbol(bits, codes.distances)
    if (distance >= DISTANCE_BASE.length) broken()
    output.copy(DISTANCE_BASE[distance]! + bits.read(DISTANCE_EXTRA[distance]!), count)
  }
}

const storedBlock = (bits: Bits, output: Output): void => {
  bits.align()
  const [a = 0, b = 0, c = 0, d = 0] = bits.bytes(4)
  const length = a | (b << 8)
  if ((length ^ (c | (d << 8))) !== 0xffff) broken()
  output.append(bits.bytes(length))
}

/** Throws NeedMoreInput when the input ends first, StreamFault when it is broken or inflates beyond `maxBytes`. */
export const inflateRaw = (input: Uint8Array, start: number, maxBytes: number): { bytes: Uint8Array; end: number } => {
  const bits = bitReader(input, start)
  const output = createOutput(maxBytes)
  for (let isLast = false; !isLast; ) {
    isLast = bits.read(1) === 1
    const kind = bits.read(2)
    if (kind === 0) storedBlock(bits, output)
    else if (kind === 1) inflateBlock(bits, FIXED, output)
    else if (kind === 2) inflateBlock(bits, readCodes(bits), output)
    else broken()
  }
  bits.align()
  return { bytes: output.result(), end: bits.position }
}
