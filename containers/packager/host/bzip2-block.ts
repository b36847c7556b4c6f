// One block of bzip2: Huffman codes, move-to-front, the Burrows-Wheeler transform and run lengths, all undone. The
// format has no written standard; names and limits are those of bzip2 1.0.8's decompress.c and huffman.c. Read only:
// old packages have it, nobody writes it any more.
import { StreamFault } from '@distropack/core/bytes/stream-fault.ts'

/** Not a fault while more bytes may come: the block is read again from its start. */
export class NeedMoreBytes extends Error {}

export const corrupt = (what: string): StreamFault => new StreamFault(`The bzip2 data is damaged: ${what}.`)

/** Bits of what is buffered, the highest of each byte first. */
export class Bits {
  readonly bytes: Uint8Array
  /** In bits. */
  position: number
  constructor(bytes: Uint8Array, position: number) {
    this.bytes = bytes
    this.position = position
  }

  /** Up to 25 bits; beyond the end there are zeros, which `skip` then finds out. */
  peek(count: number): number {
    const at = this.position >>> 3
    const { bytes } = this
    const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    return (word << (this.position & 7)) >>> (32 - count)
  }

  skip(count: number): void {
    this.position += count
    if (this.position > this.bytes.length * 8) throw new NeedMoreBytes()
  }

  read(count: number): number {
    const value = this.peek(count)
    this.skip(count)
    return value
  }

  /** 32 bits, unsigned. */
  readWord(): number {
    const high = this.read(16)
    return high * 0x1_0000 + this.read(16)
  }
}

const MAX_CODE_BITS = 20
/** Symbols decoded by one table before the next selector is asked. */
const GROUP_SYMBOLS = 50
/** A block of 900,000 bytes has no use for more; what is beyond is read and dropped, as bzip2 1.0.8 does. */
const MAX_SELECTORS = 18_002

interface CodeTable {
  /** By code length: the first code, how many there are, and where their symbols begin. */
  readonly first: Int32Array
  readonly count: Int32Array
  readonly start: Int32Array
  readonly symbols: Uint16Array
}

const codeTable = (lengths: Uint8Array): CodeTable => {
  const first = new Int32Array(MAX_CODE_BITS + 1)
  const count = new Int32Array(MAX_CODE_BITS + 1)
  const start = new Int32Array(MAX_CODE_BITS + 1)
  const symbols = new Uint16Array(lengths.length)
  for (const length of lengths) count[length]! += 1
  let code = 0
  let at = 0
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    code <<= 1
    first[length] = code
    start[length] = at
    lengths.forEach((each, symbol) => {
      if (each === length) symbols[at++] = symbol
    })
    code += count[length]!
    if (code > 1 << length) throw corrupt('its codes overlap')
  }
  return { first, count, start, symbols }
}

const decodeSymbol = (bits: Bits, { first, count, start, symbols }: CodeTable): number => {
  const ahead = bits.peek(MAX_CODE_BITS)
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    const rank = (ahead >>> (MAX_CODE_BITS - length)) - first[length]!
    if (rank >= count[length]!) continue
    bits.skip(length)
    return symbols[start[length]! + rank]!
  }
  bits.skip(MAX_CODE_BITS)
  throw corrupt('a code is unknown')
}

/** Bytes that occur in the block: 16 bits say which sixteenths of 256 do, then 16 bits for each of these. */
const readAlphabet = (bits: Bits): Uint8Array => {
  const sixteenths = bits.read(16)
  const used: number[] = []
  for (let high = 0; high < 16; high++) {
    if ((sixteenths & (0x8000 >>> high)) === 0) continue
    const map = bits.read(16)
    for (let low = 0; low < 16; low++) if ((map & (0x8000 >>> low)) !== 0) used.push(high * 16 + low)
  }
  if (used.length === 0) throw corrupt('a block uses no bytes')
  return Uint8Array.from(used)
}

const moveToFront = (list: Uint8Array, index: number): number => {
  const value = list[index]!
  list.copyWithin(1, 0, index)
  list[0] = value
  return value
}

