// Many small blobs as one body, from the CLI to the platform and from the platform to its packager: a line of JSON that
// names them, then their bytes in that order. Whoever reads it checks each against its sha256.
import * as z from 'zod'
import { type Fault, fault } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'
import { requestObject } from './request.ts'
import { type BlobRef, sentBlobSchema } from './wire.ts'

/** A blob that is larger goes by itself. */
export const MAX_PACKED_BLOB_BYTES = 1024 * 1024
/** Of one body, whose blobs an isolate holds while it stores them; and what one question to D1 names. */
export const MAX_PACK_BYTES = 8 * 1024 * 1024
export const MAX_PACK_BLOBS = 500
/** A blob's name and size have some 100 characters. */
const MAX_HEADER_BYTES = 128 * 1024

const headerSchema = requestObject({ blobs: z.array(sentBlobSchema).min(1).max(MAX_PACK_BLOBS) })

export const packHeader = (blobs: readonly BlobRef[]): Uint8Array =>
  new TextEncoder().encode(
    `${JSON.stringify({ blobs: blobs.map(({ sha256, sizeBytes }) => ({ sha256, sizeBytes })) })}\n`,
  )

/** The whole body; `bytes` has each blob's, in their order. */
export const joinPack = (blobs: readonly BlobRef[], bytes: readonly Uint8Array[]): Uint8Array => {
  const pieces = [packHeader(blobs), ...bytes]
  const body = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    body.set(piece, at)
    at += piece.length
  }
  return body
}

/** A pack's parts: as many blobs as one body takes, in their order. */
export const cutPacks = <T extends BlobRef>(blobs: readonly T[]): T[][] => {
  const packs: T[][] = []
  let bytes = 0
  for (const blob of blobs) {
    const last = packs.at(-1)
    if (!last || last.length >= MAX_PACK_BLOBS || bytes + blob.sizeBytes > MAX_PACK_BYTES) {
      packs.push([blob])
      bytes = blob.sizeBytes
    } else {
      last.push(blob)
      bytes += blob.sizeBytes
    }
  }
  return packs
}

const invalid = (what: string): Fault => fault('request_invalid', `This is no pack of blobs: ${what}.`)

export interface PackedBlob {
  readonly blob: BlobRef
  readonly bytes: Uint8Array
}

/** The blobs of a whole body; views of it. */
export const readPack = (body: Uint8Array): Result<readonly PackedBlob[], Fault> => {
  const end = body.subarray(0, MAX_HEADER_BYTES).indexOf(0x0a)
  if (end < 0) return err(invalid('it begins with a line of JSON that names them'))
  let named: z.infer<typeof headerSchema>
  try {
    const header = headerSchema.safeParse(JSON.parse(new TextDecoder().decode(body.subarray(0, end))))
    if (!header.success) return err(invalid(header.error.issues[0]?.message ?? 'its first line'))
    named = header.data
  } catch {
    return err(invalid('its first line is no JSON'))
  }
  const packed: PackedBlob[] = []
  let at = end + 1
  for (const blob of named.blobs) {
    if (blob.sizeBytes > MAX_PACKED_BLOB_BYTES) {
      return err(
        fault('body_too_large', `A packed blob has at most ${MAX_PACKED_BLOB_BYTES} bytes; send it by itself.`),
      )
    }
    packed.push({ blob, bytes: body.subarray(at, at + blob.sizeBytes) })
    at += blob.sizeBytes
  }
  return at === body.length
    ? ok(packed)
    : err(fault('size_mismatch', `The pack has ${body.length} bytes, and its first line says ${at}.`))
}
