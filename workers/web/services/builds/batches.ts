// Jobs that are done together: small files of one push, claimed, renewed and ended by one statement each, and read by
// one order. A batch is called by the id of its first job. Its jobs move together, so one attempt fences them all; each
// has its own end.
import type { Fault } from '@distropack/core/fault.ts'
import type { Warning } from '@distropack/core/warning.ts'
import { and, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import type { Statement } from '../../db/insert-when.ts'
import { anyOf, chunksForJson } from '../../db/many-rows.ts'
import { artifacts, builds, jobBlobs, jobs, projectBlobs, publications } from '../../db/schema.ts'
import { endOfJob, turnOfJob } from '../billing/build-shares.ts'
import { countingBuilds } from '../billing/usage.ts'
import { logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { LEASE_MS, MAX_ATTEMPTS } from './jobs.ts'

export interface BatchJob {
  readonly id: string
  /** The file's name, and its sha256. */
  readonly target: string
  readonly inputSha256: string
  readonly sizeBytes: number
}

export interface ClaimedBatch {
  readonly id: string
  readonly buildId: string
  readonly projectId: string
  readonly channel: string
  readonly attempt: number
  /** In the order of their targets. */
  readonly jobs: readonly BatchJob[]
}

const held = ({ id, attempt }: Pick<ClaimedBatch, 'id' | 'attempt'>): SQL | undefined =>
  and(eq(jobs.batch, id), eq(jobs.state, 'building'), eq(jobs.attempts, attempt))

/** The files of a batch in the order of its order. */
export const readBatchFiles = async ({ db }: Platform, batchId: string, attempt?: number): Promise<BatchJob[]> =>
  db
    .select({
      id: jobs.id,
      target: jobs.target,
      inputSha256: jobs.inputSha256,
      sizeBytes: projectBlobs.sizeBytes,
    })
    .from(jobs)
    .innerJoin(builds, eq(builds.id, jobs.buildId))
    .innerJoin(
      projectBlobs,
      and(eq(projectBlobs.projectId, builds.projectId), eq(projectBlobs.sha256, jobs.inputSha256)),
    )
    .where(
      and(
        eq(jobs.batch, batchId),
        eq(jobs.state, 'building'),
        attempt === undefined ? undefined : eq(jobs.attempts, attempt),
      ),
    )
    .orderBy(jobs.target)

/** Takes all jobs of it that are not over; undefined when there are none, somebody else holds them, or it must wait. */
export const claimBatch = async (platform: Platform, batchId: string): Promise<ClaimedBatch | undefined> => {
  const { db, nowMs } = platform
  const turn = await turnOfJob(platform, batchId)
  const now = nowMs()
  const isLost = sql`(select lease_until_ms from ${jobs} as first where first.id = ${batchId}) < ${now}`
  const free = or(eq(jobs.state, 'waiting'), and(eq(jobs.state, 'building'), isLost))
  // The first job's lease is that of all: to renew it is one row, however many they are.
  const leaseUntilMs = sql`case when ${jobs.id} = ${batchId} then ${now + LEASE_MS} end`
  const [row] = await db
    .update(jobs)
    .set({ state: 'building', attempts: sql`${jobs.attempts} + 1`, leaseUntilMs, changedAtMs: now })
    .where(and(eq(jobs.batch, batchId), turn, free))
    .returning({ buildId: jobs.buildId, attempt: jobs.attempts })
  if (!row) return undefined
  const [build] = await db.select().from(builds).where(eq(builds.id, row.buildId))
  if (!build) throw new Error(`batch ${batchId} has no build`)
  const { projectId, channel } = build
  return { id: batchId, ...row, projectId, channel, jobs: await readBatchFiles(platform, batchId, row.attempt) }
}

/** False when the claim was lost: stop working on it. */
export const renewBatch = async ({ db, nowMs }: Platform, batch: ClaimedBatch): Promise<boolean> => {
  const set = { leaseUntilMs: nowMs() + LEASE_MS }
  const first = and(eq(jobs.id, batch.id), held(batch))
  return (await db.update(jobs).set(set).where(first).returning({ id: jobs.id })).length > 0
}

export interface BatchEnds {
  readonly made: readonly {
    readonly jobId: string
    readonly artifactId: string
    readonly path: string
    readonly warnings: readonly Warning[]
  }[]
  readonly failed: readonly {
    readonly jobId: string
    readonly faults: readonly Fault[]
    readonly warnings: readonly Warning[]
  }[]
  /** To be read by an order of their own. */
  readonly alone: readonly string[]
}

/** The same of jobs that are found by their ids, which a list gives: else each would be looked for in all of the list. */
const heldOf = ({ id, attempt }: Pick<ClaimedBatch, 'id' | 'attempt'>): SQL =>
  sql`+${jobs.batch} = ${id} and +${jobs.state} = 'building' and ${jobs.attempts} = ${attempt}`

/** One of these, by its place in a row of `done`. */
const given = (at: number): SQL => sql.raw(`done.value ->> ${at}`)
const isGiven = sql`${jobs.id} = done.value ->> 0`
const rowsOf = (rows: readonly (readonly unknown[])[]): SQL => sql`json_each(${JSON.stringify(rows)}) as done`

/** What a channel offers now, in the batch that ends its jobs: the publisher sees both or neither. */
const offering = ({ db, nowMs }: Platform, batch: ClaimedBatch, rows: readonly (readonly unknown[])[]): Statement =>
  db
    .insert(publications)
    .select(
      sql`select ${batch.projectId}, ${batch.channel}, ${artifacts.id}, 'pending', ${given(3)}, null, ${nowMs()}
          from ${rowsOf(rows)}
          join ${jobs} on ${isGiven}
          join ${artifacts} on ${artifacts.id} = ${given(1)} and ${artifacts.deletedAtMs} is null
          where ${heldOf(batch)}`,
    )
    .onConflictDoNothing()

/** The ends of all its jobs in one batch of statements; false when the claim was lost. */
export const endBatch = async (platform: Platform, batch: ClaimedBatch, ends: BatchEnds): Promise<boolean> => {
  const { db, nowMs } = platform
  const changedAtMs = nowMs()
  const mine = held(batch)
  const over = { leaseUntilMs: null, changedAtMs }
  const made = ends.made.map(({ jobId, artifactId, path, warnings }) => [
    jobId,
    artifactId,
    JSON.stringify(warnings),
    path,
  ])
  const failed = ends.failed.map(({ jobId, faults, warnings }) => [
    jobId,
    JSON.stringify(faults),
    JSON.stringify(warnings),
  ])
  const end = await endOfJob(platform, { id: batch.id, attempt: batch.attempt }, changedAtMs)
  const statements: Statement[] = [
    countingBuilds(platform, { ...end, batchId: batch.id, share: batch.jobs.length, alone: ends.alone }),
    ...chunksForJson(made).map((rows) => offering(platform, batch, rows)),
    db.delete(jobBlobs).where(and(eq(jobBlobs.jobId, batch.id), sql`exists (select 1 from ${jobs} where ${mine})`)),
    ...chunksForJson(made).map((rows) =>
      db
        .update(jobs)
        .set({ state: 'built', artifactId: sql`${given(1)}`, warnings: sql`${given(2)}`, faults: [], ...over })
        .from(rowsOf(rows))
        .where(and(heldOf(batch), isGiven)),
    ),
    ...chunksForJson(failed).map((rows) =>
      db
        .update(jobs)
        .set({ state: 'failed', artifactId: null, faults: sql`${given(1)}`, warnings: sql`${given(2)}`, ...over })
        .from(rowsOf(rows))
        .where(and(heldOf(batch), isGiven)),
    ),
    db
      .update(jobs)
      .set({ state: 'waiting', batch: null, ...over })
      .where(and(mine, inArray(jobs.id, anyOf(ends.alone)))),
  ]
  const held0 = db.select({ one: sql`1` }).from(jobs).where(mine).limit(1)
  const [found] = await db.batch([held0, ...statements])
  const isMine = found.length > 0
  const counts = { made: made.length, failed: failed.length, alone: ends.alone.length }
  if (isMine) logEvent('batch.ended', { batchId: batch.id, buildId: batch.buildId, attempt: batch.attempt, ...counts })
  return isMine
}

/**
 * Gives its jobs back. What was cut off twice may be one file's doing: from then on each goes by itself, so that it
 * takes no other with it.
 */
export const releaseBatch = async (
  { db, nowMs }: Platform,
  batch: ClaimedBatch,
  fault: Fault,
): Promise<{ readonly state: 'together' | 'apart' | 'dead' }> => {
  const state = batch.attempt >= MAX_ATTEMPTS ? 'dead' : batch.attempt >= 2 ? 'apart' : 'together'
  const set = { leaseUntilMs: null, faults: [fault], changedAtMs: nowMs() }
  const changed =
    state === 'dead'
      ? { state: 'dead' as const }
      : { state: 'waiting' as const, ...(state === 'apart' && { batch: null }) }
  await db
    .update(jobs)
    .set({ ...set, ...changed })
    .where(held(batch))
  return { state }
}
