// One finished file of anybody's making, read on this machine. The server reads what was pushed with it, and
// `distropack push` reads before it sends anything.
import { catchStreamFaults } from '@distropack/core/bytes/stream-fault.ts'
import type { Fault } from '@distropack/core/fault.ts'
import { type Entry, entryFault } from '@distropack/core/model/entry.ts'
import { parseFileName } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { Warn } from '@distropack/core/warning.ts'
import { inspectToolsFor } from './build-package.ts'
import { openSeekable } from './files.ts'

export interface Inspection {
  /** Its ending says the format. */
  readonly fileName: string
  readonly path: string
  readonly warn: Warn
  readonly signal?: AbortSignal | undefined
}

/** Its entry, or what is wrong with it; the fault names the file. */
export const inspectPackage = async ({ fileName, path, warn, signal }: Inspection): Promise<Result<Entry, Fault>> => {
  const format = parseFileName(fileName)
  if (!format.ok) return format
  const file = await openSeekable(path, signal)
  try {
    const tools = inspectToolsFor(file.sizeBytes, { warn, signal })
    const entry = await catchStreamFaults(() => format.value.inspect(file, tools))
    if (!entry.ok) return err({ ...entry.error, message: `${fileName}: ${entry.error.message}` })
    const outgrown = entryFault(entry.value)
    return outgrown ? err(outgrown) : ok(entry.value)
  } finally {
    await file.close()
  }
}
