// xz by chunks: each is compressed on its own, on threads of xz's own, and joined into one stream.
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { inPieces } from './streams.ts'
import { readStream, writeEnd, type XzPiece, type XzRecord } from './xz-format.ts'
import { DEFAULT_XZ_LEVEL, encodeXz, xzThreads } from './xz-threads.ts'

/** A quarter of the dictionary of level 6 (xz(1): 8 MiB): 0.6 % larger than 12 MiB chunks, and far less memory. */
const CHUNK_BYTES = 2 * 1024 * 1024
const HIGH_LEVEL_CHUNK_BYTES: Readonly<Record<number, number>> = {
  7: 12 * CHUNK_BYTES,
  8: 24 * CHUNK_BYTES,
  9: 48 * CHUNK_BYTES,
}

/** Results in order, with as many under way as there are threads, and one more that waits for the first that is free. */
async function* piecesOf(source: ByteSource, level: number): AsyncIterable<XzPiece> {
  const underWay: Promise<Uint8Array>[] = []
  const start = (chunk: Uint8Array<ArrayBuffer>): void => {
    const encoded = encodeXz(chunk, level)
    // Looked at when its turn comes; until then a failure must not end the process.
    encoded.catch(() => {})
    underWay.push(encoded)
  }
  const chunkBytes = HIGH_LEVEL_CHUNK_BYTES[level] ?? CHUNK_BYTES
  const threads = xzThreads(level)
  let isEmpty = true
  for await (const chunk of inPieces(source, () => new Uint8Array(chunkBytes))) {
    isEmpty = false
    start(chunk)
    if (underWay.length > threads) yield readStream(await underWay.shift()!)
  }
  if (isEmpty) start(new Uint8Array(0))
  for (const encoded of underWay) yield readStream(await encoded)
}

/** One .xz stream. Levels 0 to 9; level 9 takes 700 MB. */
export async function* compressXz(source: ByteSource, level = DEFAULT_XZ_LEVEL): ByteSource {
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
