// The index entry of one finished package file: everything an index says of it, and nothing of the file's bytes.
// Made by `build` and by `inspect`, kept as JSON, validated by the format's own schema on the way back in.
import { z } from 'zod'

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
