// xz read in bounded memory. The binding decodes on a thread of its own as far ahead as it is given bytes, so it is
// given only as many as unpack to what may wait here: LZMA2 says in front of each chunk what that unpacks to.
// Source of every number: "The .xz File Format" 1.1.0, and lzma2_decoder.c of XZ Utils 5.4 for the chunks.
import { setTimeout as sleep } from 'node:timers/promises'
import { StreamFault } from '@distropack/core/bytes/stream-fault.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { XzDecompressor } from '@napi-rs/lzma'

/** Unpacked and not yet read: two of LZMA2's largest chunks. */
const AHEAD_BYTES = 4 * 1024 * 1024
/** Nobody packs with more: xz -9 takes 64 MiB. The decoder holds all of it. */
const MAX_DICTIONARY_BYTES = 256 * 1024 * 1024
const LZMA2_FILTER = 0x21

const broken = (what: string): StreamFault =>
  new StreamFault(`The xz data is broken: ${what}. Build or upload it again.`)

/** Input by counts, handed on as it is read. */
class Input {
  private readonly chunks: AsyncIterator<Uint8Array>
  private held: Uint8Array = new Uint8Array(0)
  constructor(source: ByteSource) {
    this.chunks = source[Symbol.asyncIterator]()
  }

  /** Fewer only at the end. */
  async take(count: number): Promise<Uint8Array> {
    const taken = new Uint8Array(count)
    let length = 0
    while (length < count) {
      if (this.held.length === 0) {
        const { value, done } = await this.chunks.next()
        if (done) break
        this.held = value
      }
      const part = this.held.subarray(0, count - length)
      taken.set(part, length)
      length += part.length
      this.held = this.held.subarray(part.length)
    }
    return taken.subarray(0, length)
  }

  async exactly(count: number): Promise<Uint8Array> {
    const taken = await this.take(count)
    if (taken.length < count) throw broken('it ends too early')
    return taken
  }

  async close(): Promise<void> {
    await this.chunks.return?.()
  }
}

/** Bytes as they stand in the file, and what they unpack to. */
interface Piece {
  readonly bytes: Uint8Array
  readonly unpackedBytes: number
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

/** Section 1.2; `at` moves behind the number. */
const readInteger = (bytes: Uint8Array, place: { at: number }): number => {
  let value = 0
  for (let index = 0; index < 9; index++) {
    const byte = bytes[place.at++]
    if (byte === undefined) throw broken('a number has no end')
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return value
  }
  throw broken('a number is too long')
}

/** Section 5.3.1, the byte that says how much the decoder holds. */
const dictionaryBytes = (code: number): number =>
  code > 40 ? Number.POSITIVE_INFINITY : code === 40 ? 2 ** 32 - 1 : (2 | (code & 1)) * 2 ** ((code >> 1) + 11)

/** Section 3.1: the filters of a block, of which LZMA2 is the last and the only one that changes sizes. */
const checkFilters = (header: Uint8Array): void => {
  const flags = header[1]!
  const place = { at: 2 }
  if (flags & 0x40) readInteger(header, place)
  if (flags & 0x80) readInteger(header, place)
  let last = -1
  for (let filters = (flags & 3) + 1; filters > 0; filters--) {
    last = readInteger(header, place)
    const size = readInteger(header, place)
    if (last === LZMA2_FILTER && dictionaryBytes(header[place.at] ?? 41) > MAX_DICTIONARY_BYTES) {
      throw new StreamFault('The xz data needs a dictionary of more than 256 MiB. Pack it with less.', 'limit_exceeded')
    }
    place.at += size
  }
  if (last !== LZMA2_FILTER) throw broken('a block is not LZMA2')
}

/** One chunk; `isEnd` for the byte that ends them. */
const readChunk = async (input: Input): Promise<Piece & { readonly isEnd: boolean }> => {
  const control = await input.exactly(1)
  const kind = control[0]!
  if (kind === 0) return { bytes: control, unpackedBytes: 0, isEnd: true }
  if (kind > 2 && kind < 0x80) throw broken('a chunk is of no known kind')
  // Stored chunks say one size; others two, and from 0xc0 on new properties.
  const rest = await input.exactly(kind < 0x80 ? 2 : kind >= 0xc0 ? 5 : 4)
  const low = rest[0]! * 256 + rest[1]! + 1
  const unpackedBytes = kind < 0x80 ? low : ((kind & 0x1f) << 16) + low
  const packedBytes = kind < 0x80 ? low : rest[2]! * 256 + rest[3]! + 1
  return { bytes: join(control, rest, await input.exactly(packedBytes)), unpackedBytes, isEnd: false }
}

/** Section 2.1.1.2: bytes of a check, by its number. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const

async function* readBlock(input: Input, sizeByte: Uint8Array, checkBytes: number): AsyncGenerator<Piece> {
  const header = join(sizeByte, await input.exactly((sizeByte[0]! + 1) * 4 - 1))
  checkFilters(header)
  yield { bytes: header, unpackedBytes: 0 }
  let packedBytes = 0
  for (;;) {
    const { isEnd, ...piece } = await readChunk(input)
    packedBytes += piece.bytes.length
    yield piece
    if (isEnd) break
  }
  yield { bytes: await input.exactly(((4 - (packedBytes % 4)) % 4) + checkBytes), unpackedBytes: 0 }
}

/** Read past, checked by the decoder: two numbers a block. */
async function* readIndex(input: Input, first: Uint8Array): AsyncGenerator<Piece> {
  let length = first.length
  const readNumber = async (): Promise<Piece & { value: number }> => {
    const bytes: number[] = []
    do bytes.push((await input.exactly(1))[0]!)
    while (bytes.at(-1)! >= 0x80 && bytes.length < 9)
    length += bytes.length
    const raw = Uint8Array.from(bytes)
    return { bytes: raw, unpackedBytes: 0, value: readInteger(raw, { at: 0 }) }
  }
  const count = await readNumber()
  yield { bytes: join(first, count.bytes), unpackedBytes: 0 }
  for (let left = count.value * 2; left > 0; left--) yield await readNumber()
  yield { bytes: await input.exactly(((4 - (length % 4)) % 4) + 4 + 12), unpackedBytes: 0 }
}

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]

