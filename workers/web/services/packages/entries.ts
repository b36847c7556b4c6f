// Index entries as blobs: written when a package is finished, read back through the format's own schema.
import type { Format } from '@distropack/core/format.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import { findFormat } from '@distropack/core/registry.ts'
import type { ByteRange } from '../../db/schema.ts'
import { openBlobFile, putBlobBytes, readBlobBytes } from '../../storage/blobs.ts'

export const formatOf = (id: string): Format => {
  const format = findFormat(id)
  if (!format) throw new Error(`no format "${id}" in the registry`)
  return format
}

export const writeEntry = async (bucket: R2Bucket, entry: Entry): Promise<Omit<StoredEntry, 'format'>> => {
  const { sha256, sizeBytes } = await putBlobBytes(bucket, new TextEncoder().encode(JSON.stringify(entry)))
  return { entrySha256: sha256, entryRange: { offset: 0, sizeBytes } }
}

/** Where an artifact's entry stands: a blob of its own, or a part of one that holds those of many. */
export interface StoredEntry {
  readonly format: string
  readonly entrySha256: string
  readonly entryRange: ByteRange | null
}

const parseEntry = (format: Format, bytes: Uint8Array): Entry =>
  format.entrySchema.parse(JSON.parse(new TextDecoder().decode(bytes)))

/** Blobs open at once: connections a Worker may have. */
const READ_AT_ONCE = 6

/** As it was kept, by whatever schema its format had then. */
export const readEntryJson = async (bucket: R2Bucket, stored: Omit<StoredEntry, 'format'>): Promise<unknown> =>
  JSON.parse(new TextDecoder().decode(await readStored(bucket, stored)))

const readStored = async (bucket: R2Bucket, { entrySha256: sha256, entryRange }: Omit<StoredEntry, 'format'>) => {
  if (!entryRange) return readBlobBytes(bucket, sha256)
  const { offset, sizeBytes } = entryRange
  return openBlobFile(bucket, { sha256, sizeBytes: offset + sizeBytes }).read(offset, sizeBytes)
}

export const readEntryOf = async (bucket: R2Bucket, row: StoredEntry): Promise<Entry> =>
  parseEntry(formatOf(row.format), await readStored(bucket, row))

/** Of one blob: one range of it, or the whole, which is read once. */
const readAlike = async (bucket: R2Bucket, some: readonly StoredEntry[]): Promise<[StoredEntry, Entry][]> => {
  const [first] = some
  if (!first) return []
  if (some.length === 1) return [[first, await readEntryOf(bucket, first)]]
  const bytes = await readBlobBytes(bucket, first.entrySha256)
  return some.map((row) => {
    const { offset, sizeBytes } = row.entryRange ?? { offset: 0, sizeBytes: bytes.length }
    return [row, parseEntry(formatOf(row.format), bytes.subarray(offset, offset + sizeBytes))]
  })
}

/** In the order of the rows. Entries that stand in one blob cost one read. */
export const readEntries = async (bucket: R2Bucket, rows: readonly StoredEntry[]): Promise<readonly Entry[]> => {
  const found = new Map<StoredEntry, Entry>()
  const left = Map.groupBy(rows, ({ entrySha256 }) => entrySha256).values()
  const lane = async (): Promise<void> => {
    for (const some of left) for (const [row, entry] of await readAlike(bucket, some)) found.set(row, entry)
  }
  await Promise.all(Array.from({ length: READ_AT_ONCE }, lane))
  return rows.map((row) => found.get(row) as Entry)
}

/** One that is no artifact's yet, and a blob of its own. */
export const readEntry = async (bucket: R2Bucket, format: Format, sha256: string): Promise<Entry> =>
  parseEntry(format, await readBlobBytes(bucket, sha256))
