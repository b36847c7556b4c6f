// Uploads: whole bodies up to a limit, parts beyond it, each verified by sha256 before it becomes a blob of the
// project. A project owns what it sent; that another project has the same bytes opens nothing.
import { MAX_SINGLE_UPLOAD_BYTES, UPLOAD_PART_BYTES, type uploadSchema } from '@distropack/core/contract/api.ts'
import { objectKey } from '@distropack/core/contract/objects.ts'
import { type PackedBlob, packHeader } from '@distropack/core/contract/packed.ts'
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import { anyOf, chunksForJson, insertMany } from '../../db/many-rows.ts'
import { projectBlobs, uploadParts, uploads } from '../../db/schema.ts'
import { DigestMismatch, getBlob, putBlobBytes, putBlobStream, readBlobBytes } from '../../storage/blobs.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import { mayUpload, mayUseIn } from '../billing/entitlements.ts'
import { countingBlob, countingBlobs, isContentKnown } from '../billing/storage-count.ts'
import { newId } from '../platform/ids.ts'
import type { Platform } from '../platform/platform.ts'

type UploadView = z.infer<typeof uploadSchema>
/** 5 GiB: R2's largest single put, and each blob ends as one. */
export const MAX_BLOB_BYTES = 5 * 1024 ** 3

const mismatch = (sha256: string): Fault =>
  fault('digest_mismatch', `The bytes sent do not have the sha256 ${sha256}: nothing was kept. Send them again.`)

export const ownedBlobs = async (
  { db }: Platform,
  projectId: string,
  sha256s: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  const owned = new Map<string, number>()
  for (const chunk of chunksForJson([...new Set(sha256s)])) {
    const rows = await db
      .select({ sha256: projectBlobs.sha256, sizeBytes: projectBlobs.sizeBytes })
      .from(projectBlobs)
      .where(and(eq(projectBlobs.projectId, projectId), inArray(projectBlobs.sha256, anyOf(chunk))))
    for (const row of rows) owned.set(row.sha256, row.sizeBytes)
  }
  return owned
}

export const missingBlobs = async (
  platform: Platform,
  projectId: string,
  blobs: readonly BlobRef[],
): Promise<string[]> => {
  const owned = await ownedBlobs(
    platform,
    projectId,
    blobs.map(({ sha256 }) => sha256),
  )
  return [...new Set(blobs.map(({ sha256 }) => sha256))].filter((sha256) => !owned.has(sha256))
}

/** Two statements for one batch. */
export const owningBlob = (platform: Platform, projectId: string, blob: BlobRef) => {
  const { db, nowMs } = platform
  const { sha256, sizeBytes } = blob
  const row = { projectId, sha256, sizeBytes, createdAtMs: nowMs() }
  return [countingBlob(platform, projectId, blob), db.insert(projectBlobs).values(row).onConflictDoNothing()] as const
}

export const ownBlob = async (platform: Platform, projectId: string, blob: BlobRef): Promise<void> => {
  await platform.db.batch(owningBlob(platform, projectId, blob))
}

/** A whole body. `sizeBytes` is the request's content-length. */
export const receiveBlob = async (
  platform: Platform,
  projectId: string,
  blob: BlobRef,
  body: ReadableStream,
): Promise<Result<void, Fault>> => {
  if (blob.sizeBytes > MAX_SINGLE_UPLOAD_BYTES) {
    await body.cancel()
    return err(
      fault('body_too_large', `A body may have ${MAX_SINGLE_UPLOAD_BYTES} bytes; start an upload in parts for more.`),
    )
  }
  const may = await mayUpload(platform, projectId, blob)
  if (!may.ok) {
    await body.cancel()
    return may
  }
  try {
    await putBlobStream(platform.bucket, blob, body)
  } catch (error) {
    if (error instanceof DigestMismatch) return err(mismatch(blob.sha256))
    throw error
  }
  await ownBlob(platform, projectId, blob)
  return ok(undefined)
}

/** Blobs of one pack that are stored side by side. */
const STORE_AT_ONCE = 6

/** A pack of small blobs (packed.ts): each is verified before any is stored, and all become the project's in one batch. */
export const receivePack = async (
  platform: Platform,
  projectId: string,
  packed: readonly PackedBlob[],
): Promise<Result<void, Fault>> => {
  const wrong: Fault[] = []
  const distinct = new Map(packed.map((each) => [each.blob.sha256, each]))
  for (const { blob, bytes } of packed) {
    if ((await sha256Hex(bytes)) !== blob.sha256) wrong.push(mismatch(blob.sha256))
  }
  if (wrong[0]) return err(wrong[0])
  const owned = await ownedBlobs(platform, projectId, [...distinct.keys()])
  const fresh = [...distinct.values()].filter(({ blob }) => !owned.has(blob.sha256))
  const sizeBytes = fresh.reduce((sum, { blob }) => sum + blob.sizeBytes, 0)
  const may = await mayUseIn(platform, projectId, { kind: 'upload', sizeBytes })
  if (!may.ok) return may
  const left = [...fresh]
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) await putBlobBytes(platform.bucket, next.bytes)
  }
  await Promise.all(Array.from({ length: STORE_AT_ONCE }, lane))
  const rows = fresh.map(({ blob }) => ({ projectId, ...blob, createdAtMs: platform.nowMs() }))
  const [first, ...rest] = insertMany(platform.db, projectBlobs, rows)
  const blobs = fresh.map(({ blob }) => blob)
  if (first) await platform.db.batch([countingBlobs(platform, projectId, blobs), first, ...rest])
  return ok(undefined)
}

