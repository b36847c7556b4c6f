// What a build was asked to be made of, kept while it may be built: an object of its own, counted as storage, and swept
// when the build is long over. Its sources are all that the build's packagers may read.
import { createBuildSchema } from '@distropack/core/contract/api.ts'
import { objectKey } from '@distropack/core/contract/objects.ts'
import { and, eq, gt, lt } from 'drizzle-orm'
import { builds } from '../../db/schema.ts'
import { outbox } from '../../db/tables/outbox.ts'
import { readBlobBytes } from '../../storage/blobs.ts'
import { releasingBlob } from '../billing/storage-count.ts'
import { newId } from '../platform/ids.ts'
import type { Platform } from '../platform/platform.ts'
import { owningBlob } from '../uploads/blobs.ts'

interface Requested {
  readonly buildId: string
  readonly requestSha256: string
}

/** A replay of a dead job, and whoever asks what went in, have so long. */
const KEPT_MS = 30 * 24 * 3600 * 1000
/** A request that is stored and has no build by then belongs to none. */
const UNCLAIMED_MS = 60 * 60 * 1000

/** Before its build is there: what takes it away should the build never come. The build's own batch takes this back. */
export const storeRequest = async (platform: Platform, buildId: string, text: string) => {
  const { db, nowMs, bucket } = platform
  const createdAtMs = nowMs()
  const id = newId('out', createdAtMs)
  const row = { id, kind: 'request', subject: buildId, notBeforeMs: createdAtMs + UNCLAIMED_MS, createdAtMs } as const
  await db.insert(outbox).values(row)
  await bucket.put(objectKey.request(buildId), text, { httpMetadata: { contentType: 'application/json' } })
  return { claiming: db.delete(outbox).where(eq(outbox.id, id)) }
}

/** For the outbox. */
export const dropUnclaimedRequest = async ({ db, bucket }: Platform, buildId: string): Promise<void> => {
  const [build] = await db.select({ id: builds.id }).from(builds).where(eq(builds.id, buildId))
  if (!build) await bucket.delete(objectKey.request(buildId))
}

export const readRequest = async ({ bucket }: Platform, { buildId, requestSha256 }: Requested): Promise<unknown> => {
  const object = await bucket.get(objectKey.request(buildId))
  // Builds of before have theirs among the blobs.
  const text = object ? await object.text() : new TextDecoder().decode(await readBlobBytes(bucket, requestSha256))
  return JSON.parse(text)
}

/** For the batch that makes the build: among the project's blobs, under a name that is no blob's. */
export const countingRequest = (platform: Platform, projectId: string, buildId: string, sizeBytes: number) =>
  owningBlob(platform, projectId, { sha256: buildId, sizeBytes })

/** For the sweep. The object first: a row that says 0 bytes has none. */
export const sweepRequests = async (platform: Platform, limit: number): Promise<number> => {
  const { db, bucket, nowMs } = platform
  const before = nowMs() - KEPT_MS
  const old = await db
    .select({ id: builds.id, projectId: builds.projectId })
    .from(builds)
    .where(and(gt(builds.requestBytes, 0), lt(builds.createdAtMs, before), lt(builds.endedAtMs, before)))
    .limit(limit)
  for (const { id, projectId } of old) {
    await bucket.delete(objectKey.request(id))
    await db.batch([
      ...releasingBlob(platform, projectId, id),
      db.update(builds).set({ requestBytes: 0 }).where(eq(builds.id, id)),
    ])
  }
  return old.length
}

/** A build of many files asks for each: what its request says is read once in an isolate. A few, for they may be long. */
const MAX_KNOWN = 4
const known = new Map<string, Promise<ReadonlySet<string>>>()

const readSources = async (platform: Platform, requested: Requested): Promise<ReadonlySet<string>> => {
  const { sources } = createBuildSchema.parse(await readRequest(platform, requested))
  return new Set(sources.flatMap((source) => (source.kind === 'file' ? [source.sha256] : [])))
}

/** Whether the job's packager is to read this: a source of its request, or the very file it is to look at. */
export const isSourceOf = async (
  platform: Platform,
  job: Requested & { readonly kind: 'build' | 'push'; readonly inputSha256: string },
  sha256: string,
): Promise<boolean> => {
  if (job.kind === 'push') return job.inputSha256 === sha256
  let sources = known.get(job.buildId)
  if (!sources) {
    sources = readSources(platform, job)
    sources.catch(() => known.delete(job.buildId))
    const oldest = known.size >= MAX_KNOWN ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
    known.set(job.buildId, sources)
  }
  return (await sources).has(sha256)
}
