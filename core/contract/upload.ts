// Sending one blob, whole or in parts, resumable: the same few requests from the CLI, the Action and the packager.
// `fetch` is handed in; the address decides whose blob it becomes.

import { type Fault, fault } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'
import { MAX_SINGLE_UPLOAD_BYTES, uploadSchema } from './api.ts'
import { type BlobRef, refusalSchema } from './wire.ts'

export interface BlobTarget {
  /** `…/projects/acme/tool/blobs` or a job's; blobs live at `${blobsUrl}/{sha256}`. */
  readonly blobsUrl: string
  readonly token: string
  readonly fetch: typeof globalThis.fetch
  readonly signal?: AbortSignal
}

/** Bytes of a file from `offset` on; a part can be sent again. */
export type SliceOpener = (offset: number, lengthBytes: number) => Uint8Array | ReadableStream<Uint8Array>

/** The fault an answer of 400 and above carries; never throws on a body that is not ours. */
export const faultOfResponse = async (response: Response): Promise<Fault> => {
  const text = await response.text()
  try {
    const { error } = refusalSchema.parse(JSON.parse(text))
    return error
  } catch {
    return fault('internal', `the server answered ${response.status} ${text.slice(0, 200)}`)
  }
}

const send = async (target: BlobTarget, path: string, init: RequestInit): Promise<Result<Response, Fault>> => {
  const headers = new Headers(init.headers)
  headers.set('authorization', `Bearer ${target.token}`)
  const response = await target.fetch(`${target.blobsUrl}/${path}`, { ...init, headers, signal: target.signal ?? null })
  return response.ok ? ok(response) : err(await faultOfResponse(response))
}

const sendInParts = async (target: BlobTarget, blob: BlobRef, open: SliceOpener): Promise<Result<void, Fault>> => {
  const json = { 'content-type': 'application/json' }
  const body = JSON.stringify({ sizeBytes: blob.sizeBytes })
  const started = await send(target, `${blob.sha256}/uploads`, { method: 'POST', headers: json, body })
  if (!started.ok) return started
  const upload = uploadSchema.parse(await started.value.json())
  const base = `${blob.sha256}/uploads/${upload.uploadId}`
  const present = new Set(upload.parts)
  for (let part = 1, offset = 0; offset < blob.sizeBytes; part++, offset += upload.partSizeBytes) {
    if (present.has(part)) continue
    const length = Math.min(upload.partSizeBytes, blob.sizeBytes - offset)
    const sent = await send(target, `${base}/parts/${part}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(length) },
      body: open(offset, length),
      duplex: 'half',
    } as unknown as RequestInit)
    if (!sent.ok) return sent
    await sent.value.body?.cancel()
  }
  const completed = await send(target, `${base}/complete`, { method: 'POST', headers: json, body: '{}' })
  if (!completed.ok) return completed
  await completed.value.body?.cancel()
  return ok(undefined)
}

/** Stores one blob; done when the server has verified its sha256. Starting again continues where parts are missing. */
export const uploadBlob = async (
  target: BlobTarget,
  blob: BlobRef,
  open: SliceOpener,
): Promise<Result<void, Fault>> => {
  if (blob.sizeBytes > MAX_SINGLE_UPLOAD_BYTES) return sendInParts(target, blob, open)
  const sent = await send(target, blob.sha256, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(blob.sizeBytes) },
    body: open(0, blob.sizeBytes),
    duplex: 'half',
  } as unknown as RequestInit)
  if (!sent.ok) return sent
  await sent.value.body?.cancel()
  return ok(undefined)
}