const viewUpload = async ({ db }: Platform, row: typeof uploads.$inferSelect): Promise<UploadView> => {
  const rows = await db
    .select({ part: uploadParts.part })
    .from(uploadParts)
    .where(eq(uploadParts.uploadId, row.id))
    .orderBy(uploadParts.part)
  const parts = rows.map(({ part }) => part)
  return { uploadId: row.id, sizeBytes: row.sizeBytes, partSizeBytes: UPLOAD_PART_BYTES, parts }
}

const findUpload = async ({ db }: Platform, projectId: string, sha256: string) =>
  (
    await db
      .select()
      .from(uploads)
      .where(and(eq(uploads.projectId, projectId), eq(uploads.sha256, sha256)))
  )[0]

/** Starts an upload in parts, or finds the one already under way for these bytes. */
export const startUpload = async (
  platform: Platform,
  projectId: string,
  blob: BlobRef,
): Promise<Result<UploadView, Fault>> => {
  if (blob.sizeBytes > MAX_BLOB_BYTES) {
    return err(fault('body_too_large', `A file may have ${MAX_BLOB_BYTES} bytes; this one has ${blob.sizeBytes}.`))
  }
  const found = await findUpload(platform, projectId, blob.sha256)
  if (found && found.sizeBytes === blob.sizeBytes) return ok(await viewUpload(platform, found))
  if (found) {
    return err(fault('size_mismatch', `An upload of ${blob.sha256} with ${found.sizeBytes} bytes is under way.`))
  }
  const may = await mayUpload(platform, projectId, blob)
  if (!may.ok) return may
  const id = newId('upl', platform.nowMs())
  const multipart = await platform.bucket.createMultipartUpload(objectKey.upload(id))
  const row = {
    id,
    projectId,
    ...blob,
    multipartId: multipart.uploadId,
    state: 'open',
    createdAtMs: platform.nowMs(),
  } as const
  const [kept] = await platform.db.insert(uploads).values(row).onConflictDoNothing().returning()
  if (kept) return ok(await viewUpload(platform, kept))
  await multipart.abort()
  return startUpload(platform, projectId, blob)
}

export const findOpenUpload = async (
  platform: Platform,
  projectId: string,
  sha256: string,
  uploadId: string,
): Promise<Result<typeof uploads.$inferSelect, Fault>> => {
  const row = await findUpload(platform, projectId, sha256)
  return row?.id === uploadId ? ok(row) : err(fault('not_found', `There is no upload "${uploadId}" under way.`))
}

export const describeUpload = viewUpload

/** One part; sending it again replaces it. Every part but the last has UPLOAD_PART_BYTES exactly. */
export const receivePart = async (
  { db, bucket }: Platform,
  upload: typeof uploads.$inferSelect,
  part: { readonly number: number; readonly sizeBytes: number; readonly body: ReadableStream },
): Promise<Result<void, Fault>> => {
  const count = Math.ceil(upload.sizeBytes / UPLOAD_PART_BYTES)
  const expected = part.number < count ? UPLOAD_PART_BYTES : upload.sizeBytes - (count - 1) * UPLOAD_PART_BYTES
  if (part.number < 1 || part.number > count || part.sizeBytes !== expected) {
    await part.body.cancel()
    return err(
      fault('size_mismatch', `Part ${part.number} of ${count} must have ${expected} bytes, not ${part.sizeBytes}.`),
    )
  }
  const fixed = new FixedLengthStream(part.sizeBytes)
  const multipart = bucket.resumeMultipartUpload(objectKey.upload(upload.id), upload.multipartId)
  const abort = new AbortController()
  const pumping = part.body.pipeTo(fixed.writable, { signal: abort.signal })
  // As in putBlobStream: neither waits for the other for ever, and both are heard.
  const storing = multipart.uploadPart(part.number, fixed.readable).catch((error: unknown) => {
    abort.abort(error)
    throw error
  })
  const [stored, pumped] = await Promise.allSettled([storing, pumping])
  if (stored.status === 'rejected') throw stored.reason
  if (pumped.status === 'rejected') throw pumped.reason
  await db
    .insert(uploadParts)
    .values({ uploadId: upload.id, part: part.number, etag: stored.value.etag })
    .onConflictDoUpdate({ target: [uploadParts.uploadId, uploadParts.part], set: { etag: stored.value.etag } })
  return ok(undefined)
}

