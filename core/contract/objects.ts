// Shapes of the JSON objects of the object store; their keys are in object-keys.ts.
import * as z from 'zod'

const part = z.union([
  z.object({ blob: z.string(), offset: z.number(), sizeBytes: z.number() }),
  z.object({ inline: z.string(), sizeBytes: z.number() }),
])
/** JSON of model/content.ts. */
export const contentSchema = z.object({
  sizeBytes: z.number(),
  sha256: z.string(),
  mediaType: z.string(),
  parts: z.array(part).readonly(),
  inflate: z.literal(true).optional(),
})

/**
 * The object at `path`. `isWithdrawn`: it is yanked; who names the path itself gets it, and nobody else. `companions`: what
 * is served at this path and an ending more, as `.sig`.
 */
export const pathSchema = contentSchema.extend({
  isWithdrawn: z.literal(true).optional(),
  companions: z.record(z.string(), contentSchema).optional(),
})
export type PathFile = z.infer<typeof pathSchema>

/** A repository's one mutable object: what a reader gets now. */
export const headSchema = z.object({
  repositoryId: z.string(),
  generation: z.number().int().nonnegative(),
  access: z.enum(['public', 'private']),
  /** Whose it is now, also where this head stands at an address it had before: grants are compared with this. */
  owner: z.object({ organization: z.string(), project: z.string() }).optional(),
  flippedAtMs: z.number(),
})
export type Head = z.infer<typeof headSchema>

/**
 * `pin`: a reader is sent to the same path under `/@{generation}/`, so that a file and its signature agree.
 * `packagePath`: the very file that is served there, and gone with it, also from the generations of before.
 */
export const treeFileSchema = contentSchema.extend({
  pin: z.literal(true).optional(),
  packagePath: z.string().optional(),
})
export type TreeFile = z.infer<typeof treeFileSchema>

/** One generation: pointer paths only, so its size is that of the channels and never of the packages. */
export const treeSchema = z.object({
  generation: z.number().int(),
  createdAtMs: z.number(),
  files: z.record(z.string(), treeFileSchema),
})
export type Tree = z.infer<typeof treeSchema>

/** The object at `day`: written with every flip, so it ends as the day's last generation. */
export const daySchema = z.object({ generation: z.number().int().nonnegative() })
export type Day = z.infer<typeof daySchema>

/** What one token may read of private repositories: R2 object at `grant(sha256 of the token)`. */
export const grantSchema = z.object({
  reach: z.array(
    z.object({
      organization: z.string(),
      /** null: every project of the organization. */
      project: z.string().nullable(),
    }),
  ),
  expiresAtMs: z.number().nullable(),
})
export type Grant = z.infer<typeof grantSchema>

export { digestInPath, objectKey } from './object-keys.ts'
