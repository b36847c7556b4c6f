// The index entry of one finished package file: everything an index says of it, and nothing of the file's bytes.
// Made by `build` and by `inspect`, kept as JSON, validated by the format's own schema on the way back in.
import * as z from 'zod'
import { type Fault, fault } from '../fault.ts'

export const packagedPathSchema = z.object({
  /** Absolute, as installed: `/usr/bin/hello`. */
  path: z.string(),
  kind: z.enum(['file', 'directory', 'symlink', 'ghost']),
})
export type PackagedPath = z.infer<typeof packagedPathSchema>

/** What every format's entry has. `version` and `arch` are in the format's own words, as its index spells them. */
export const entrySchema = z.object({
  format: z.string(),
  name: z.string(),
  version: z.string(),
  arch: z.string(),
  summary: z.string(),
  /** Base name of the package file, as the format's convention has it: `hello_1.0_amd64.deb`. */
  fileName: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  installedSizeBytes: z.number().int().nonnegative(),
  paths: z.array(packagedPathSchema),
})

export type Entry = z.infer<typeof entrySchema>

/** All its words but paths, as JSON: a kernel that provides 30,000 symbols has two of these. */
const MAX_WORDS_BYTES = 8 * 1024 * 1024
/** The words, and what a budget lets into paths, each character escaped. */
export const MAX_ENTRY_BYTES = 64 * 1024 * 1024
/** A file's name: no file system takes a longer one, and nothing that compares versions meets a longer one. */
const MAX_NAME_CHARACTERS = 255

/** What no index can carry, though the format's own tool may have made it. */
export const entryFault = (entry: Entry): Fault | undefined => {
  for (const key of ['name', 'version', 'arch', 'fileName'] as const) {
    if (entry[key].length <= MAX_NAME_CHARACTERS) continue
    const message = `The package's ${key} has ${entry[key].length} characters; ${MAX_NAME_CHARACTERS} are allowed.`
    return fault('limit_exceeded', `${message} Shorten it.`)
  }
  if (JSON.stringify({ ...entry, paths: [] }).length <= MAX_WORDS_BYTES) return undefined
  const message = 'Description, relations and other words of the package have more than 8 MiB. Shorten them.'
  return fault('limit_exceeded', message)
}
