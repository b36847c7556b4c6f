// Builds and plans: how many jobs of an organization are at work at once, whose turn is next, and what is written down
// when one ends.
import { DAY_MS } from '@distropack/core/billing/account-status.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { Result } from '@distropack/core/result.ts'
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { builds, jobs, projects } from '../../db/schema.ts'
import type { Platform } from '../platform/platform.ts'
import { isBillingOn, readStanding } from './billing-switch.ts'
import { mayUseIn } from './entitlements.ts'
import type { JobEnd } from './usage.ts'

const ownerOfJob = async ({ db }: Platform, jobId: string): Promise<string | undefined> => {
  const [row] = await db
    .select({ organizationId: projects.organizationId })
    .from(jobs)
    .innerJoin(builds, eq(builds.id, jobs.buildId))
    .innerJoin(projects, eq(projects.id, builds.projectId))
    .where(eq(jobs.id, jobId))
  return row?.organizationId
}

/**
 * The condition under which a job may be taken now, for the statement that takes it; undefined: none. A job that has to
 * wait is not refused: it stays `waiting`.
 */
export const turnOfJob = async (platform: Platform, jobId: string): Promise<SQL | undefined> => {
  if (!isBillingOn(platform.env)) return undefined
  const organizationId = await ownerOfJob(platform, jobId)
  if (!organizationId) return undefined
  const { limits } = await readStanding(platform, organizationId)
  if (limits.concurrentBuilds === null) return undefined
  // Jobs that are done together take one place.
  return sql`(
    SELECT count(DISTINCT coalesce(other.batch, other.id)) FROM ${jobs} AS other
    JOIN ${builds} ON ${builds.id} = other.build_id
    JOIN ${projects} ON ${projects.id} = ${builds.projectId}
    WHERE other.state = 'building' AND other.lease_until_ms >= ${platform.nowMs()} AND coalesce(other.batch, other.id) <> ${jobId}
      AND ${projects.organizationId} = ${organizationId}
  ) < ${limits.concurrentBuilds}`
}

/** Sends word of the organization's longest waiting job: a place became free. The sweep would, a minute later. */
export const callNextJob = async (platform: Platform, endedJobId: string): Promise<void> => {
  if (!isBillingOn(platform.env)) return
  const organizationId = await ownerOfJob(platform, endedJobId)
  if (!organizationId) return
  const [next] = await platform.db
    .select({ jobId: sql<string>`coalesce(${jobs.batch}, ${jobs.id})` })
    .from(jobs)
    .innerJoin(builds, eq(builds.id, jobs.buildId))
    .innerJoin(projects, eq(projects.id, builds.projectId))
    .where(and(eq(jobs.state, 'waiting'), eq(projects.organizationId, organizationId)))
    .orderBy(jobs.createdAtMs)
    .limit(1)
  if (next) await platform.env.JOBS.send({ jobId: next.jobId })
}

/** Each job is asked for when it starts: a build of many targets ends where its organization's minutes do. */
export const mayBuildNow = (platform: Platform, projectId: string): Promise<Result<void, Fault>> =>
  mayUseIn(platform, projectId, { kind: 'build' })

/** For the statement that stands in one batch with the end of a job (`countingBuild`). */
export const endOfJob = async (
  platform: Platform,
  job: { readonly id: string; readonly attempt: number },
  endedAtMs: number,
): Promise<JobEnd> => {
  const organizationId = await ownerOfJob(platform, job.id)
  const days = organizationId ? (await readStanding(platform, organizationId)).limits.buildLogDays : null
  const logUntilMs = days === null ? null : endedAtMs + days * DAY_MS
  return { jobId: job.id, attempt: job.attempt, endedAtMs, logUntilMs }
}
