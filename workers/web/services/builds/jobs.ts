// A job's life in D1. State changes are compare-and-set, so a message delivered twice or a lease taken over cannot
// finish one job two ways.
import type { JobState } from '@distropack/core/contract/api.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { Warning } from '@distropack/core/warning.ts'
import { and, eq, gt, inArray, isNull, lt, or, sql } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { batchAfter } from '../../db/insert-when.ts'
import type { PageQuery } from '../../db/page.ts'
import { builds, jobBlobs, jobLogLines, jobs, projectBlobs } from '../../db/schema.ts'
import { endOfJob, turnOfJob } from '../billing/build-shares.ts'
import { countingBuild } from '../billing/usage.ts'
import { logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'

/** Renewed by whoever works on the job; a consumer that died is noticed after this. */
export const LEASE_MS = 20_000
/** After so many starts the job is dead: an operator looks at it. */
export const MAX_ATTEMPTS = 5
const MAX_LOG_LINE = 4000

export interface ClaimedJob {
  readonly id: string
  readonly buildId: string
  readonly projectId: string
  readonly kind: 'build' | 'push'
  readonly target: string
  readonly channel: string
  readonly requestSha256: string
  readonly inputSha256: string
  /** Counts from 1; also the claim's fence: only the claim that holds the current attempt may finish the job. */
  readonly attempt: number
}

/** Takes the job, or undefined when it is finished, somebody else holds it, or it is not its turn yet. */
export const claimJob = async (platform: Platform, jobId: string): Promise<ClaimedJob | undefined> => {
  const { db, nowMs } = platform
  const turn = await turnOfJob(platform, jobId)
  const now = nowMs()
  const [row] = await db
    .update(jobs)
    .set({ state: 'building', attempts: sql`${jobs.attempts} + 1`, leaseUntilMs: now + LEASE_MS, changedAtMs: now })
    .where(
      and(
        eq(jobs.id, jobId),
        isNull(jobs.batch),
        turn,
        or(eq(jobs.state, 'waiting'), and(eq(jobs.state, 'building'), lt(jobs.leaseUntilMs, now))),
      ),
    )
    .returning()
  if (!row) return undefined
  const [build] = await db.select().from(builds).where(eq(builds.id, row.buildId))
  if (!build) throw new Error(`job ${jobId} has no build`)
  const { projectId, channel, requestSha256 } = build
  const { id, buildId, kind, target, inputSha256, attempts } = row
  return { id, buildId, projectId, kind, target, channel, requestSha256, inputSha256, attempt: attempts }
}

const heldBy = (job: ClaimedJob) => and(eq(jobs.id, job.id), eq(jobs.state, 'building'), eq(jobs.attempts, job.attempt))

/** False when the claim was lost: stop working on it. */
export const renewLease = async ({ db, nowMs }: Platform, job: ClaimedJob): Promise<boolean> => {
  const set = { leaseUntilMs: nowMs() + LEASE_MS }
  return (await db.update(jobs).set(set).where(heldBy(job)).returning({ id: jobs.id })).length > 0
}

/** Ends that are the user's doing: the time they took counts. What was cut off is ours. */
const USED_UP: readonly JobState[] = ['built', 'failed']

const leave = async (
  platform: Platform,
  job: ClaimedJob,
  set: {
    readonly state: JobState
    readonly faults?: readonly Fault[]
    readonly warnings?: readonly Warning[]
    readonly artifactId?: string | null
  },
): Promise<boolean> => {
  const { db, nowMs } = platform
  const changedAtMs = nowMs()
  const changed = { ...set, leaseUntilMs: null, changedAtMs }
  const leaving = db.update(jobs).set(changed).where(heldBy(job)).returning({ id: jobs.id })
  const first = USED_UP.includes(set.state) ? [countingBuild(platform, await endOfJob(platform, job, changedAtMs))] : []
  const isOver = set.state !== 'waiting'
  const held = sql`exists (select 1 from ${jobs} where ${heldBy(job)})`
  const forgetting = isOver ? [db.delete(jobBlobs).where(and(eq(jobBlobs.jobId, job.id), held))] : []
  const [rows] = await batchAfter(db, [...first, ...forgetting], [leaving])
  if (rows.length > 0) logEvent(`job.${set.state}`, { jobId: job.id, buildId: job.buildId, attempt: job.attempt })
  return rows.length > 0
}

export const failJob = (
  platform: Platform,
  job: ClaimedJob,
  { faults, warnings = [] }: { readonly faults: readonly Fault[]; readonly warnings?: readonly Warning[] },
): Promise<boolean> => leave(platform, job, { state: 'failed', faults, warnings, artifactId: null })

/** Before the package is offered: the publisher holds it back until its whole build is done. False: claim lost. */
export const noteArtifact = async ({ db }: Platform, job: ClaimedJob, artifactId: string): Promise<boolean> =>
  (await db.update(jobs).set({ artifactId }).where(heldBy(job)).returning({ id: jobs.id })).length > 0

export const finishJob = (
  platform: Platform,
  job: ClaimedJob,
  made: { readonly artifactId: string; readonly warnings: readonly Warning[] },
): Promise<boolean> => leave(platform, job, { state: 'built', ...made, faults: [] })

/** Gives the job back for another attempt, or calls it dead after the last. */
export const releaseJob = async (platform: Platform, job: ClaimedJob, fault: Fault): Promise<'waiting' | 'dead'> => {
  const state = job.attempt >= MAX_ATTEMPTS ? 'dead' : 'waiting'
  await leave(platform, job, { state, faults: [fault] })
  return state
}

/** For a message the queue gave up on, of a job or a batch: whatever is not finished is dead. Its build, when it was not. */
export const markDead = async ({ db, nowMs }: Platform, jobId: string, fault: Fault): Promise<string | undefined> => {
  const [dead] = await db
    .update(jobs)
    .set({ state: 'dead', leaseUntilMs: null, faults: [fault], changedAtMs: nowMs() })
    .where(and(or(eq(jobs.id, jobId), eq(jobs.batch, jobId)), inArray(jobs.state, ['waiting', 'building'])))
    .returning({ buildId: jobs.buildId })
  logEvent('job.dead', { jobId })
  return dead?.buildId
}

export const appendLog = async (
  { db }: Platform,
  jobId: string,
  lines: readonly { readonly atMs: number; readonly line: string }[],
): Promise<void> => {
  for (const chunk of chunksForStatement(lines, 3)) {
    await db
      .insert(jobLogLines)
      .values(chunk.map(({ atMs, line }) => ({ jobId, atMs, line: line.slice(0, MAX_LOG_LINE) })))
  }
}

export const readLog = async (
  { db }: Platform,
  jobId: string,
  page: PageQuery,
): Promise<{ lines: { atMs: number; line: string }[]; nextCursor: string | null }> => {
  const after = Number(page.cursor ?? 0)
  const rows = await db
    .select()
    .from(jobLogLines)
    .where(and(eq(jobLogLines.jobId, jobId), gt(jobLogLines.id, Number.isSafeInteger(after) ? after : 0)))
    .orderBy(jobLogLines.id)
    .limit(page.limit)
  const last = rows.at(-1)
  return { lines: rows.map(({ atMs, line }) => ({ atMs, line })), nextCursor: last ? String(last.id) : null }
}

/** What a message calls it: jobs that are done together have one. */
const toldAs = sql<string>`coalesce(${jobs.batch}, ${jobs.id})`

/** Jobs nobody is at work on: never delivered, given back, or held by a claim that died. */
export const findStrandedJobs = async (
  { db, nowMs }: Platform,
  waitingForMs: number,
  limit: number,
): Promise<string[]> => {
  const now = nowMs()
  const rows = await db
    .selectDistinct({ id: toldAs })
    .from(jobs)
    .where(
      or(
        and(eq(jobs.state, 'waiting'), lt(jobs.changedAtMs, now - waitingForMs)),
        and(eq(jobs.state, 'building'), lt(jobs.leaseUntilMs, now)),
      ),
    )
    .limit(limit)
  return rows.map(({ id }) => id)
}

/** A message was sent again: the next sweep leaves these alone for a while. */
export const noteResent = async ({ db, nowMs }: Platform, jobIds: readonly string[]): Promise<void> => {
  for (const chunk of chunksForStatement(jobIds, 2, 2)) {
    const waiting = and(or(inArray(jobs.id, chunk), inArray(jobs.batch, chunk)), eq(jobs.state, 'waiting'))
    await db.update(jobs).set({ changedAtMs: nowMs() }).where(waiting)
  }
}

/** Whether other jobs of the build made something: it waited for this one, and waits no more when it failed. */
export const hasBuiltJobs = async ({ db }: Platform, buildId: string): Promise<boolean> => {
  const built = and(eq(jobs.buildId, buildId), eq(jobs.state, 'built'))
  return (await db.select({ id: jobs.id }).from(jobs).where(built).limit(1)).length > 0
}

/** A dead job starts over with its attempts counted anew; false when it is not dead. */
export const reviveJob = async ({ db, nowMs }: Platform, jobId: string): Promise<boolean> => {
  const dead = and(eq(jobs.id, jobId), eq(jobs.state, 'dead'))
  const itsBuild = inArray(builds.id, db.select({ id: jobs.buildId }).from(jobs).where(dead))
  const [, revived] = await db.batch([
    db.update(builds).set({ endedAtMs: null }).where(itsBuild),
    db
      .update(jobs)
      .set({ state: 'waiting', batch: null, attempts: 0, faults: [], warnings: [], changedAtMs: nowMs() })
      .where(dead)
      .returning({ id: jobs.id }),
  ])
  return revived.length > 0
}

/** A job as its packager asks for one of its blobs, in one question: a build of many files asks it for each. */
export const findJobOfBlob = async ({ db }: Platform, jobId: string, sha256: string) => {
  const ownsBlob = and(eq(projectBlobs.projectId, builds.projectId), eq(projectBlobs.sha256, sha256))
  const { kind, target, state, buildId, inputSha256 } = jobs
  const { projectId, requestSha256 } = builds
  const [row] = await db
    .select({ projectId, buildId, requestSha256, kind, target, state, inputSha256, owned: projectBlobs.sha256 })
    .from(jobs)
    .innerJoin(builds, eq(builds.id, jobs.buildId))
    .leftJoin(projectBlobs, ownsBlob)
    .where(eq(jobs.id, jobId))
  if (!row) return undefined
  const { owned, ...job } = row
  return { ...job, id: jobId, isOwned: owned !== null }
}

export type JobOfBlob = NonNullable<Awaited<ReturnType<typeof findJobOfBlob>>>
