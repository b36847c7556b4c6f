// Sources as the server wants them: hashed here, the missing ones sent, a few at once.
import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import type { ApiClient } from '@distropack/core/contract/client.ts'
import type { SourceRecord } from '@distropack/core/contract/sources.ts'
import type { SliceOpener } from '@distropack/core/contract/upload.ts'
import { fault } from '@distropack/core/fault.ts'
import type { UnhashedRecord } from '@distropack/core/manifest/record-tree.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { digestOfFile } from '@distropack/packager/host/source-tree.ts'
import { clientTrouble, faultTrouble, type Trouble } from './outcome.ts'
import { formatBytes, type Terminal } from './terminal.ts'

type FileRecord = Extract<SourceRecord, { kind: 'file' }>
type Project = ReturnType<ApiClient['inProject']>

const UPLOADS_AT_ONCE = 4

export const hashSources = async (
  records: readonly UnhashedRecord[],
  terminal: Terminal,
): Promise<Result<readonly SourceRecord[], Trouble>> => {
  const totalBytes = records.reduce((sum, record) => sum + (record.kind === 'file' ? record.sizeBytes : 0), 0)
  let doneBytes = 0
  const hashed: SourceRecord[] = []
  for (const record of records) {
    if (record.kind !== 'file') {
      hashed.push(record)
      continue
    }
    const { path, sizeBytes } = record
    const digest = await digestOfFile(process.cwd(), path, sizeBytes)
    if (!digest.ok) return faultTrouble([digest.error])
    hashed.push({ ...record, sha256: digest.value.sha256 })
    doneBytes += sizeBytes
    terminal.progress('hashing', doneBytes, totalBytes)
  }
  return ok(hashed)
}

/** Small parts are sent as they are read; a part that is sent again is read again. */
const sliceOpener =
  (path: string, onBytes: (count: number) => void): SliceOpener =>
  (offset, lengthBytes) => {
    if (lengthBytes === 0) return new Uint8Array(0)
    const stream = createReadStream(resolve(path), { start: offset, end: offset + lengthBytes - 1 })
    stream.on('data', (chunk) => onBytes(chunk.length))
    return Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array>
  }

const distinct = (records: readonly SourceRecord[]): readonly FileRecord[] => {
  const files = new Map<string, FileRecord>()
  for (const record of records) if (record.kind === 'file') files.set(record.sha256, record)
  return [...files.values()]
}

/** The server checks every hash, so one that is wrong is a file that changed after it was hashed. */
const refusal = (record: FileRecord, trouble: Parameters<typeof clientTrouble>[0]): Result<never, Trouble> =>
  trouble.faults[0]?.code === 'digest_mismatch' || trouble.faults[0]?.code === 'size_mismatch'
    ? faultTrouble([fault('source_changed', `${record.path} changed while it was sent; publish again.`)])
    : clientTrouble(trouble)

export const sendMissing = async (
  project: Project,
  records: readonly SourceRecord[],
  terminal: Terminal,
): Promise<Result<{ readonly sentBytes: number }, Trouble>> => {
  const files = distinct(records)
  const asked = await project.missingBlobs(files.map(({ sha256, sizeBytes }) => ({ sha256, sizeBytes })))
  if (!asked.ok) return clientTrouble(asked.error)
  const pending = files.filter(({ sha256 }) => asked.value.has(sha256))
  const totalBytes = pending.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  terminal.say(`${files.length} source files, ${pending.length} to send (${formatBytes(totalBytes)})`)
  let sentBytes = 0
  let failure: Result<never, Trouble> | undefined
  const lane = async (): Promise<void> => {
    for (let record = pending.shift(); record && !failure; record = pending.shift()) {
      const { path, sha256, sizeBytes } = record
      const opener = sliceOpener(path, (count) => {
        // A part that is sent twice must not fill the bar twice.
        sentBytes = Math.min(totalBytes, sentBytes + count)
        terminal.progress('uploading', sentBytes, totalBytes)
      })
      const sent = await project.upload({ sha256, sizeBytes }, opener)
      if (!sent.ok) failure ??= refusal(record, sent.error)
    }
  }
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, lane))
  return failure ?? ok({ sentBytes: totalBytes })
}
