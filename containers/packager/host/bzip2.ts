// bzip2 as a stream, read only: a block of at most 900,000 bytes at a time, so memory is bounded whatever the file.
// Several streams behind one another are one, as the bzip2 program has it. Ours, since the libraries there are either
// hold the whole file, have no types, or cannot wait for a slow reader. About 10 MB/s out.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { Bits, type Block, corrupt, NeedMoreBytes, readBlock } from './bzip2-block.ts'

const OUTPUT_BYTES = 256 * 1024
/** Pi and its square root, in decimal digits read as hex: what stands before a block, and at a stream's end. */
const BLOCK_MAGIC = 0x3141_5926_5359
const END_MAGIC = 0x1772_4538_5090
/** A block's input: its bytes hardly compressed, with tables. More is asked for where that is not enough. */
const INPUT_BYTES = 1_200_000

/** CRC-32 with the highest bit first, unlike gzip's. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1
  return crc
})

/** Follows the block's links, and undoes the run lengths: after four equal bytes one says how many more there are. */
function* expand({ links, length, first, crc: expected }: Block): Generator<Uint8Array<ArrayBuffer>> {
  let chunk = new Uint8Array(OUTPUT_BYTES)
  let filled = 0
  let crc = 0xffff_ffff
  let link = first
  let previous = -1
  let equal = 0
  for (let at = 0; at < length; at++) {
    const entry = links[link]!
    link = entry >>> 8
    const byte = entry & 0xff
    let times = 1
    if (equal === 4) {
      times = byte
      equal = 0
    } else {
      equal = byte === previous ? equal + 1 : 1
      previous = byte
    }
    for (; times > 0; times--) {
      crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ previous]!
      chunk[filled++] = previous
      if (filled < OUTPUT_BYTES) continue
      yield chunk
      chunk = new Uint8Array(OUTPUT_BYTES)
      filled = 0
    }
    // What follows a count is a new run, even of the same byte.
    if (equal === 0) previous = -1
  }
  if (~crc >>> 0 !== expected) throw corrupt('a checksum differs')
  if (filled > 0) yield chunk.subarray(0, filled)
}

/** What has been read and not yet decoded. */
class Input {
  private readonly chunks: AsyncIterator<Uint8Array>
  private bits = new Bits(new Uint8Array(0), 0)
  private isAtEnd = false
  constructor(source: ByteSource) {
    this.chunks = source[Symbol.asyncIterator]()
  }

  /** At least so many bytes ahead, if there are as many. Decoded ones are let go. */
  private async fill(sizeBytes: number): Promise<void> {
    const start = this.bits.position >>> 3
    const pieces = [this.bits.bytes.subarray(start)]
    let length = pieces[0]!.length
    while (length < sizeBytes && !this.isAtEnd) {
      const { value, done } = await this.chunks.next()
      if (done) this.isAtEnd = true
      else {
        pieces.push(value)
        length += value.length
      }
    }
    if (pieces.length > 1) this.bits = new Bits(new Uint8Array(Buffer.concat(pieces, length)), this.bits.position & 7)
  }

  /** The next byte's place; whether there is one. */
  async hasMore(): Promise<boolean> {
    this.bits.position = Math.ceil(this.bits.position / 8) * 8
    await this.fill(1)
    return this.bits.position < this.bits.bytes.length * 8
  }

  /** `decode` runs again, with more bytes, when these were not enough. */
  async decode<T>(sizeBytes: number, decode: (bits: Bits) => T): Promise<T> {
    for (let wanted = sizeBytes; ; wanted *= 2) {
      await this.fill(wanted)
      const start = this.bits.position
      try {
        return decode(this.bits)
      } catch (error) {
        if (!(error instanceof NeedMoreBytes)) throw error
        if (this.isAtEnd) throw corrupt('it ends too early')
        this.bits.position = start
      }
    }
  }

  /** Lets the source go. */
  async close(): Promise<void> {
    await this.chunks.return?.()
  }
}

/** `BZh`, and how many times 100,000 bytes a block may have. */
const readLevel = (bits: Bits): number => {
  const isMagic = bits.read(24) === 0x425a68
  const level = bits.read(8) - 0x30
  if (!isMagic || level < 1 || level > 9) throw corrupt('it does not begin with BZh1 to BZh9')
  return level
}

type Piece = { readonly block: Block } | { readonly endCrc: number }

const readPiece = (bits: Bits, links: Uint32Array): Piece => {
  const magic = bits.read(24) * 0x100_0000 + bits.read(24)
  if (magic === BLOCK_MAGIC) return { block: readBlock(bits, links) }
  if (magic === END_MAGIC) return { endCrc: bits.readWord() }
  throw corrupt('a block does not begin where it should')
}

/** Where blocks are decoded: one room for all streams of a file, for a stream may be empty and another follow at once. */
type BlockRoom = (sizeBytes: number) => Uint32Array

const openBlockRoom = (): BlockRoom => {
  let room = new Uint32Array(0)
  return (sizeBytes) => {
    if (room.length < sizeBytes) room = new Uint32Array(sizeBytes)
    return room.subarray(0, sizeBytes)
  }
}

async function* decompressOne(input: Input, room: BlockRoom): ByteSource {
  const level = await input.decode(4, readLevel)
  const links = room(level * 100_000)
  let crc = 0
  for (;;) {
    const piece = await input.decode(INPUT_BYTES, (bits) => readPiece(bits, links))
    if ('endCrc' in piece) {
      if (piece.endCrc !== crc) throw corrupt('its checksum differs')
      return
    }
    for (const chunk of expand(piece.block)) {
      yield chunk
      // All of it happens on this thread: others get a turn after each piece.
      await nextTurn()
    }
    crc = (((crc << 1) | (crc >>> 31)) ^ piece.block.crc) >>> 0
  }
}

export async function* decompressBzip2(source: ByteSource): ByteSource {
  const input = new Input(source)
  const room = openBlockRoom()
  try {
    do yield* decompressOne(input, room)
    while (await input.hasMore())
  } finally {
    await input.close()
  }
}
