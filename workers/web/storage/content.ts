// Recipes on this side: writing their parts, and hashing what a reader will get.
import { objectKey } from '@distropack/core/contract/objects.ts'
import type { Content, Part } from '@distropack/core/model/content.ts'
import { putBlobBytes } from './blobs.ts'
import { readChunks } from './chunks.ts'

/** Below this a part stands in the recipe itself: one request less for every reader, a few KB more in the tree. */
const INLINE_LIMIT_BYTES = 16 * 1024

export const storePart = async (bucket: R2Bucket, bytes: Uint8Array): Promise<Part> => {
  if (bytes.length <= INLINE_LIMIT_BYTES) {
    return {
      inline: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'),
      sizeBytes: bytes.length,
    }
  }
  const blob = await putBlobBytes(bucket, bytes)
  return { blob: blob.sha256, offset: 0, sizeBytes: blob.sizeBytes }
}

/** sha256 of the parts in order, in the runtime's own code and without holding them. Not for `inflate` recipes. */
export const hashParts = async (bucket: R2Bucket, parts: readonly Part[]): Promise<string> => {
  const digest = new crypto.DigestStream('SHA-256')
  const writer = digest.getWriter()
  for (const part of parts) {
    if ('inline' in part) {
      await writer.write(Buffer.from(part.inline, 'base64'))
      continue
    }
    const range = { offset: part.offset, length: part.sizeBytes }
    const object = await bucket.get(objectKey.blob(part.blob), { range })
    if (!object) throw new Error(`blob ${part.blob} is not in the bucket`)
    for await (const chunk of readChunks(object.body, part.sizeBytes)) await writer.write(chunk)
  }
  await writer.close()
  return Buffer.from(await digest.digest).toString('hex')
}

export const simpleContent = (sha256: string, sizeBytes: number, mediaType: string): Content => ({
  sha256,
  sizeBytes,
  mediaType,
  parts: [{ blob: sha256, offset: 0, sizeBytes }],
})
