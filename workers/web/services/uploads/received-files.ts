// A file of unknown size and digest, as it comes: kept apart while it is measured, a blob of the project afterwards.
import { createHash } from 'node:crypto'
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import type { Fault } from '@distropack/core/fault.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { getUploadedBytes, putBlobBytes, putBlobStream } from '../../storage/blobs.ts'
import { joinParts } from '../../storage/chunks.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import { mayUpload, mayUseIn } from '../billing/entitlements.ts'
import { logError } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { beginUnnamed, forgetUpload, ownBlob } from './blobs.ts'

/**
 * Held in memory, once an upload: an isolate has 128 MB for all its requests. R2 takes 5 MiB and more, 10,000 times
 * (developers.cloudflare.com/r2/objects/multipart-objects).
 */
const PART_BYTES = 8 * 1024 * 1024

/** Asked once the size is known, and before the bytes are in their place. */
type Admit = (blob: BlobRef) => Promise<Result<void, Fault>>

const keepSmall = async (platform: Platform, bytes: Uint8Array, admit: Admit): Promise<Result<BlobRef, Fault>> => {
  const may = await admit({ sha256: await sha256Hex(bytes), sizeBytes: bytes.length })
  return may.ok ? ok(await putBlobBytes(platform.bucket, bytes)) : may
}

const keepLarge = async (
  platform: Platform,
  projectId: string,
  [first, rest]: readonly [Uint8Array, AsyncGenerator<Uint8Array>],
  admit: Admit,
): Promise<Result<BlobRef, Fault>> => {
  const { bucket } = platform
  const { id, key, multipart } = await beginUnnamed(platform, projectId)
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
    // What is not taken away now, the sweep finds by its row.
    const ended = multipart.abort().then(() => forgetUpload(platform, id))
    await ended.catch((late: unknown) => logError('upload.not_ended', late, { uploadId: id }))
    throw error
  }
  try {
    const blob = { sha256: hash.digest('hex'), sizeBytes }
    const may = await admit(blob)
    if (!may.ok) return may
    await putBlobStream(bucket, blob, await getUploadedBytes(bucket, key))
    return ok(blob)
  } finally {
    await forgetUpload(platform, id).catch((late: unknown) => logError('upload.not_ended', late, { uploadId: id }))
  }
}

/** `quota_exceeded`, at the start or once the size is known. Throws what the source throws; nothing is kept then. */
export const receiveFile = async (
  platform: Platform,
  projectId: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Result<BlobRef, Fault>> => {
  const mayAnything = await mayUseIn(platform, projectId, { kind: 'upload', sizeBytes: 0 })
  if (!mayAnything.ok) return mayAnything
  const admit: Admit = (blob) => mayUpload(platform, projectId, blob)
  const parts = joinParts(chunks, PART_BYTES)
  const { value: first = new Uint8Array(0) } = await parts.next()
  const kept =
    first.length < PART_BYTES
      ? await keepSmall(platform, first, admit)
      : await keepLarge(platform, projectId, [first, parts], admit)
  if (kept.ok) await ownBlob(platform, projectId, kept.value)
  return kept
}
