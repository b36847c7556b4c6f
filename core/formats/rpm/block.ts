// The `rpm:` block of a manifest, with what only this format knows of it: which compressions a payload may have.
import type * as z from 'zod'
import { rpmBlockSchema as manifestBlockSchema } from '../../manifest/blocks.ts'
import { text } from '../../manifest/scalars.ts'

/** nFPM's words; level names are those of its zstd library. */
const COMPRESSION =
  /^(?:none|gz(?:ip)?(?::(?:-1|[1-9]))?|(?:xz|lzma)(?::\d)?|zstd(?::(?:[1-9]|1\d|2[0-2]|fastest|default|better|best))?)$/

export const rpmBlockSchema = manifestBlockSchema.extend({
  compression: text
    .refine(
      (word) => COMPRESSION.test(word),
      'write gzip, xz, zstd or none, with a level if you like: "gzip:9", "zstd:19"',
    )
    .optional()
    .meta({ description: 'gzip, xz, zstd or none, with a level: zstd:19' }),
})

export type RpmBlock = z.infer<typeof rpmBlockSchema>