async function* readStream(input: Input, start: Uint8Array): AsyncGenerator<Piece> {
  const header = join(start, await input.exactly(8))
  if (!MAGIC.every((byte, at) => header[at] === byte)) throw broken('it has no xz header')
  const checkBytes = CHECK_BYTES[header[7]! & 0x0f]!
  yield { bytes: header, unpackedBytes: 0 }
  for (;;) {
    const sizeByte = await input.exactly(1)
    if (sizeByte[0] === 0) return yield* readIndex(input, sizeByte)
    yield* readBlock(input, sizeByte, checkBytes)
  }
}

/** Streams behind one another, with zeros in fours between them (section 2.2). */
async function* readPieces(input: Input): AsyncGenerator<Piece> {
  for (let isFirst = true; ; ) {
    const start = await input.take(4)
    if (start.length === 0 && !isFirst) return
    if (start.length < 4) throw broken('it ends too early')
    if (!isFirst && start.every((byte) => byte === 0)) yield { bytes: start, unpackedBytes: 0 }
    else yield* readStream(input, start)
    isFirst = false
  }
}

/** Small pieces are joined: each call into the binding wakes its thread. */
const GATHER_BYTES = 64 * 1024
const WAIT_MS = 1

export async function* decompressXz(source: ByteSource): ByteSource {
  const input = new Input(source)
  const decoder = new XzDecompressor()
  let promisedBytes = 0
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  const feed = (): Uint8Array => {
    const plain = decoder.update(gathered.length === 1 ? gathered[0]! : join(...gathered))
    gathered = []
    gatheredBytes = 0
    promisedBytes -= plain.length
    return plain
  }
  try {
    for await (const { bytes, unpackedBytes } of readPieces(input)) {
      gathered.push(bytes)
      gatheredBytes += bytes.length
      promisedBytes += unpackedBytes
      if (gatheredBytes < GATHER_BYTES && promisedBytes < AHEAD_BYTES / 2) continue
      for (let plain = feed(); ; plain = feed()) {
        if (plain.length > 0) yield plain
        if (promisedBytes < AHEAD_BYTES / 2) break
        // The decoder is at work on its thread; this one is free meanwhile.
        await sleep(WAIT_MS)
      }
    }
    if (gathered.length > 0) yield feed()
    const rest = await decoder.finish()
    if (rest.length > 0) yield rest
  } finally {
    await input.close()
  }
}
