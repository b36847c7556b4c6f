// The `deb:` block of a manifest, key for key as nFPM documents it.
import { z } from 'zod'

const list = z.array(z.string())

/** Level names are those of nFPM's zstd library. */
const COMPRESSION = /^(?:none|gzip(?::-?\d)?|xz(?::\d)?|zstd(?::(?:\d{1,2}|fastest|default|better|best))?)$/

export const debBlockSchema = z.strictObject({
  arch: z.string().optional(),
  arch_variant: z.string().optional(),
  scripts: z
    .strictObject({ rules: z.string().optional(), templates: z.string().optional(), config: z.string().optional() })
    .optional(),
  triggers: z
    .strictObject({
      interest: list.optional(),
      interest_await: list.optional(),
      interest_noawait: list.optional(),
      activate: list.optional(),
      activate_await: list.optional(),
      activate_noawait: list.optional(),
    })
    .optional(),
  breaks: list.optional(),
  predepends: list.optional(),
  compression: z
    .string()
    .regex(COMPRESSION, 'write gzip, xz, zstd or none, with a level if you like: "gzip:9", "zstd:19"')
    .optional(),
  fields: z.record(z.string(), z.string()).optional(),
  signature: z
    .strictObject({
      method: z.string().optional(),
      key_file: z.string().optional(),
      key_id: z.string().optional(),
      type: z.string().optional(),
      signer: z.string().optional(),
    })
    .optional(),
})

export type DebBlock = z.infer<typeof debBlockSchema>