/** The bytes first: while there is a row, the sweep comes back for them. */
export const forgetUpload = async ({ db, bucket }: Platform, uploadId: string): Promise<void> => {
  await bucket.delete(objectKey.upload(uploadId))
  await db.batch([
    db.delete(uploadParts).where(eq(uploadParts.uploadId, uploadId)),
    db.delete(uploads).where(eq(uploads.id, uploadId)),
  ])
}

/** developers.cloudflare.com/r2/api/error-codes: NoSuchUpload. It was completed, or ended before. */
const isNoUpload = (error: unknown): boolean => error instanceof Error && /10024|does not exist/i.test(error.message)

/** One that nobody finished: its parts, or the whole that was not verified, go with it. */
export const dropUpload = async (platform: Platform, upload: typeof uploads.$inferSelect): Promise<void> => {
  const multipart = platform.bucket.resumeMultipartUpload(objectKey.upload(upload.id), upload.multipartId)
  await multipart.abort().catch((error: unknown) => {
    if (!isNoUpload(error)) throw error
  })
  await forgetUpload(platform, upload.id)
}

/** An upload of unknown digest and size: a row that lets the sweep find what its request may leave behind. */
export const beginUnnamed = async (platform: Platform, projectId: string) => {
  const { db, bucket, nowMs } = platform
  const id = newId('upl', nowMs())
  const key = objectKey.upload(id)
  const multipart = await bucket.createMultipartUpload(key)
  const row = { id, projectId, sha256: id, sizeBytes: 0, multipartId: multipart.uploadId, createdAtMs: nowMs() }
  await db.insert(uploads).values({ ...row, state: 'open' })
  return { id, key, multipart }
}

/** Joins the parts, verifies the whole by streaming it into its place, and only then owns it. May be repeated. */
export const completeUpload = async (
  platform: Platform,
  upload: typeof uploads.$inferSelect,
): Promise<Result<void, Fault>> => {
  const { db, bucket } = platform
  const blob = { sha256: upload.sha256, sizeBytes: upload.sizeBytes }
  // Asked again; its own bytes have counted since it was begun.
  const may = await mayUseIn(platform, upload.projectId, { kind: 'upload', sizeBytes: 0 })
  if (!may.ok && !(await isContentKnown(platform, upload.projectId, upload.sha256))) return may
  const key = objectKey.upload(upload.id)
  if (upload.state === 'open') {
    const rows = await db
      .select({ partNumber: uploadParts.part, etag: uploadParts.etag })
      .from(uploadParts)
      .where(eq(uploadParts.uploadId, upload.id))
      .orderBy(uploadParts.part)
    const count = Math.ceil(upload.sizeBytes / UPLOAD_PART_BYTES)
    if (rows.length !== count) {
      return err(fault('upload_incomplete', `${rows.length} of ${count} parts are here. Send the others first.`))
    }
    // A crash between R2's completion and this row's change leaves the object: then it is already assembled.
    if (!(await bucket.head(key))) await bucket.resumeMultipartUpload(key, upload.multipartId).complete(rows)
    await db.update(uploads).set({ state: 'assembled' }).where(eq(uploads.id, upload.id))
  }
  const assembled = await bucket.get(key)
  if (!assembled) throw new Error(`upload ${upload.id} is assembled but its object is gone`)
  try {
    await putBlobStream(bucket, blob, assembled.body)
  } catch (error) {
    if (!(error instanceof DigestMismatch)) throw error
    await forgetUpload(platform, upload.id)
    return err(mismatch(upload.sha256))
  }
  await ownBlob(platform, upload.projectId, blob)
  await forgetUpload(platform, upload.id)
  return ok(undefined)
}

/** Of a project that is known to own it. */
export const openBlob = async (
  { bucket }: Platform,
  sha256: string,
): Promise<{ body: ReadableStream; sizeBytes: number }> => {
  const { body, size } = await getBlob(bucket, sha256)
  return { body, sizeBytes: size }
}

/** Small blobs as one body (packed.ts), for a packager that reads them all. */
export const readBlobsPacked = async ({ bucket }: Platform, blobs: readonly BlobRef[]): Promise<Uint8Array> => {
  const header = packHeader(blobs)
  const body = new Uint8Array(header.length + blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  body.set(header)
  const left: { readonly blob: BlobRef; readonly at: number }[] = []
  let at = header.length
  for (const blob of blobs) {
    left.push({ blob, at })
    at += blob.sizeBytes
  }
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const bytes = await readBlobBytes(bucket, next.blob.sha256)
      if (bytes.length !== next.blob.sizeBytes) throw new Error(`blob ${next.blob.sha256} has another size`)
      body.set(bytes, next.at)
    }
  }
  await Promise.all(Array.from({ length: STORE_AT_ONCE }, lane))
  return body
}
