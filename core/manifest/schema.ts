// The manifest's shape: every key of nfpm.yaml under nFPM's name, and DistroPack's own `targets`, `archive`,
// `macos` and `build`. Nothing is defaulted here; resolve.ts knows the defaults and what they depend on.
import * as z from 'zod'
import {
  apkBlockSchema,
  archiveBlockSchema,
  archlinuxBlockSchema,
  debBlockSchema,
  ipkBlockSchema,
  msixBlockSchema,
  rpmBlockSchema,
} from './blocks.ts'
import { flag, permissions, text, texts, timestamp } from './scalars.ts'

export const CONTENT_TYPES = [
  '',
  'file',
  'config',
  'config|noreplace',
  'config|missingok',
  'dir',
  'implicit dir',
  'symlink',
  'tree',
  'config|tree',
  'config|noreplace|tree',
  'config|missingok|tree',
  'ghost',
  'doc',
  'license',
  'licence',
  'readme',
] as const
export type ContentType = (typeof CONTENT_TYPES)[number]

/** nFPM's packagers and our archives; `overrides:` takes no other key. */
export const PACKAGERS = ['apk', 'archive', 'archlinux', 'deb', 'ipk', 'msix', 'rpm', 'srpm'] as const

export const contentSchema = z.strictObject({
  src: text.optional().meta({ description: 'File, folder or glob on this machine; for a symlink, what it points to' }),
  dst: text.optional().meta({ description: 'Where it is installed; with a trailing slash, the folder it goes into' }),
  type: z.enum(CONTENT_TYPES).optional(),
  packager: text.optional().meta({ description: 'Only in packages of this format' }),
  expand: flag.optional().meta({ description: 'Expand environment variables in src and dst' }),
  file_info: z
    .strictObject({
      owner: text.optional(),
      group: text.optional(),
      mode: permissions.optional().meta({ description: 'Octal, with its leading zero: 0644' }),
      mtime: timestamp.optional(),
      lang: text.optional().meta({ description: 'rpm only: %lang' }),
    })
    .optional(),
  disown_subtree: texts.optional().meta({ description: 'Folders of a tree that the package does not own' }),
})
export type Content = z.infer<typeof contentSchema>

const overridable = {
  replaces: texts.optional(),
  provides: texts.optional(),
  depends: texts.optional(),
  recommends: texts.optional(),
  suggests: texts.optional(),
  conflicts: texts.optional(),
  contents: z.array(contentSchema).optional(),
  umask: permissions.optional().meta({ description: 'Taken from the mode of files without a mode of their own' }),
  scripts: z
    .strictObject({
      preinstall: text.optional(),
      postinstall: text.optional(),
      preremove: text.optional(),
      postremove: text.optional(),
    })
    .optional(),
  rpm: rpmBlockSchema.optional(),
  deb: debBlockSchema.optional(),
  apk: apkBlockSchema.optional(),
  archlinux: archlinuxBlockSchema.optional(),
  ipk: ipkBlockSchema.optional(),
  msix: msixBlockSchema.optional(),
}
const overridesSchema = z.strictObject(overridable)

export const manifestSchema = z
  .strictObject({
    name: text.meta({ description: 'Package name' }),
    arch: text.optional().meta({ description: 'In words of Go: amd64, arm64, arm7, all …' }),
    platform: text.optional().meta({ description: 'Default: linux' }),
    version: text.optional().meta({ description: 'Replaced by --version' }),
    version_schema: z.enum(['semver', 'none']).optional(),
    epoch: text.optional(),
    prerelease: text.optional(),
    version_metadata: text.optional(),
    release: text.optional(),
    section: text.optional(),
    priority: text.optional(),
    maintainer: text.optional(),
    description: text.optional(),
    vendor: text.optional(),
    homepage: text.optional(),
    license: text.optional(),
    changelog: text.optional().meta({ description: 'A YAML file as chglog writes it' }),
    disable_globbing: flag.optional(),
    mtime: timestamp.optional(),
    ...overridable,
    overrides: z
      .strictObject({
        apk: overridesSchema.optional(),
        archive: overridesSchema.optional(),
        archlinux: overridesSchema.optional(),
        deb: overridesSchema.optional(),
        ipk: overridesSchema.optional(),
        msix: overridesSchema.optional(),
        rpm: overridesSchema.optional(),
        srpm: overridesSchema.optional(),
      })
      .optional(),
    allow_foreign_binaries: flag
      .optional()
      .meta({ description: 'Ours: pack programs for other machines than the target’s all the same' }),
    project: text.optional().meta({ description: 'Where the command line publishes it: organization/name' }),
    targets: texts.optional().meta({ description: 'What is built when nobody says otherwise: deb/amd64' }),
    archive: archiveBlockSchema.optional(),
    macos: z.looseObject({}).optional(),
    build: z.looseObject({}).optional(),
  })
  .meta({ title: 'distropack.yaml', description: 'A DistroPack manifest. Every nfpm.yaml is one.' })

export type ManifestValues = z.infer<typeof manifestSchema>
export type Overridables = z.infer<typeof overridesSchema>
export type Packager = (typeof PACKAGERS)[number]

/** For editors; written to docs/manifest.schema.json. */
export const manifestJsonSchema = (): object => z.toJSONSchema(manifestSchema, { io: 'input' })
