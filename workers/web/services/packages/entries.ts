// Index entries as blobs: written when a package is finished, read back through the format's own schema.
import type { Format } from '@distropack/core/format.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import { findFormat } from '@distropack/core/registry.ts'
import { putBlobBytes, readBlobBytes } from '../../storage/blobs.ts'

export const formatOf = (id: string): Format => {
  const format = findFormat(id)
  if (!format) throw new Error(`no format "${id}" in the registry`)
  return format
}

export const writeEntry = async (bucket: R2Bucket, entry: Entry): Promise<string> =>
  (await putBlobBytes(bucket, new TextEncoder().encode(JSON.stringify(entry)))).sha256

/** As it was kept, by whatever schema its format had then. */
export const readEntryJson = async (bucket: R2Bucket, sha256: string): Promise<unknown> =>
  JSON.parse(new TextDecoder().decode(await readBlobBytes(bucket, sha256)))

export const readEntry = async (bucket: R2Bucket, format: Format, sha256: string): Promise<Entry> =>
  format.entrySchema.parse(await readEntryJson(bucket, sha256))
