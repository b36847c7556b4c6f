// xz by chunks: each is compressed on its own, one after another on the thread pool, and joined into one stream.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { XzCompressor, xz } from '@napi-rs/lzma'
import { inPieces } from './streams.ts'
import { readStream, writeEnd, type XzPiece, type XzRecord } from './xz-format.ts'

/** A quarter of the dictionary of level 6 (xz(1): 8 MiB): 0.6 % larger than 12 MiB chunks, and far less memory. */
const CHUNK_BYTES = 2 * 1024 * 1024
const HIGH_LEVEL_CHUNK_BYTES: Readonly<Record<number, number>> = {
  7: 12 * CHUNK_BYTES,
  8: 24 * CHUNK_BYTES,
  9: 48 * CHUNK_BYTES,
}
/** What the binding's one-shot call uses, and it takes no other. */
const DEFAULT_LEVEL = 6
/** The streaming encoder works on this thread: a turn of the event loop after each slice lets others work too. */
const SLICE_BYTES = 128 * 1024

const compressAt = async (chunk: Uint8Array, level: number): Promise<Uint8Array> => {
  if (level === DEFAULT_LEVEL) return xz.compress(chunk)
  const encoder = new XzCompressor({ preset: level })
  const pieces: Uint8Array[] = []
  for (let offset = 0; offset < chunk.length; offset += SLICE_BYTES) {
    pieces.push(encoder.update(chunk.subarray(offset, offset + SLICE_BYTES)))
    await nextTurn()
  }
  pieces.push(await encoder.finish())
  return Buffer.concat(pieces)
}

/**
 * The binding's results are memory that V8 does not count, so it sees no reason to collect them: 500 MB of payload
 * once held 650 MB. A collection of this process's small heap takes some milliseconds, a chunk's compression a second.
 */
const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

/** Results in order, one chunk at a time. */
async function* piecesOf(source: ByteSource, level: number): AsyncIterable<XzPiece> {
  const underWay: Promise<Uint8Array>[] = []
  const start = (chunk: Uint8Array): void => {
    const compressed = compressAt(chunk, level)
    // Looked at when its turn comes; until then a failure must not end the process.
    compressed.catch(() => {})
    underWay.push(compressed)
  }
  let isEmpty = true
  const chunkBytes = HIGH_LEVEL_CHUNK_BYTES[level] ?? CHUNK_BYTES
  for await (const chunk of inPieces(source, () => new Uint8Array(chunkBytes))) {
    isEmpty = false
    start(chunk)
    // One at a time: a second encoder at once is 1.6 times as fast and takes a hundred megabytes more (measured).
    yield readStream(await underWay.shift()!)
    collectGarbage()
  }
  if (isEmpty) start(new Uint8Array(0))
  for (const compressed of underWay) yield readStream(await compressed)
}

/** One .xz stream. Levels 0 to 9; level 6 keeps a 120 MB payload's build below 300 MB, level 9 takes 700 MB alone. */
export async function* compressXz(source: ByteSource, level = DEFAULT_LEVEL): ByteSource {
  if (!Number.isInteger(level) || level < 0 || level > 9) throw new Error(`xz has levels 0 to 9, not ${level}`)
  let header: Uint8Array | undefined
  const records: XzRecord[] = []
  for await (const piece of piecesOf(source, level)) {
    if (!header) {
      header = piece.header
      yield header
    }
    records.push(...piece.records)
    if (piece.blocks.length > 0) yield piece.blocks
  }
  if (header) yield writeEnd(header, records)
}
