// Joins the small chunks of a stream. A codec pays per chunk, and tar makes one of 512 bytes for every file.
import type { ByteSource } from '../model/spec.ts'
import { Chunks } from './member-writer.ts'

export async function* coalesce(source: ByteSource): ByteSource {
  const out = new Chunks()
  for await (const chunk of source) {
    out.put(chunk)
    if (out.isFull || out.isBorrowing) yield* out.take()
  }
  yield* out.take()
}
