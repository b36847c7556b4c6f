// The platform's blobs as the packager reads and writes them: verified on the way in, small ones fetched ahead so
// that a package of many files does not wait for each. What goes wrong between here and the platform is thrown.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { StreamFault } from '@distropack/core/bytes/stream-fault.ts'
import type { SourceRecord } from '@distropack/core/contract/sources.ts'
import { faultOfResponse, uploadBlob } from '@distropack/core/contract/upload.ts'
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { hashedFileSink } from './host/files.ts'

type FileRecord = Extract<SourceRecord, { kind: 'file' }>

/** Not the user's doing: the order is cut off without a last line, and comes again. */
export class PlatformTrouble extends Error {}

export interface BlobAccess {
  readonly blobsUrl: string
  readonly token: string
  readonly fetch: typeof globalThis.fetch
  readonly signal: AbortSignal
  /** A private folder for what is fetched ahead. */
  readonly room: string
}

const FETCH_AHEAD_MAX_BYTES = 1024 * 1024
const FETCHES_AT_ONCE = 6

async function* download(access: BlobAccess, record: FileRecord): ByteSource {
  if (record.sizeBytes === 0) return
  const { blobsUrl, token, signal } = access
  const headers = { authorization: `Bearer ${token}` }
  const response = await access.fetch(`${blobsUrl}/${record.sha256}`, { headers, signal })
  if (response.status === 404)
    throw new StreamFault(`the bytes of ${record.path} are not stored; publish again`, 'blob_missing')
  if (!response.ok || !response.body) {
    throw new PlatformTrouble(`blob ${record.sha256}: ${(await faultOfResponse(response)).message}`)
  }
  const state = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of response.body) {
    state.update(chunk)
    sizeBytes += chunk.length
    if (sizeBytes > record.sizeBytes) break
    yield chunk
  }
  // The last chunk has been handed on by now; throwing here still ends the build before its file is finished.
  if (sizeBytes !== record.sizeBytes || state.digest('hex') !== record.sha256) {
    throw new PlatformTrouble(`blob ${record.sha256}: other bytes arrived than were promised`)
  }
}

export interface BlobReader {
  /** Starts fetching small files, in this order. */
  fetchAhead(records: readonly FileRecord[]): void
  /** A small file is fetched once, however often and from wherever it is opened. */
  open(record: FileRecord): ByteSource
}

export const blobReader = (access: BlobAccess): BlobReader => {
  /** Paths of small files, by their sha256. */
  const fetched = new Map<string, Promise<string>>()
  const isSmall = ({ sizeBytes }: FileRecord): boolean => sizeBytes > 0 && sizeBytes <= FETCH_AHEAD_MAX_BYTES
  const fetchOne = async (record: FileRecord): Promise<string> => {
    const path = join(access.room, record.sha256)
    const chunks: Uint8Array[] = []
    for await (const chunk of download(access, record)) chunks.push(chunk)
    await writeFile(path, Buffer.concat(chunks))
    return path
  }
  const startAfter = (turn: Promise<unknown>, record: FileRecord): Promise<string> => {
    const path = turn.then(() => fetchOne(record))
    // Whoever opens the file meets the error; a lane stops with it.
    path.catch(() => {})
    fetched.set(record.sha256, path)
    return path
  }
  return {
    fetchAhead(records) {
      const lanes: Promise<unknown>[] = Array.from({ length: FETCHES_AT_ONCE }, () => Promise.resolve())
      const wanted = new Map(records.filter(isSmall).map((record) => [record.sha256, record]))
      const missing = [...wanted.values()].filter(({ sha256 }) => !fetched.has(sha256))
      for (const [index, record] of missing.entries()) {
        const lane = index % FETCHES_AT_ONCE
        lanes[lane] = startAfter(lanes[lane]!, record)
      }
    },
    async *open(record) {
      if (!isSmall(record)) return yield* download(access, record)
      const path = fetched.get(record.sha256) ?? startAfter(Promise.resolve(), record)
      yield new Uint8Array(await readFile(await path))
    },
  }
}

/** A whole blob into a new file of this machine. */
export const downloadFile = async (access: BlobAccess, name: string, blob: BlobRef, path: string): Promise<void> => {
  const sink = await hashedFileSink(path, access.signal)
  try {
    const record: FileRecord = { kind: 'file', path: name, mode: 0o644, mtimeSeconds: 0, ...blob }
    for await (const chunk of download(access, record)) await sink.write(chunk)
  } finally {
    await sink.close()
  }
}

/** Codes that no repetition changes; every other refusal of an upload is the platform's trouble. */
const FINAL_CODES: ReadonlySet<Fault['code']> = new Set([
  'body_too_large',
  'request_invalid',
  'not_found',
  'quota_exceeded',
])

const upload = async (
  access: BlobAccess,
  blob: BlobRef,
  open: (offset: number, lengthBytes: number) => Uint8Array | ReadableStream<Uint8Array>,
): Promise<Result<BlobRef, Fault>> => {
  const sent = await uploadBlob(access, blob, open)
  if (sent.ok) return ok(blob)
  if (FINAL_CODES.has(sent.error.code)) return sent
  throw new PlatformTrouble(`upload: ${sent.error.message}`)
}

export const uploadFile = (access: BlobAccess, blob: BlobRef, path: string): Promise<Result<BlobRef, Fault>> =>
  upload(access, blob, (offset, lengthBytes) => {
    const stream = createReadStream(path, { start: offset, end: offset + lengthBytes - 1 })
    return Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array>
  })

export const uploadJson = (access: BlobAccess, value: unknown): Promise<Result<BlobRef, Fault>> =>
  uploadBytes(access, new TextEncoder().encode(JSON.stringify(value)))

export const uploadBytes = (access: BlobAccess, bytes: Uint8Array): Promise<Result<BlobRef, Fault>> => {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const open = (offset: number, lengthBytes: number) => bytes.subarray(offset, offset + lengthBytes)
  return upload(access, { sha256, sizeBytes: bytes.length }, open)
}
