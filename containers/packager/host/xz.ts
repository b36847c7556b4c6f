// xz by chunks: each is compressed on its own, two at once on the thread pool, and joined into one stream.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { XzCompressor, XzDecompressor, xz } from '@napi-rs/lzma'
import { inChunks } from './streams.ts'
import { readStream, writeEnd, type XzPiece, type XzRecord } from './xz-format.ts'

/** Half as large again as the level's dictionary (xz(1): 8 MiB at level 6), so that chunks cost little. */
const CHUNK_BYTES = 12 * 1024 * 1024
const HIGH_LEVEL_CHUNK_BYTES: Readonly<Record<number, number>> = {
  7: 2 * CHUNK_BYTES,
  8: 4 * CHUNK_BYTES,
  9: 8 * CHUNK_BYTES,
}
/** An encoder of level 9 takes 700 MB: no second one beside it. */
const chunksAtOnce = (level: number): number => (level > DEFAULT_LEVEL ? 1 : 2)
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

/** Results in order, with a few under way. */
async function* piecesOf(source: ByteSource, level: number): AsyncIterable<XzPiece> {
  const underWay: Promise<Uint8Array>[] = []
  const start = (chunk: Uint8Array): void => {
    const compressed = compressAt(chunk, level)
    // Looked at when its turn comes; until then a failure must not end the process.
    compressed.catch(() => {})
    underWay.push(compressed)
  }
  let isEmpty = true
  for await (const chunk of inChunks(source, HIGH_LEVEL_CHUNK_BYTES[level] ?? CHUNK_BYTES)) {
    isEmpty = false
    start(chunk)
    if (underWay.length === chunksAtOnce(level)) yield readStream(await underWay.shift()!)
  }
  if (isEmpty) start(new Uint8Array(0))
  for (const compressed of underWay) yield readStream(await compressed)
}

/** One .xz stream. Memory at level 6: about three chunks and two encoders, 350 MB. Levels 0 to 9. */
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

export async function* decompressXz(source: ByteSource): ByteSource {
  const decoder = new XzDecompressor()
  for await (const chunk of source) {
    for (let offset = 0; offset < chunk.length; offset += SLICE_BYTES) {
      const plain = decoder.update(chunk.subarray(offset, offset + SLICE_BYTES))
      if (plain.length > 0) yield plain
    }
  }
  const rest = await decoder.finish()
  if (rest.length > 0) yield rest
}
