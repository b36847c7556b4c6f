// The blocks of single formats (`deb:`, `rpm:` …), also of formats not built yet, so that every nfpm.yaml is
// checked whole. A format's `blockSchema` is taken from here. Keys and meaning: nFPM's configuration reference.
import * as z from 'zod'
import { flag, integer, text, texts } from './scalars.ts'

/** Only for `build` on the user's own machine: a key file is never uploaded. */
const signature = { key_file: text.optional(), key_id: text.optional() }
const upgradeScripts = z.strictObject({ preupgrade: text.optional(), postupgrade: text.optional() })
const fields = z.record(z.string(), text)

export const debBlockSchema = z.strictObject({
  arch: text.optional().meta({ description: "Debian's word, used as it is" }),
  arch_variant: text.optional().meta({ description: 'amd64v1 to amd64v4' }),
  scripts: z.strictObject({ rules: text.optional(), templates: text.optional(), config: text.optional() }).optional(),
  triggers: z
    .strictObject({
      interest: texts.optional(),
      interest_await: texts.optional(),
      interest_noawait: texts.optional(),
      activate: texts.optional(),
      activate_await: texts.optional(),
      activate_noawait: texts.optional(),
    })
    .optional(),
  breaks: texts.optional(),
  predepends: texts.optional(),
  signature: z
    .strictObject({ ...signature, method: text.optional(), type: text.optional(), signer: text.optional() })
    .optional(),
  compression: text.optional().meta({ description: 'gzip, xz, zstd or none, with a level: zstd:19' }),
  fields: fields.optional().meta({ description: 'More control fields; an empty one is left out' }),
})
export type DebBlock = z.infer<typeof debBlockSchema>

export const apkBlockSchema = z.strictObject({
  arch: text.optional().meta({ description: "Alpine's word, used as it is" }),
  signature: z.strictObject({ ...signature, key_name: text.optional() }).optional(),
  scripts: upgradeScripts.extend({ trigger: text.optional() }).optional(),
  triggers: texts.optional().meta({ description: 'Ours: folders (globs) whose changes run `scripts.trigger`' }),
})
export type ApkBlock = z.infer<typeof apkBlockSchema>

export const rpmBlockSchema = z.strictObject({
  arch: text.optional().meta({ description: "rpm's word, used as it is" }),
  buildhost: text.optional(),
  scripts: upgradeScripts
    .extend({ pretrans: text.optional(), posttrans: text.optional(), verify: text.optional() })
    .optional()
    .meta({ description: 'With preupgrade or postupgrade (ours), the others run on installation and removal only' }),
  requires: z.strictObject({ post: texts.optional() }).optional(),
  group: text.optional(),
  summary: text.optional().meta({ description: "Default: the description's first line" }),
  compression: text.optional().meta({ description: 'gzip, xz, lzma or zstd, with a level: zstd:19' }),
  signature: z.strictObject(signature).optional(),
  packager: text.optional(),
  prefixes: texts.optional(),
})
export type RpmBlock = z.infer<typeof rpmBlockSchema>

export const archlinuxBlockSchema = z.strictObject({
  pkgbase: text.optional(),
  arch: text.optional().meta({ description: "pacman's word, used as it is" }),
  packager: text.optional(),
  scripts: upgradeScripts.optional(),
})
export type ArchlinuxBlock = z.infer<typeof archlinuxBlockSchema>

export const ipkBlockSchema = z.strictObject({
  abi_version: text.optional(),
  alternatives: z
    .array(z.strictObject({ priority: integer.optional(), target: text.optional(), link_name: text.optional() }))
    .optional(),
  arch: text.optional(),
  auto_installed: flag.optional(),
  essential: flag.optional(),
  fields: fields.optional(),
  predepends: texts.optional(),
  tags: texts.optional(),
})

export const msixBlockSchema = z.strictObject({
  arch: text.optional(),
  publisher: text.optional(),
  identity: z.strictObject({ resource_id: text.optional() }).optional(),
  properties: z
    .strictObject({
      display_name: text.optional(),
      publisher_display_name: text.optional(),
      logo: text.optional(),
    })
    .optional(),
  applications: z
    .array(
      z.strictObject({
        id: text.optional(),
        executable: text.optional(),
        entry_point: text.optional(),
        visual_elements: z
          .strictObject({
            display_name: text.optional(),
            description: text.optional(),
            background_color: text.optional(),
            square150x150_logo: text.optional(),
            square44x44_logo: text.optional(),
          })
          .optional(),
      }),
    )
    .optional(),
  dependencies: z
    .strictObject({
      target_device_families: z
        .array(
          z.strictObject({ name: text.optional(), min_version: text.optional(), max_version_tested: text.optional() }),
        )
        .optional(),
    })
    .optional(),
  capabilities: z
    .strictObject({
      capabilities: texts.optional(),
      device_capabilities: texts.optional(),
      restricted: texts.optional(),
    })
    .optional(),
  signature: z.strictObject({ pfx_file: text.optional() }).optional(),
})

/** Ours: nFPM has no archives. */
export const archiveBlockSchema = z.strictObject({
  layout: z
    .enum(['root', 'flat'])
    .optional()
    .meta({ description: 'root (default): the tree as it is installed; flat: all files beside install.sh' }),
})
export type ArchiveBlock = z.infer<typeof archiveBlockSchema>
