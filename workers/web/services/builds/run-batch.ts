// Many small pushed files, from one message of the queue to artifacts that the publisher knows of: one order, and one
// end for each file. Every step may be repeated.
import { API_PREFIX } from '@distropack/core/contract/api.ts'
import {
  type BuildEvent,
  type InspectedFile,
  inspectedFileSchema,
  MAX_RESULTS_BYTES,
  orderSchema,
} from '@distropack/core/contract/packager.ts'
import { cutPacks } from '@distropack/core/contract/packed.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { parseFileName } from '@distropack/core/registry.ts'
import type { Result } from '@distropack/core/result.ts'
import { and, eq, inArray, sql } from 'drizzle-orm'
import { anyOf } from '../../db/many-rows.ts'
import { publications } from '../../db/schema.ts'
import { PackagerLost } from '../../packager/packager.ts'
import { readBlobBytes } from '../../storage/blobs.ts'
import { callNextJob, mayBuildNow } from '../billing/build-shares.ts'
import type { ArtifactRow } from '../packages/artifacts.ts'
import { openPushAttestor } from '../packages/attestations.ts'
import { type FinishedSmallFile, keepArtifacts } from '../packages/keep-many.ts'
import { logError, logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { wakePublisher } from '../repositories/publisher.ts'
import { type BatchEnds, type BatchJob, type ClaimedBatch, endBatch, releaseBatch, renewBatch } from './batches.ts'
import { noteEnd } from './build-end.ts'
import { followOrder } from './follow-order.ts'
import { storedByJob } from './job-blobs.ts'
import type { JobOutcome } from './job-outcome.ts'
import { issueJobToken } from './job-tokens.ts'
import { hasBuiltJobs } from './jobs.ts'
import { holdLease } from './lease.ts'
import { sendJobs } from './send-jobs.ts'

const blobOf = ({ inputSha256: sha256, sizeBytes }: BatchJob) => ({ sha256, sizeBytes })

const writeOrder = async (platform: Platform, batch: ClaimedBatch) => {
  const vault = await platform.vault()
  if (!vault.ok) throw new Error(vault.error.message)
  const address = `${platform.env.PUBLIC_URL}${API_PREFIX}/jobs/${batch.id}`
  return orderSchema.parse({
    kind: 'inspect-many',
    jobId: batch.id,
    blobsUrl: `${address}/blobs`,
    token: await issueJobToken(vault.value, batch.id, platform.nowMs()),
    packsUrl: `${address}/packs`,
    packs: cutPacks(batch.jobs.map(blobOf)).map(({ length }) => length),
    files: batch.jobs.map((job) => ({ fileName: job.target, file: blobOf(job) })),
  })
}

/** What the packager found, in the order of the files. A packager that somebody took over is believed nothing else. */
const readResults = async (
  platform: Platform,
  batch: ClaimedBatch,
  { results }: Extract<BuildEvent, { type: 'inspected' }>,
): Promise<readonly InspectedFile[]> => {
  if (results.sizeBytes > 2 * MAX_RESULTS_BYTES) throw new PackagerLost('its results are too long')
  if (!(await storedByJob(platform, batch.id)).has(results.sha256))
    throw new PackagerLost('the results are not what it stored')
  const lines = new TextDecoder()
    .decode(await readBlobBytes(platform.bucket, results.sha256))
    .trimEnd()
    .split('\n')
  try {
    const found = lines.map((line) => inspectedFileSchema.parse(JSON.parse(line)))
    if (found.length === batch.jobs.length && found.every(({ fileName }, at) => fileName === batch.jobs[at]?.target)) {
      return found
    }
  } catch {}
  throw new PackagerLost('its results are not those of the order')
}

type Ended = { readonly job: BatchJob; readonly found: InspectedFile }

const finishedFile = (
  { job, found }: Ended,
  attest: Awaited<ReturnType<typeof openPushAttestor>>,
): FinishedSmallFile => {
  const format = parseFileName(job.target)
  if (!format.ok) throw new Error(`no format for ${job.target}`)
  const entry = format.value.entrySchema.parse(found.entry)
  if (entry.sha256 !== job.inputSha256) throw new PackagerLost('an entry is of another file')
  return {
    ...{ format: format.value, entry, warnings: found.warnings },
    ...{ sha256: job.inputSha256, sizeBytes: job.sizeBytes },
    attest: (sealed) => attest(job, sealed),
  }
}

/** What a person took back is not offered again because a machine pushed it again. */
const findTakenBack = async (
  { db }: Platform,
  channel: string,
  kept: readonly ArtifactRow[],
): Promise<ReadonlySet<string>> => {
  const ids = kept.map(({ id }) => id)
  const rows = await db
    .select({ id: publications.artifactId })
    .from(publications)
    .where(
      and(
        inArray(publications.artifactId, anyOf(ids)),
        eq(publications.channel, channel),
        // Found by its artifact: an index over states would show all that the platform takes back.
        sql`+${publications.state} in ('withdrawing', 'withdrawn')`,
      ),
    )
  return new Set(rows.map(({ id }) => id))
}

const receive = async (
  platform: Platform,
  batch: ClaimedBatch,
  found: readonly InspectedFile[],
): Promise<BatchEnds> => {
  const ended = batch.jobs.map((job, at): Ended => ({ job, found: found[at] as InspectedFile }))
  const alone = ended.filter(({ found: { isLarge } }) => isLarge).map(({ job }) => job.id)
  const right = ended.filter(({ found: { entry, faults } }) => entry !== undefined && faults.length === 0)
  const attest = await openPushAttestor(platform, batch)
  const files = new Map(right.map((each) => [each.job.id, finishedFile(each, attest)]))
  const kept = await keepArtifacts(platform, batch.projectId, [...files.values()])
  const artifacts = [...kept.values()].flatMap((each) => (each.ok ? [each.value] : []))
  const takenBack = await findTakenBack(platform, batch.channel, artifacts)
  const made: BatchEnds['made'][number][] = []
  const failed: BatchEnds['failed'][number][] = []
  for (const { job, found: said } of ended) {
    if (said.isLarge) continue
    const file = files.get(job.id)
    const end: Result<ArtifactRow, Fault> | undefined = file && kept.get(file)
    const { warnings } = said
    if (file && end?.ok && !takenBack.has(end.value.id)) {
      const path = file.format.repository.packagePath(file.entry, batch.channel)
      made.push({ jobId: job.id, artifactId: end.value.id, path, warnings })
      continue
    }
    const faults = end && !end.ok ? [end.error] : end?.ok ? [yanked(job.target, batch.channel)] : said.faults
    failed.push({ jobId: job.id, faults: faults.length > 0 ? faults : [unread(job.target)], warnings })
  }
  return { made, failed, alone }
}

const yanked = (fileName: string, channel: string): Fault =>
  fault('conflict', `${fileName}: this version was yanked from "${channel}". Unyank it, or publish a higher one.`)

const unread = (fileName: string): Fault => fault('package_corrupt', `${fileName}: it could not be read.`)

const failAll = (batch: ClaimedBatch, faults: readonly Fault[]): BatchEnds => ({
  ...{ made: [], alone: [] },
  failed: batch.jobs.map(({ id }) => ({ jobId: id, faults, warnings: [] })),
})

const attempt = async (platform: Platform, batch: ClaimedBatch): Promise<BatchEnds> => {
  const may = await mayBuildNow(platform, batch.projectId)
  if (!may.ok) return failAll(batch, [may.error])
  const order = await writeOrder(platform, batch)
  const lease = holdLease(() => renewBatch(platform, batch), batch.id)
  try {
    const ending = await followOrder(platform, batch.id, order, lease)
    if (ending.type === 'failed') return failAll(batch, ending.faults)
    if (ending.type === 'done') throw new PackagerLost('it answered another order')
    return await receive(platform, batch, await readResults(platform, batch, ending))
  } finally {
    lease.release()
  }
}

const afterEnd = async (platform: Platform, batch: ClaimedBatch, alone: readonly string[]): Promise<void> => {
  if (alone.length > 0) await sendJobs(platform, alone)
  if (await hasBuiltJobs(platform, batch.buildId)) await wakePublisher(platform, batch.projectId)
  await noteEnd(platform, batch.buildId)
  await callNextJob(platform, batch.id)
}

/** Never throws: what is the user's is `failed`, what is ours is tried again, each file by itself in the end. */
export const runBatch = async (platform: Platform, batch: ClaimedBatch): Promise<JobOutcome> => {
  const { id: batchId, buildId, attempt: number } = batch
  logEvent('batch.building', { batchId, buildId, files: batch.jobs.length, attempt: number })
  try {
    const ends = await attempt(platform, batch)
    if (!(await endBatch(platform, batch, ends))) throw new PackagerLost('another delivery took this batch over')
    await afterEnd(platform, batch, ends.alone)
    return 'settled'
  } catch (error) {
    const lost = error instanceof PackagerLost
    logError(lost ? 'batch.packager_lost' : 'batch.broke', error, { batchId, attempt: number })
    const trouble = lost
      ? fault('packager_unavailable', `The build was cut off (${error.message}); it is tried again by itself.`)
      : fault('internal', 'The platform had trouble of its own; the build is tried again by itself.')
    const { state } = await releaseBatch(platform, batch, trouble)
    if (state === 'together') return 'retry'
    await afterEnd(platform, batch, state === 'apart' ? batch.jobs.map(({ id }) => id) : [])
    return 'settled'
  }
}
