// Blobs in R2 under their sha256: written once, verified by R2 itself, never changed.
import { objectKey } from '@distropack/core/contract/objects.ts'
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import type { SeekableFile } from '@distropack/core/tools.ts'
import { readChunks } from './chunks.ts'
import { sha256Hex } from './sha256.ts'

/** What R2 answers (error 10037) when the bytes do not have the sha256 they were announced with. */
export class DigestMismatch extends Error {}

const isDigestMismatch = (error: unknown): boolean => error instanceof Error && /10037|checksum/i.test(error.message)

export const isBlobStored = async (bucket: R2Bucket, blob: BlobRef): Promise<boolean> =>
  (await bucket.head(objectKey.blob(blob.sha256)))?.size === blob.sizeBytes

/** Streams a body of known length into place. @throws DigestMismatch when the bytes have another sha256. */
export const putBlobStream = async (bucket: R2Bucket, blob: BlobRef, body: ReadableStream): Promise<void> => {
  const fixed = new FixedLengthStream(blob.sizeBytes)
  const abort = new AbortController()
  const pumping = body.pipeTo(fixed.writable, { signal: abort.signal })
  // A put that ends without reading would leave the pump waiting for ever.
  const putting = bucket.put(objectKey.blob(blob.sha256), fixed.readable, { sha256: blob.sha256 }).catch((error) => {
    abort.abort(error)
    throw error
  })
  // A body that ends short rejects the pump; the put then rejects too, and one of them must not go unheard.
  const [pumped, put] = await Promise.allSettled([pumping, putting])
  const failed = put.status === 'rejected' ? put : pumped.status === 'rejected' ? pumped : undefined
  if (!failed) return
  throw isDigestMismatch(failed.reason) ? new DigestMismatch() : failed.reason
}

/** Keeps bytes the platform made itself. */
export const putBlobBytes = async (bucket: R2Bucket, bytes: Uint8Array): Promise<BlobRef> => {
  const blob = { sha256: await sha256Hex(bytes), sizeBytes: bytes.length }
  await bucket.put(objectKey.blob(blob.sha256), bytes, { sha256: blob.sha256 })
  return blob
}

export const getBlob = async (bucket: R2Bucket, sha256: string): Promise<R2ObjectBody> => {
  const object = await bucket.get(objectKey.blob(sha256))
  if (!object) throw new Error(`blob ${sha256} is not in the bucket`)
  return object
}

export const readBlobBytes = async (bucket: R2Bucket, sha256: string): Promise<Uint8Array> =>
  new Uint8Array(await (await getBlob(bucket, sha256)).arrayBuffer())

/** Range reads of a blob, so that a signature's few kilobytes do not cost a payload's gigabytes. */
export const openBlobFile = (bucket: R2Bucket, blob: BlobRef): SeekableFile => {
  const key = objectKey.blob(blob.sha256)
  const open = async (offset: number, length: number): Promise<R2ObjectBody> => {
    const object = await bucket.get(key, { range: { offset, length } })
    if (!object) throw new Error(`blob ${blob.sha256} is not in the bucket`)
    return object
  }
  const clamp = (offset: number, length: number): number => Math.max(0, Math.min(length, blob.sizeBytes - offset))
  return {
    sizeBytes: blob.sizeBytes,
    read: async (offset, lengthBytes) => {
      const length = clamp(offset, lengthBytes)
      return length === 0 ? new Uint8Array() : new Uint8Array(await (await open(offset, length)).arrayBuffer())
    },
    stream: async function* (offset = 0, lengthBytes = blob.sizeBytes - offset) {
      const length = clamp(offset, lengthBytes)
      if (length > 0) yield* readChunks((await open(offset, length)).body, length)
    },
  }
}

/** What an upload put together, before it has its name. */
export const getUploadedBytes = async (bucket: R2Bucket, key: string): Promise<ReadableStream> => {
  const object = await bucket.get(key)
  if (!object) throw new Error(`${key} is not in the bucket`)
  return object.body
}
