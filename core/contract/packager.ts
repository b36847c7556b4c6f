// What the platform asks of a packager, and what it answers: one POST, answered by lines of JSON while it builds.
// The packager is hostile ground: it gets no key, and a token that opens this one job's blobs.
import * as z from 'zod'
import { sourceRecordSchema } from './sources.ts'
import { blobRefSchema, faultSchema, warningsSchema } from './wire.ts'

const orderFields = {
  jobId: z.string(),
  /** Blobs are read from and written to `${blobsUrl}/{sha256}`, see upload.ts, with `Authorization: Bearer {token}`. */
  blobsUrl: z.url(),
  token: z.string(),
}

/** Make a package from a manifest and its sources. */
export const buildOrderSchema = z.object({
  ...orderFields,
  kind: z.literal('build'),
  /** `deb/amd64` */
  target: z.string(),
  /** The manifest as written; the version below replaces its own when given. */
  manifest: z.string(),
  manifestFile: z.string().default('distropack.yaml'),
  version: z.string().optional(),
  /** Values for `${VARIABLE}` in the manifest, as the publisher's machine had them. */
  variables: z.record(z.string(), z.string()).default({}),
  sources: z.array(sourceRecordSchema),
  /** For everything the manifest gives no time. */
  mtimeSeconds: z.number().int(),
})
export type BuildOrder = z.infer<typeof buildOrderSchema>

/** Read a package somebody else made: refuse it, or say what an index needs to know. The file stays as it is. */
export const inspectOrderSchema = z.object({
  ...orderFields,
  kind: z.literal('inspect'),
  /** Its ending says the format. */
  fileName: z.string(),
  file: blobRefSchema,
})
export type InspectOrder = z.infer<typeof inspectOrderSchema>

/** Read many small ones at once. */
export const inspectManyOrderSchema = z.object({
  ...orderFields,
  kind: z.literal('inspect-many'),
  /** Their bytes, packed (packed.ts), in packs of so many files as `packs` says, at `${packsUrl}/{0, 1, …}`. */
  packsUrl: z.url(),
  packs: z.array(z.number().int().positive()).min(1),
  files: z.array(z.object({ fileName: z.string(), file: blobRefSchema })).min(1),
})
export type InspectManyOrder = z.infer<typeof inspectManyOrderSchema>

/** POST {packager}/v1/builds */
export const orderSchema = z.discriminatedUnion('kind', [buildOrderSchema, inspectOrderSchema, inspectManyOrderSchema])
export type Order = z.infer<typeof orderSchema>

/** Results of one order for many: what is longer is read by an order of its own. */
export const MAX_RESULTS_BYTES = 16 * 1024 * 1024

/** A line of the results of an order for many files, one a file in their order; each is right or wrong by itself. */
export const inspectedFileSchema = z.object({
  fileName: z.string(),
  /** The entry, for its format's own schema. */
  entry: z.unknown().optional(),
  faults: z.array(faultSchema).default([]),
  warnings: warningsSchema.default([]),
  /** Neither: its entry is too long to stand among others. */
  isLarge: z.literal(true).optional(),
})
export type InspectedFile = z.infer<typeof inspectedFileSchema>

/** Lines of the answer (application/x-ndjson). The last is `done` or `failed`; without one the build was cut off. */
export const buildEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('log'), atMs: z.number(), line: z.string() }),
  /** Sent at least every 10 seconds, so that the other side can tell slow from dead. */
  z.object({ type: z.literal('beat'), atMs: z.number() }),
  z.object({
    type: z.literal('done'),
    artifact: blobRefSchema,
    /** The entry as a JSON blob: file lists can outgrow a line. */
    entry: blobRefSchema,
    warnings: warningsSchema.default([]),
  }),
  z.object({
    type: z.literal('inspected'),
    /** Lines of JSON, as a blob. */
    results: blobRefSchema,
    warnings: warningsSchema.default([]),
  }),
  z.object({
    type: z.literal('failed'),
    faults: z.array(faultSchema).min(1),
    warnings: warningsSchema.default([]),
  }),
])
export type BuildEvent = z.infer<typeof buildEventSchema>
