// Whether an index may have what is kept of a package: entries are older than some of the checks.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { entryFault } from '@distropack/core/model/entry.ts'
import type { Platform } from '../platform/platform.ts'
import { formatOf, readEntryJson } from './entries.ts'

/** Undefined: it may. */
export const whyNoIndexHasIt = async (
  { bucket }: Platform,
  { format: id, entrySha256 }: { readonly format: string; readonly entrySha256: string },
): Promise<Fault | undefined> => {
  const format = formatOf(id)
  const entry = format.entrySchema.safeParse(await readEntryJson(bucket, entrySha256))
  if (entry.success) return entryFault(entry.data) ?? format.repository.refuses?.(entry.data)
  return fault('package_unsupported', 'What is kept of the package is not read here any more. Push it again.')
}