const readSelectors = (bits: Bits, tableCount: number): Uint8Array => {
  const count = bits.read(15)
  if (count === 0) throw corrupt('it names no code tables')
  const order = Uint8Array.from({ length: tableCount }, (_, at) => at)
  const selectors = new Uint8Array(Math.min(count, MAX_SELECTORS))
  for (let at = 0; at < count; at++) {
    let index = 0
    while (bits.read(1) === 1) {
      index += 1
      if (index === tableCount) throw corrupt('it names a code table it lacks')
    }
    const selected = moveToFront(order, index)
    if (at < selectors.length) selectors[at] = selected
  }
  return selectors
}

const readLengths = (bits: Bits, symbolCount: number): Uint8Array => {
  const lengths = new Uint8Array(symbolCount)
  let length = bits.read(5)
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    // One up and one down may follow each other for ever; no writer takes more steps than there are lengths.
    for (let steps = 0; bits.read(1) === 1; steps++) {
      length += bits.read(1) === 1 ? -1 : 1
      if (steps > 2 * MAX_CODE_BITS) throw corrupt('a code has no end of lengths')
    }
    if (length < 1 || length > MAX_CODE_BITS) throw corrupt('a code has an impossible length')
    lengths[symbol] = length
  }
  return lengths
}

/** Symbols in order, each by the table whose turn it is. */
const symbolReader = (bits: Bits, symbolCount: number): (() => number) => {
  const tableCount = bits.read(3)
  if (tableCount < 2 || tableCount > 6) throw corrupt('it has an impossible number of code tables')
  const selectors = readSelectors(bits, tableCount)
  const tables = Array.from({ length: tableCount }, () => codeTable(readLengths(bits, symbolCount)))
  let group = -1
  let left = 0
  return () => {
    if (left === 0) {
      group += 1
      left = GROUP_SYMBOLS
      if (group >= selectors.length) throw corrupt('its code tables end before its data')
    }
    left -= 1
    return decodeSymbol(bits, tables[selectors[group]!]!)
  }
}

/** Fills `last` with the transform's last column; returns its length. Runs of the front byte are binary numbers of 1 and 2. */
const readColumn = (bits: Bits, last: Uint32Array, maxBytes: number): number => {
  const list = readAlphabet(bits)
  const endSymbol = list.length + 1
  const next = symbolReader(bits, list.length + 2)
  let length = 0
  let symbol = next()
  while (symbol !== endSymbol) {
    let run = 0
    for (let weight = 1; symbol <= 1; weight *= 2) {
      run += weight * (symbol + 1)
      if (run > maxBytes - length) throw corrupt('a block is longer than it may be')
      symbol = next()
    }
    last.fill(list[0]!, length, length + run)
    length += run
    if (symbol === endSymbol) break
    if (length === maxBytes) throw corrupt('a block is longer than it may be')
    last[length++] = moveToFront(list, symbol - 1)
    symbol = next()
  }
  return length
}

export interface Block {
  readonly crc: number
  readonly length: number
  /** Each entry: a byte, and above it where the next entry is. */
  readonly links: Uint32Array
  readonly first: number
}

/** Behind the block's magic number. `links` is the room it is decoded in: one entry a byte of the largest block. */
export const readBlock = (bits: Bits, links: Uint32Array): Block => {
  const crc = bits.readWord()
  if (bits.read(1) === 1) throw new StreamFault('bzip2 before 0.9.5 wrote this; pack it again', 'package_unsupported')
  const origin = bits.read(24)
  const length = readColumn(bits, links, links.length)
  if (origin >= length) throw corrupt('a block begins outside itself')
  const next = new Uint32Array(256)
  for (let at = 0; at < length; at++) next[links[at]!]! += 1
  let sum = 0
  for (let byte = 0; byte < 256; byte++) {
    sum += next[byte]!
    next[byte] = sum - next[byte]!
  }
  for (let at = 0; at < length; at++) {
    const byte = links[at]! & 0xff
    const slot = next[byte]!
    next[byte] = slot + 1
    links[slot] = (links[slot]! & 0xff) | (at << 8)
  }
  return { crc, length, links, first: links[origin]! >>> 8 }
}
