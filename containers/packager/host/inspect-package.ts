// One finished file of anybody's making, read on this machine. The server reads what was pushed with it, and
// `distropack push` reads before it sends anything.
import { catchStreamFaults } from '@distropack/core/bytes/stream-fault.ts'
import type { Fault } from '@distropack/core/fault.ts'
import { type Entry, entryFault } from '@distropack/core/model/entry.ts'
import { parseFileName } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { SeekableFile } from '@distropack/core/tools.ts'
import type { Warn } from '@distropack/core/warning.ts'
import { inspectToolsFor } from './build-package.ts'
import { openSeekable } from './files.ts'

export interface Inspection {
  /** Its ending says the format. */
  readonly fileName: string
  readonly warn: Warn
  readonly signal?: AbortSignal | undefined
}

/** A small file that is in memory already. */
export const memoryFile = (bytes: Uint8Array): SeekableFile => ({
  sizeBytes: bytes.length,
  read: async (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes),
  stream: async function* (offset = 0, lengthBytes = bytes.length - offset) {
    if (lengthBytes > 0) yield bytes.subarray(offset, offset + lengthBytes)
  },
})

/** Its entry, or what is wrong with it; the fault names the file. */
export const inspectFile = async (
  file: SeekableFile,
  { fileName, warn, signal }: Inspection,
): Promise<Result<Entry, Fault>> => {
  const format = parseFileName(fileName)
  if (!format.ok) return format
  const tools = inspectToolsFor(file.sizeBytes, { warn, signal })
  const entry = await catchStreamFaults(() => format.value.inspect(file, tools))
  if (!entry.ok) return err({ ...entry.error, message: `${fileName}: ${entry.error.message}` })
  const outgrown = entryFault(entry.value)
  return outgrown ? err(outgrown) : ok(entry.value)
}

export const inspectPackage = async ({
  path,
  ...inspection
}: Inspection & { readonly path: string }): Promise<Result<Entry, Fault>> => {
  const file = await openSeekable(path, inspection.signal)
  try {
    return await inspectFile(file, inspection)
  } finally {
    await file.close()
  }
}
