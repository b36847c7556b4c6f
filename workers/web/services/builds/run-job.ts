// One build, from the queue's message to an artifact that the publisher knows of. Every step may be repeated.

import { API_PREFIX, createBuildSchema } from '@distropack/core/contract/api.ts'
import { type Order, orderSchema } from '@distropack/core/contract/packager.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import type { Format } from '@distropack/core/format.ts'
import { MAX_ENTRY_BYTES } from '@distropack/core/model/entry.ts'
import { parseFileName, parseTarget } from '@distropack/core/registry.ts'
import { PackagerLost } from '../../packager/packager.ts'
import { isBlobStored } from '../../storage/blobs.ts'
import { callNextJob, mayBuildNow } from '../billing/build-shares.ts'
import { keepArtifact, offerInChannel } from '../packages/artifacts.ts'
import { attest } from '../packages/attestations.ts'
import { readEntry } from '../packages/entries.ts'
import { logError, logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { publisherOf } from '../repositories/publisher.ts'
import { ownBlob, ownedBlobs } from '../uploads/blobs.ts'
import { claimBatch } from './batches.ts'
import { noteEnd } from './build-end.ts'
import { readRequest } from './build-requests.ts'
import { type Ending, followOrder } from './follow-order.ts'
import { storedByJob } from './job-blobs.ts'
import type { JobOutcome } from './job-outcome.ts'
import { issueJobToken } from './job-tokens.ts'
import {
  type ClaimedJob,
  claimJob,
  failJob,
  finishJob,
  hasBuiltJobs,
  MAX_ATTEMPTS,
  noteArtifact,
  releaseJob,
  renewLease,
} from './jobs.ts'
import { holdLease } from './lease.ts'
import { runBatch } from './run-batch.ts'

const writeOrder = async (platform: Platform, job: ClaimedJob, token: string): Promise<Order> => {
  const blobsUrl = `${platform.env.PUBLIC_URL}${API_PREFIX}/jobs/${job.id}/blobs`
  const fields = { jobId: job.id, blobsUrl, token }
  if (job.kind === 'push') {
    const { target: fileName, inputSha256: sha256 } = job
    const sizeBytes = (await ownedBlobs(platform, job.projectId, [sha256])).get(sha256)
    if (sizeBytes === undefined) throw new Error(`push ${job.buildId} has no ${fileName}`)
    return orderSchema.parse({ ...fields, kind: 'inspect', fileName, file: { sha256, sizeBytes } })
  }
  const request = await readRequest(platform, job)
  const { mtimeSeconds = 0, ...build } = createBuildSchema.parse(request)
  return orderSchema.parse({ ...build, ...fields, kind: 'build', target: job.target, mtimeSeconds })
}

const formatOfJob = ({ kind, target }: ClaimedJob): Format => {
  if (kind === 'push') {
    const format = parseFileName(target)
    if (format.ok) return format.value
  } else {
    const parsed = parseTarget(target)
    if (parsed.ok) return parsed.value.format
  }
  throw new Error(`no format for ${kind} of ${target}`)
}

type Done = Extract<Ending, { type: 'done' }>

/**
 * A packager that somebody took over could call any blob whose sha256 it knows its own: only what this job's token
 * stored is taken, or the very file it was to look at.
 */
const refuseForeign = async (platform: Platform, job: ClaimedJob, { artifact, entry }: Done): Promise<void> => {
  const stored = await storedByJob(platform, job.id)
  const isArtifactMine = job.kind === 'push' ? job.inputSha256 === artifact.sha256 : stored.has(artifact.sha256)
  if (!isArtifactMine) throw new PackagerLost('the artifact is not what it stored')
  if (!stored.has(entry.sha256)) throw new PackagerLost('the entry is not what it stored')
}

const receive = async (platform: Platform, job: ClaimedJob, done: Done): Promise<readonly Fault[]> => {
  const format = formatOfJob(job)
  if (done.entry.sizeBytes > MAX_ENTRY_BYTES) return [tooLarge(job)]
  await refuseForeign(platform, job, done)
  if (!(await isBlobStored(platform.bucket, done.artifact))) throw new PackagerLost('the artifact was not uploaded')
  const entry = await readEntry(platform.bucket, format, done.entry.sha256)
  if (entry.sha256 !== done.artifact.sha256) throw new PackagerLost('the entry is of another file')
  await ownBlob(platform, job.projectId, done.artifact)
  const { projectId, inputSha256 } = job
  const { warnings } = done
  const file = { projectId, format, unsigned: done.artifact, entry, inputSha256, warnings }
  const kept = await keepArtifact(platform, { ...file, attest: (sealed) => attest(platform, job, sealed) })
  if (!kept.ok) return [kept.error]
  if (!(await noteArtifact(platform, job, kept.value.id))) throw new PackagerLost('another delivery took this job over')
  const path = format.repository.packagePath(entry, job.channel)
  const offered = await offerInChannel(platform, { projectId, channel: job.channel, artifactId: kept.value.id, path })
  if (!offered.ok) return [offered.error]
  if (await finishJob(platform, job, { artifactId: kept.value.id, warnings }))
    await publisherOf(platform, projectId).publish(projectId)
  return []
}

const attempt = async (platform: Platform, job: ClaimedJob): Promise<void> => {
  const may = await mayBuildNow(platform, job.projectId)
  if (!may.ok) return void (await failJob(platform, job, { faults: [may.error] }))
  const vault = await platform.vault()
  if (!vault.ok) throw new Error(vault.error.message)
  const order = await writeOrder(platform, job, await issueJobToken(vault.value, job.id, platform.nowMs()))
  const lease = holdLease(() => renewLease(platform, job), job.id)
  try {
    const ending = await followOrder(platform, job.id, order, lease)
    if (ending.type === 'inspected') throw new PackagerLost('it answered another order')
    const faults = ending.type === 'failed' ? ending.faults : await receive(platform, job, ending)
    const { warnings } = ending
    if (faults.length > 0 && (await failJob(platform, job, { faults, warnings }))) await wakePublisher(platform, job)
  } finally {
    lease.release()
  }
}

/** A build is published when its last job is over, also when that one failed. */
const wakePublisher = async (platform: Platform, { buildId, projectId }: ClaimedJob): Promise<void> => {
  if (await hasBuiltJobs(platform, buildId)) await publisherOf(platform, projectId).publish(projectId)
}

const tooLarge = ({ target }: ClaimedJob): Fault =>
  fault('limit_exceeded', `${target}: there is more in it than can be held at once. Split the package.`)

/** The user's doing, or ours that no repetition changes: the next attempt would end alike. */
const settleFailed = async (platform: Platform, job: ClaimedJob, why: Fault): Promise<JobOutcome> => {
  if (await failJob(platform, job, { faults: [why] })) await wakePublisher(platform, job)
  await noteEnd(platform, job.buildId)
  await callNextJob(platform, job.id)
  return 'settled'
}

/** The sentence for a job that was cut off, and whether its maker can do something about it. */
const cutOff = (job: ClaimedJob, error: unknown): { readonly why: Fault; readonly isTheirs: boolean } => {
  const isLast = job.attempt >= MAX_ATTEMPTS
  const next = isLast
    ? `That was attempt ${job.attempt}, the last; an operator can start it over.`
    : 'It is tried again.'
  if (!(error instanceof PackagerLost)) {
    return { why: fault('internal', `The platform had trouble of its own. ${next}`), isTheirs: false }
  }
  // As one does that has no memory left: what is built is the likely cause, and would be again.
  if (isLast && error.isMidway) {
    const message = `${job.target}: the packager ended in the middle of it, ${job.attempt} times (${error.message}). It is probably too much for its memory: pack less into it, or split it.`
    return { why: fault('limit_exceeded', message), isTheirs: true }
  }
  return { why: fault('packager_unavailable', `The build was cut off (${error.message}). ${next}`), isTheirs: false }
}

/** Runs one delivery of a job, or of jobs that are done together. Never throws: what is the user's is `failed`, what is ours is tried again. */
export const runJob = async (platform: Platform, jobId: string): Promise<JobOutcome> => {
  const job = await claimJob(platform, jobId)
  const batch = job ? undefined : await claimBatch(platform, jobId)
  if (batch) return runBatch(platform, batch)
  if (!job) return 'settled'
  logEvent('job.building', { jobId, buildId: job.buildId, target: job.target, attempt: job.attempt })
  try {
    // Who had it before died without a word each time.
    if (job.attempt > MAX_ATTEMPTS) throw new Error('every attempt ended without a word')
    await attempt(platform, job)
    await noteEnd(platform, job.buildId)
    await callNextJob(platform, jobId)
    return 'settled'
  } catch (error) {
    // The runtime's own ends of strings, arrays and stacks.
    if (error instanceof RangeError) {
      logError('job.too_large', error, { jobId, attempt: job.attempt })
      return settleFailed(platform, job, tooLarge(job))
    }
    const lost = error instanceof PackagerLost
    logError(lost ? 'job.packager_lost' : 'job.broke', error, { jobId, attempt: job.attempt })
    const { why, isTheirs } = cutOff(job, error)
    if (isTheirs) return settleFailed(platform, job, why)
    if ((await releaseJob(platform, job, why)) === 'waiting') return 'retry'
    await wakePublisher(platform, job)
    await noteEnd(platform, job.buildId)
    return 'settled'
  }
}
