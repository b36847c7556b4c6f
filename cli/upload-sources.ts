// Sources as the server wants them: hashed here, the missing ones sent.
import type { SourceRecord } from '@distropack/core/contract/sources.ts'
import type { UnhashedRecord } from '@distropack/core/manifest/record-tree.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { digestOfFile } from '@distropack/packager/host/source-tree.ts'
import type { Project } from './new-project.ts'
import { clientTrouble, faultTrouble, type Trouble } from './outcome.ts'
import { sendBlobs } from './send-blobs.ts'
import { formatBytes, type Terminal } from './terminal.ts'

type FileRecord = Extract<SourceRecord, { kind: 'file' }>

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

const distinct = (records: readonly SourceRecord[]): readonly FileRecord[] => {
  const files = new Map<string, FileRecord>()
  for (const record of records) if (record.kind === 'file') files.set(record.sha256, record)
  return [...files.values()]
}

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
  return sendBlobs(project, pending, terminal)
}
