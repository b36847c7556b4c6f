// Packages a server keeps: a manifest edited in place, targets, and named file slots whose uploads are all kept.
import * as z from 'zod'
import { requestObject, requestRecord } from './request.ts'
import { channelSchema, sentBlobSchema, sha256Schema, slugSchema } from './wire.ts'

/** What a manifest writes as a source to mean a slot: `src: slot:source-tarball`. */
export const SLOT_PREFIX = 'slot:'

export const slotSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/i, 'a slot is 1 to 64 letters, digits, ., _ and -')

export const packageFileSchema = z
  .object({
    id: z.string(),
    slot: slotSchema,
    fileName: z.string(),
    sha256: sha256Schema,
    sizeBytes: z.number().int(),
    mode: z.number().int().meta({ description: 'Permission bits a manifest finds; its file_info may say others' }),
    uploadedBy: z.string(),
    createdAtMs: z.number(),
  })
  .meta({ id: 'PackageFile' })

const targets = z.array(z.string().max(40)).min(1).max(200)

export const packageSchema = z
  .object({
    id: z.string(),
    uuid: z.string().meta({ description: 'The same id as a UUID, for tools that want one' }),
    package: slugSchema,
    manifest: z.string(),
    revision: z.number().int().meta({ description: 'Grows with every edit; also the ETag' }),
    targets: targets.nullable().meta({ description: 'null: what the manifest says' }),
    channel: channelSchema,
    slots: z.array(z.object({ slot: z.string(), file: packageFileSchema.nullable() })).meta({
      description: 'Each slot of the manifest with its newest upload; null: nothing uploaded yet',
    }),
    archivedAtMs: z.number().nullable(),
    createdAtMs: z.number(),
    changedAtMs: z.number(),
  })
  .meta({ id: 'Package' })

const manifest = z
  .string()
  .min(1)
  .max(512 * 1024)

export const createPackageSchema = requestObject({
  package: slugSchema,
  manifest,
  targets: targets.optional(),
  channel: channelSchema.default('stable'),
}).meta({ id: 'CreatePackage' })

export const editPackageSchema = requestObject({
  manifest: manifest.optional(),
  targets: targets.nullable().optional(),
  channel: channelSchema.optional(),
  archived: z.boolean().optional(),
}).meta({ id: 'EditPackage' })

export const addPackageFileSchema = sentBlobSchema
  .extend({
    fileName: z.string().regex(/^[^/\p{Cc}]{1,255}$/u, 'a file name without folders'),
    mode: z.number().int().min(0).max(0o7777).default(0o644),
  })
  .meta({ id: 'AddPackageFile' })

export const buildPackageSchema = requestObject({
  version: z.string().max(200).optional(),
  targets: targets.optional().meta({ description: 'Instead of the package’s own' }),
  channel: channelSchema.optional(),
  files: requestRecord(slotSchema, z.string()).default({}).meta({
    description: 'An upload’s id for a slot, instead of its newest',
  }),
  variables: requestRecord(z.string(), z.string()).default({}),
}).meta({ id: 'BuildPackage' })

/** Which upload of each slot a build used. */
export const usedFileSchema = z.object({ slot: z.string(), fileId: z.string(), sha256: sha256Schema })
export type UsedFile = z.infer<typeof usedFileSchema>
