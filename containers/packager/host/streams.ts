// Bridges between ByteSource and Node's streams.
import { type Duplex, pipeline } from 'node:stream'
import type { ByteSource } from '@distropack/core/model/spec.ts'

/** The source's bytes after a transform. Errors of either side reach the reader; leaving early ends both. */
export async function* through(source: ByteSource, transform: Duplex): ByteSource {
  pipeline(source, transform, () => {
    // The reader below sees the error: pipeline has destroyed the transform with it.
  })
  for await (const chunk of transform) yield chunk as Uint8Array
}

/** Chunks of exactly `sizeBytes`, but for the last one. An empty source gives none. */
export async function* inChunks(source: ByteSource, sizeBytes: number): AsyncIterable<Uint8Array> {
  let chunk = new Uint8Array(sizeBytes)
  let length = 0
  for await (const bytes of source) {
    for (let offset = 0; offset < bytes.length; ) {
      const taken = Math.min(sizeBytes - length, bytes.length - offset)
      chunk.set(bytes.subarray(offset, offset + taken), length)
      length += taken
      offset += taken
      if (length < sizeBytes) continue
      yield chunk
      chunk = new Uint8Array(sizeBytes)
      length = 0
    }
  }
  if (length > 0) yield chunk.subarray(0, length)
}
