// The index entry of an archive: what its install.sh says of it, and what it holds.
import * as z from 'zod'
import { type Fault, fault } from '../../fault.ts'
import { parseArchitecture } from '../../model/arch.ts'
import { entrySchema, type PackagedPath } from '../../model/entry.ts'
import { err, ok, type Result } from '../../result.ts'
import { hasControl, quoteForMessage } from '../../text/line.ts'
import { ARCHIVE_IDS, type ArchiveId, isArchiveName, isArchiveVersion, isPlatform, stemOf } from './names.ts'

const line = z.string().refine((text) => !hasControl(text))
const archWord = z.string().refine((word) => parseArchitecture(word) === word)

export const factsSchema = z.object({
  name: z.string().refine(isArchiveName),
  version: z.string().refine(isArchiveVersion),
  os: z.string().refine(isPlatform),
  arch: archWord,
  summary: line,
  layout: z.enum(['root', 'flat']),
})

export const archiveEntrySchema = entrySchema.extend({
  format: z.enum(ARCHIVE_IDS),
  name: z.string().refine(isArchiveName),
  version: z.string().refine(isArchiveVersion),
  arch: archWord,
  os: z.string().refine(isPlatform),
  summary: line,
})
export type ArchiveEntry = z.infer<typeof archiveEntrySchema>

interface FileFacts {
  readonly id: ArchiveId
  readonly facts: unknown
  /** Below the top folder, each with a leading slash, install.sh left out. */
  readonly paths: readonly PackagedPath[]
  readonly installedSizeBytes: number
}

/** Everything but the finished file's size and digest. Both `build` and `inspect` end here, so they agree. */
export const entryOf = (file: FileFacts): Result<Omit<ArchiveEntry, 'sizeBytes' | 'sha256'>, Fault> => {
  const facts = factsSchema.safeParse(file.facts)
  if (!facts.success) {
    const message = 'The archive has no install.sh that says what it is. Only archives built here can be published.'
    return err(fault('package_unsupported', message))
  }
  const bad = file.paths.find(({ path }) => hasControl(path))
  if (bad) {
    return err(fault('package_unsupported', `The path ${quoteForMessage(bad.path)} has a control character in it.`))
  }
  const { name, version, os, arch, summary } = facts.data
  return ok({
    format: file.id,
    name,
    version,
    arch,
    os,
    summary,
    fileName: `${stemOf(facts.data)}.${file.id}`,
    installedSizeBytes: file.installedSizeBytes,
    paths: [...file.paths],
  })
}
