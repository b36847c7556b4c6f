// Whether an index may have what is kept of a package: entries are older than some of the checks.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { entryFault } from '@distropack/core/model/entry.ts'
import type { Platform } from '../platform/platform.ts'
import { formatOf, readEntryJson, type StoredEntry } from './entries.ts'

/** Undefined: it may. */
export const whyNoIndexHasIt = async ({ bucket }: Platform, stored: StoredEntry): Promise<Fault | undefined> => {
  const format = formatOf(stored.format)
  const entry = format.entrySchema.safeParse(await readEntryJson(bucket, stored))
  if (entry.success) return entryFault(entry.data) ?? format.repository.refuses?.(entry.data)
  return fault('package_unsupported', 'What is kept of the package is not read here any more. Push it again.')
}
