// A file of unknown size and digest, as it comes: kept apart while it is measured, a blob of the project afterwards.
import { createHash } from 'node:crypto'
import { UPLOAD_PART_BYTES } from '@distropack/core/contract/api.ts'
import { objectKey } from '@distropack/core/contract/objects.ts'
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import { getUploadedBytes, putBlobBytes, putBlobStream } from '../storage/blobs.ts'
import { ownBlob } from './blobs.ts'
import { newId } from './ids.ts'
import type { Platform } from './platform.ts'

/** Chunks joined to parts of one size, as R2 wants them; the last is what is left. One part is in memory at a time. */
async function* partsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + UPLOAD_PART_BYTES - heldBytes)
      held.push(piece)
      heldBytes += piece.length
      at += piece.length
      if (heldBytes < UPLOAD_PART_BYTES) continue
      yield Buffer.concat(held)
      held = []
      heldBytes = 0
    }
  }
  if (heldBytes > 0) yield Buffer.concat(held)
}

const keepLarge = async (
  { bucket, nowMs }: Platform,
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
): Promise<BlobRef> => {
  const key = objectKey.upload(newId('upl', nowMs()))
  const multipart = await bucket.createMultipartUpload(key)
  const hash = createHash('sha256')
  const parts: R2UploadedPart[] = []
  let sizeBytes = 0
  const take = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes)
    sizeBytes += bytes.length
    parts.push(await multipart.uploadPart(parts.length + 1, bytes))
  }
  try {
    await take(first)
    for await (const bytes of rest) await take(bytes)
    await multipart.complete(parts)
  } catch (error) {
    await multipart.abort().catch(() => {}) // what it held goes with it either way
    throw error
  }
  try {
    const blob = { sha256: hash.digest('hex'), sizeBytes }
    await putBlobStream(bucket, blob, await getUploadedBytes(bucket, key))
    return blob
  } finally {
    await bucket.delete(key)
  }
}

/** Throws what the source throws; nothing is kept then. */
export const receiveFile = async (
  platform: Platform,
  projectId: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<BlobRef> => {
  const parts = partsOf(chunks)
  const { value: first = new Uint8Array(0) } = await parts.next()
  const blob =
    first.length < UPLOAD_PART_BYTES
      ? await putBlobBytes(platform.bucket, first)
      : await keepLarge(platform, first, parts)
  await ownBlob(platform, projectId, blob)
  return blob
}
