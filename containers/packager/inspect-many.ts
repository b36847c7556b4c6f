// One order for many small files: their bytes come packed, each is read by itself, and what is wrong with one is said of
// that one alone. The results go back as one blob.
import { createHash } from 'node:crypto'
import type { InspectedFile, InspectManyOrder } from '@distropack/core/contract/packager.ts'
import { MAX_RESULTS_BYTES } from '@distropack/core/contract/packager.ts'
import { MAX_PACK_BYTES, type PackedBlob, readPack } from '@distropack/core/contract/packed.ts'
import { faultOfResponse } from '@distropack/core/contract/upload.ts'
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, type Result } from '@distropack/core/result.ts'
import { collectWarnings } from '@distropack/core/warning.ts'
import { type BlobAccess, PlatformTrouble, uploadBytes } from './blobs.ts'
import { inspectFile, memoryFile } from './host/inspect-package.ts'

/** Their names and sizes stand before them. */
const MAX_BODY_BYTES = MAX_PACK_BYTES + 256 * 1024

const readBody = async (response: Response): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes > MAX_BODY_BYTES) throw new PlatformTrouble('a pack is larger than a pack may be')
  }
  return Buffer.concat(chunks)
}

const fetchPack = async (
  { token, fetch, signal }: BlobAccess,
  url: string,
  files: InspectManyOrder['files'],
): Promise<readonly PackedBlob[]> => {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal })
  if (!response.ok) throw new PlatformTrouble(`${url}: ${(await faultOfResponse(response)).message}`)
  const packed = readPack(await readBody(response))
  if (!packed.ok) throw new PlatformTrouble(packed.error.message)
  const isAsked = packed.value.every(({ blob, bytes }, at) => {
    const { sha256 } = files[at]?.file ?? {}
    return blob.sha256 === sha256 && createHash('sha256').update(bytes).digest('hex') === sha256
  })
  if (!isAsked || packed.value.length !== files.length)
    throw new PlatformTrouble(`${url}: other bytes than were promised`)
  return packed.value
}

/** The runtime's own ends of strings, arrays and stacks: this file would meet them again. */
const outgrown = (fileName: string): Fault =>
  fault('limit_exceeded', `${fileName}: there is more in it than can be held at once. Split the package.`)

const inspectOne = async (fileName: string, bytes: Uint8Array, signal: AbortSignal): Promise<InspectedFile> => {
  const { warn, warnings } = collectWarnings(() => undefined)
  const entry = await inspectFile(memoryFile(bytes), { fileName, warn, signal }).catch((error: unknown) => {
    if (error instanceof RangeError) return err(outgrown(fileName))
    throw error
  })
  const said = { fileName, warnings: [...warnings()] }
  return entry.ok ? { ...said, entry: entry.value, faults: [] } : { ...said, faults: [entry.error] }
}

/** A results blob of this order, or why it could not be stored. */
export const inspectMany = async (
  { packsUrl, packs, files }: InspectManyOrder,
  access: BlobAccess,
  log: (line: string) => void,
): Promise<Result<BlobRef, Fault>> => {
  const lines: string[] = []
  let sizeBytes = 0
  let at = 0
  for (const [number, count] of packs.entries()) {
    const some = files.slice(at, at + count)
    at += count
    const packed = await fetchPack(access, `${packsUrl}/${number}`, some)
    for (const [index, { bytes }] of packed.entries()) {
      const { fileName = '' } = some[index] ?? {}
      const found = await inspectOne(fileName, bytes, access.signal)
      const line = `${JSON.stringify(found)}\n`
      sizeBytes += line.length * 2
      const alone: InspectedFile = { fileName, faults: [], warnings: [], isLarge: true }
      lines.push(sizeBytes > MAX_RESULTS_BYTES ? `${JSON.stringify(alone)}\n` : line)
      if (sizeBytes > MAX_RESULTS_BYTES) sizeBytes -= line.length * 2
      // The beat must go out, and a caller who left must be seen.
      if (index % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
      access.signal.throwIfAborted()
    }
  }
  log(`read ${files.length} files`)
  return uploadBytes(access, new TextEncoder().encode(lines.join('')))
}
