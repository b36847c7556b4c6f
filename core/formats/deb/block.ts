// The `deb:` block of a manifest, with what only this format knows of it: which compressions a .deb may have.

import type * as z from 'zod'
import { debBlockSchema as manifestBlockSchema } from '../../manifest/blocks.ts'
import { text } from '../../manifest/scalars.ts'

/** nFPM's words; level names are those of its zstd library. */
const COMPRESSION = /^(?:none|gzip(?::-?\d)?|xz(?::\d)?|zstd(?::(?:\d{1,2}|fastest|default|better|best))?)$/

export const debBlockSchema = manifestBlockSchema.extend({
  compression: text
    .refine(
      (word) => COMPRESSION.test(word),
      'write gzip, xz, zstd or none, with a level if you like: "gzip:9", "zstd:19"',
    )
    .optional()
    .meta({ description: 'gzip, xz, zstd or none, with a level: zstd:19' }),
})

export type DebBlock = z.infer<typeof debBlockSchema>
