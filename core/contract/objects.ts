// Every key of the object store in one file: the platform writes by it, the file server reads by it.
import { z } from 'zod'

const part = z.union([
  z.object({ blob: z.string(), offset: z.number(), sizeBytes: z.number() }),
  z.object({ inline: z.string(), sizeBytes: z.number() }),
])
/** JSON of model/content.ts. */
export const contentSchema = z.object({
  sizeBytes: z.number(),
  sha256: z.string(),
  mediaType: z.string(),
  parts: z.array(part),
  inflate: z.literal(true).optional(),
})

/** A repository's one mutable object: what a reader gets now. */
export const headSchema = z.object({
  repositoryId: z.string(),
  generation: z.number().int().nonnegative(),
  access: z.enum(['public', 'private']),
  flippedAtMs: z.number(),
})
export type Head = z.infer<typeof headSchema>

/** One generation: pointer paths only, so its size is that of the channels and never of the packages. */
export const treeSchema = z.object({
  generation: z.number().int(),
  createdAtMs: z.number(),
  files: z.record(z.string(), contentSchema),
})
export type Tree = z.infer<typeof treeSchema>

/** Who may read a private repository with one token: R2 object at `grant(sha256 of the token)`. */
export const grantSchema = z.object({
  organization: z.string(),
  project: z.string().nullable(),
  expiresAtMs: z.number().nullable(),
})

export const objectKey = {
  blob: (sha256: string) => `blobs/${sha256.slice(0, 2)}/${sha256}`,
  /** A body in parts is verified here before it becomes a blob. */
  upload: (uploadKey: string) => `uploads/${uploadKey}`,
  head: (organization: string, project: string) => `heads/${organization}/${project}.json`,
  tree: (repositoryId: string, generation: number) => `repositories/${repositoryId}/generations/${generation}.json`,
  /** The last generation of a UTC day; the number falls as days pass, so a listing starts at the newest. */
  day: (repositoryId: string, day: string) =>
    `repositories/${repositoryId}/days/${99999999 - Number(day.replaceAll('-', ''))}.json`,
  dayPrefix: (repositoryId: string) => `repositories/${repositoryId}/days/`,
  /** Content of a path that never changes its bytes: JSON of one Content. */
  path: (repositoryId: string, path: string) => `repositories/${repositoryId}/paths/${path}`,
  /** Content of a path that names its own sha256, wherever it stands (by-hash folders, checksum-named metadata). */
  digest: (repositoryId: string, sha256: string) => `repositories/${repositoryId}/digests/${sha256}.json`,
  grant: (tokenSha256: string) => `grants/${tokenSha256}.json`,
} as const

/** The sha256 a path names in one of its segments, if any. */
export const digestInPath = (path: string): string | undefined =>
  path
    .split('/')
    .map((segment) => /^(?:.*[^0-9a-f])?([0-9a-f]{64})(?:[^0-9a-f].*)?$/.exec(segment)?.[1])
    .find((digest) => digest !== undefined)
