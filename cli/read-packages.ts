// Finished packages as the server will read them, before anything is sent: what it would refuse (a damaged package, an
// archive of another tool, which no index can describe) is said of all files at once. Each is hashed as it is read.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { MAX_PACKED_BLOB_BYTES } from '@distropack/core/contract/packed.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { unheard } from '@distropack/core/warning.ts'
import { inspectFile, inspectPackage, memoryFile } from '@distropack/packager/host/inspect-package.ts'
import { digestOfFile } from '@distropack/packager/host/source-tree.ts'
import { faultTrouble, type Trouble } from './outcome.ts'
import type { Terminal } from './terminal.ts'

export interface FoundPackage {
  readonly path: string
  readonly fileName: string
  readonly sizeBytes: number
}

export interface ReadPackage extends FoundPackage {
  readonly sha256: string
  /** Its words; not its file list, which would be held for ten thousand packages. */
  readonly entry: Pick<Entry, 'name' | 'version' | 'arch'>
}

/** Side by side, so that one is decompressed while another is parsed. */
const READ_AT_ONCE = 4

const changed = (path: string): Fault => fault('source_changed', `${path} changed while it was read; push again.`)

// The server says warnings of what it reads.
const about = (fileName: string) => ({ fileName, warn: unheard })

const readOne = async (found: FoundPackage): Promise<Result<ReadPackage, Fault>> => {
  const { path, fileName, sizeBytes } = found
  if (sizeBytes <= MAX_PACKED_BLOB_BYTES) {
    const bytes = await readFile(path)
    if (bytes.length !== sizeBytes) return { ok: false, error: changed(path) }
    const entry = await inspectFile(memoryFile(bytes), about(fileName))
    if (!entry.ok) return entry
    return ok({ ...found, sha256: createHash('sha256').update(bytes).digest('hex'), entry: wordsOf(entry.value) })
  }
  const entry = await inspectPackage({ ...about(fileName), path })
  if (!entry.ok) return entry
  const digest = await digestOfFile(process.cwd(), path, sizeBytes)
  return digest.ok ? ok({ ...found, sha256: digest.value.sha256, entry: wordsOf(entry.value) }) : digest
}

const wordsOf = ({ name, version, arch }: Entry): ReadPackage['entry'] => ({ name, version, arch })

export const readPackages = async (
  files: readonly FoundPackage[],
  terminal: Terminal,
): Promise<Result<readonly ReadPackage[], Trouble>> => {
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const read: (ReadPackage | undefined)[] = []
  const faults: Fault[] = []
  let readBytes = 0
  const left = [...files.entries()].values()
  const lane = async (): Promise<void> => {
    for (const [at, file] of left) {
      const one = await readOne(file)
      if (one.ok) read[at] = one.value
      else faults.push(one.error)
      readBytes += file.sizeBytes
      terminal.progress('reading', readBytes, totalBytes)
    }
  }
  await Promise.all(Array.from({ length: READ_AT_ONCE }, lane))
  if (faults.length === 0) return ok(read.filter((each) => each !== undefined))
  const count = `${faults.length} of ${files.length} files would be refused.`
  return faultTrouble([...faults, fault('package_corrupt', `Nothing was sent: ${count}`)])
}
