// The `apk:` block of a manifest, key for key as nFPM documents it.
import { z } from 'zod'

export const apkBlockSchema = z.strictObject({
  arch: z.string().optional(),
  scripts: z.strictObject({ preupgrade: z.string().optional(), postupgrade: z.string().optional() }).optional(),
  signature: z
    .strictObject({ key_file: z.string().optional(), key_name: z.string().optional(), key_id: z.string().optional() })
    .optional(),
})

export type ApkBlock = z.infer<typeof apkBlockSchema>
