// Bytes of index pieces: stored once under their hash, and a bounded memory of the ones a busy repository reads
// again with every publish (its tail).
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Part } from '@distropack/core/model/content.ts'
import { putBlobBytes, readBlobBytes } from '../../storage/blobs.ts'
import { storePart } from '../../storage/content.ts'

const MEMORY_BYTES = 16 * 1024 * 1024

/** Raw deflate ended by a full flush: pieces join, and each inflates by itself. */
export const deflatePiece = (raw: Uint8Array): Uint8Array =>
  new Uint8Array(deflateRawSync(raw, { level: 6, finishFlush: constants.Z_FULL_FLUSH }))

export const inflatePiece = (deflated: Uint8Array): Uint8Array =>
  deflated.length === 0 ? deflated : new Uint8Array(inflateRawSync(deflated, { finishFlush: constants.Z_SYNC_FLUSH }))

export interface PieceStore {
  /** Keeps bytes as a blob; gives its sha256. */
  put(bytes: Uint8Array): Promise<string>
  get(blob: string): Promise<Uint8Array>
  store(bytes: Uint8Array): Promise<Part>
  read(part: Part): Promise<Uint8Array>
}

export const openPieceStore = (bucket: R2Bucket): PieceStore => {
  // A Map keeps insertion order: the first key is the one not used for longest.
  const memory = new Map<string, Uint8Array>()
  let held = 0
  const remember = (blob: string, bytes: Uint8Array): void => {
    if (bytes.length > MEMORY_BYTES / 4 || memory.has(blob)) return
    memory.set(blob, bytes)
    held += bytes.length
    for (const [oldest, old] of memory) {
      if (held <= MEMORY_BYTES) return
      memory.delete(oldest)
      held -= old.length
    }
  }
  const get = async (blob: string): Promise<Uint8Array> => {
    const known = memory.get(blob)
    if (known) {
      memory.delete(blob)
      memory.set(blob, known)
      return known
    }
    const bytes = await readBlobBytes(bucket, blob)
    remember(blob, bytes)
    return bytes
  }
  return {
    get,
    put: async (bytes) => {
      const { sha256 } = await putBlobBytes(bucket, bytes)
      remember(sha256, bytes)
      return sha256
    },
    store: async (bytes) => {
      const part = await storePart(bucket, bytes)
      if ('blob' in part) remember(part.blob, bytes)
      return part
    },
    read: async (part) => {
      if ('inline' in part) return new Uint8Array(Buffer.from(part.inline, 'base64'))
      const blob = await get(part.blob)
      return blob.subarray(part.offset, part.offset + part.sizeBytes)
    },
  }
}
