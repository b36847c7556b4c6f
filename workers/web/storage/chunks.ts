// Reading what is too large to hold. A blob's own stream comes in pieces of 4 KB, and 500 MB of it left a hundred
// thousand small buffers behind for the collector; here one buffer serves all of it.

const CHUNK_BYTES = 1024 * 1024

/**
 * At most 1 MiB at a time, for hashing and signing. A chunk is good until the next is asked for, because the next is
 * read into the same memory: copy what is to be kept. `sizeBytes`: of the whole stream, so that small ones cost little.
 */
export async function* readChunks(body: ReadableStream, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const reader = body.getReader({ mode: 'byob' })
  const length = Math.max(1, Math.min(CHUNK_BYTES, sizeBytes))
  let buffer = new Uint8Array(length)
  try {
    for (;;) {
      const { done, value } = await reader.readAtLeast(length, buffer)
      if (value && value.length > 0) yield value
      if (done || !value) return
      buffer = new Uint8Array(value.buffer, 0, length)
    }
  } finally {
    await reader.cancel()
  }
}

/**
 * Chunks of any sizes as parts of one size, as R2 wants them; the last is what is left. One part is in memory, and it is
 * good until the next is asked for.
 */
export async function* joinParts(chunks: AsyncIterable<Uint8Array>, partSizeBytes: number): AsyncGenerator<Uint8Array> {
  const part = new Uint8Array(partSizeBytes)
  let heldBytes = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + partSizeBytes - heldBytes)
      part.set(piece, heldBytes)
      heldBytes += piece.length
      at += piece.length
      if (heldBytes < partSizeBytes) continue
      yield part
      heldBytes = 0
    }
  }
  if (heldBytes > 0) yield part.subarray(0, heldBytes)
}
