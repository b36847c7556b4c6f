// Receiving blobs at the HTTP entry point: one behaviour under a project's address (people, CI) and a job's (its packager).
import { MAX_PACK_BYTES, readPack } from '@distropack/core/contract/packed.ts'
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import type { Context } from 'hono'
import * as blobStore from '../services/uploads/blobs.ts'
import type { ApiContext } from './context.ts'
import { need, refuse } from './faults.ts'

const done = { ok: true } as const

const lengthOf = (context: Context<ApiContext>): number => {
  const header = context.req.header('content-length')
  const sizeBytes = Number(header)
  if (header !== undefined && Number.isSafeInteger(sizeBytes) && sizeBytes >= 0) return sizeBytes
  return refuse(fault('request_invalid', 'Send the body’s length in content-length.'))
}

const bodyOf = (context: Context<ApiContext>): ReadableStream =>
  context.req.raw.body ?? (new Response('').body as ReadableStream)

export const putBlob = async (context: Context<ApiContext>, projectId: string, sha256: string) => {
  const blob: BlobRef = { sha256, sizeBytes: lengthOf(context) }
  need(await blobStore.receiveBlob(context.get('platform'), projectId, blob, bodyOf(context)))
  return done
}

/** A pack's names stand before its bytes. */
const MAX_PACK_BODY_BYTES = MAX_PACK_BYTES + 256 * 1024

export const putPack = async (context: Context<ApiContext>, projectId: string) => {
  if (lengthOf(context) > MAX_PACK_BODY_BYTES) {
    return refuse(fault('body_too_large', `A pack has at most ${MAX_PACK_BYTES} bytes; send several.`))
  }
  const packed = need(readPack(new Uint8Array(await context.req.arrayBuffer())))
  need(await blobStore.receivePack(context.get('platform'), projectId, packed))
  return done
}

export const startUpload = async (context: Context<ApiContext>, projectId: string, blob: BlobRef) =>
  need(await blobStore.startUpload(context.get('platform'), projectId, blob))

export interface UploadAddress {
  readonly sha256: string
  readonly uploadId: string
}

export const putPart = async (
  context: Context<ApiContext>,
  projectId: string,
  { sha256, uploadId, part }: UploadAddress & { readonly part: number },
) => {
  const platform = context.get('platform')
  const sizeBytes = lengthOf(context)
  const upload = need(await blobStore.findOpenUpload(platform, projectId, sha256, uploadId))
  need(await blobStore.receivePart(platform, upload, { number: part, sizeBytes, body: bodyOf(context) }))
  return done
}

export const completeUpload = async (
  context: Context<ApiContext>,
  projectId: string,
  { sha256, uploadId }: UploadAddress,
) => {
  const platform = context.get('platform')
  // A repeated request after success finds the blob and no upload: that is success.
  if ((await blobStore.ownedBlobs(platform, projectId, [sha256])).has(sha256)) return done
  const upload = need(await blobStore.findOpenUpload(platform, projectId, sha256, uploadId))
  need(await blobStore.completeUpload(platform, upload))
  return done
}
