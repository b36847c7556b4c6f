// Joins the small chunks of a stream. A codec pays per chunk, and tar makes one of 512 bytes for every file.
import type { ByteSource } from '../model/spec.ts'
import { concatBytes } from './arrays.ts'

const ENOUGH_BYTES = 64 * 1024

export async function* coalesce(source: ByteSource): ByteSource {
  let held: Uint8Array[] = []
  let heldBytes = 0
  for await (const chunk of source) {
    held.push(chunk)
    heldBytes += chunk.length
    if (heldBytes < ENOUGH_BYTES) continue
    yield held.length === 1 ? chunk : concatBytes(held)
    held = []
    heldBytes = 0
  }
  if (heldBytes > 0) yield concatBytes(held)
}
