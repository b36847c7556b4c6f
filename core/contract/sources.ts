// The files a manifest names, as they stand on the machine that publishes: metadata here, bytes as blobs.
import * as z from 'zod'
import { requestObject } from './request.ts'
import { sha256Schema } from './wire.ts'

const common = {
  /** As the manifest reaches it: relative to the manifest's working folder, or absolute. Forward slashes. */
  path: z.string().min(1).max(4096),
  /** Permission bits, 0o7777. */
  mode: z.number().int().min(0).max(0o7777),
  mtimeSeconds: z.number().int(),
}

export const sourceRecordSchema = z.discriminatedUnion('kind', [
  requestObject({
    kind: z.literal('file'),
    ...common,
    sizeBytes: z.number().int().nonnegative(),
    sha256: sha256Schema,
  }),
  requestObject({ kind: z.literal('directory'), ...common }),
  requestObject({ kind: z.literal('symlink'), ...common, target: z.string().min(1).max(4096) }),
])
export type SourceRecord = z.infer<typeof sourceRecordSchema>
