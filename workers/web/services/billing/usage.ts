// What an organization has and used. Storage is counted as it is added (storage-count.ts), build time when a job ends; the rest is counted
// when it is asked for.

import type { Period } from '@distropack/core/billing/account-status.ts'
import type { Usage } from '@distropack/core/billing/quota.ts'
import { and, count, eq, gte, lt, notInArray, sql } from 'drizzle-orm'
import { anyOf } from '../../db/many-rows.ts'
import { builds, jobs, projects, uploads } from '../../db/schema.ts'
import { buildUsage, storageUsage } from '../../db/tables/billing.ts'
import { members } from '../../db/tables/members.ts'
import type { Platform } from '../platform/platform.ts'

const MINUTE_MS = 60_000

/** One round trip; each question is answered from an index. */
export const readUsage = async ({ db }: Platform, organizationId: string, period: Period): Promise<Usage> => {
  const mine = eq(projects.organizationId, organizationId)
  const inPeriod = and(
    eq(buildUsage.organizationId, organizationId),
    gte(buildUsage.endedAtMs, period.startMs),
    lt(buildUsage.endedAtMs, period.endMs),
  )
  const [stored, unfinished, built, all, hidden, people] = await db.batch([
    db
      .select({ bytes: storageUsage.storedBytes })
      .from(storageUsage)
      .where(eq(storageUsage.organizationId, organizationId)),
    // What is announced takes up room until it is there or given up.
    db
      .select({ bytes: sql<number>`coalesce(sum(${uploads.sizeBytes}), 0)` })
      .from(uploads)
      .innerJoin(projects, eq(projects.id, uploads.projectId))
      .where(mine),
    db
      .select({ ms: sql<number>`coalesce(sum(${buildUsage.durationMs}), 0)` })
      .from(buildUsage)
      .where(inPeriod),
    db.select({ count: count() }).from(projects).where(mine),
    db
      .select({ count: count() })
      .from(projects)
      .where(and(mine, eq(projects.access, 'private'))),
    db.select({ count: count() }).from(members).where(eq(members.organizationId, organizationId)),
  ])
  return {
    storageBytes: (stored[0]?.bytes ?? 0) + (unfinished[0]?.bytes ?? 0),
    buildMinutes: (built[0]?.ms ?? 0) / MINUTE_MS,
    projects: all[0]?.count ?? 0,
    privateRepositories: hidden[0]?.count ?? 0,
    members: people[0]?.count ?? 0,
  }
}

/** An end of the user's making: it is written down once, with the job's own row. */
export interface JobEnd {
  readonly jobId: string
  readonly attempt: number
  readonly endedAtMs: number
  readonly logUntilMs: number | null
}

/**
 * The statement that writes down how long the claim that holds the job worked on it. It must stand in one batch before
 * the job's own change of state, under the same condition: attempts that were cut off are ours and count nothing.
 */
export const countingBuild = ({ db }: Platform, end: JobEnd) =>
  db
    .insert(buildUsage)
    .select(
      db
        .select({
          jobId: jobs.id,
          organizationId: projects.organizationId,
          endedAtMs: sql<number>`${end.endedAtMs}`.as('ended_at_ms'),
          durationMs: sql<number>`max(0, ${end.endedAtMs} - ${jobs.changedAtMs})`.as('duration_ms'),
          logUntilMs: sql<number | null>`${end.logUntilMs}`.as('log_until_ms'),
        })
        .from(jobs)
        .innerJoin(builds, eq(builds.id, jobs.buildId))
        .innerJoin(projects, eq(projects.id, builds.projectId))
        .where(and(eq(jobs.id, end.jobId), eq(jobs.state, 'building'), eq(jobs.attempts, end.attempt))),
    )
    .onConflictDoNothing()

/** The same of jobs that were done together: each counts its part of the time they took. */
export const countingBuilds = (
  { db }: Platform,
  end: JobEnd & { readonly batchId: string; readonly share: number; readonly alone: readonly string[] },
) =>
  db
    .insert(buildUsage)
    .select(
      db
        .select({
          jobId: jobs.id,
          organizationId: projects.organizationId,
          endedAtMs: sql<number>`${end.endedAtMs}`.as('ended_at_ms'),
          durationMs: sql<number>`max(0, ${end.endedAtMs} - ${jobs.changedAtMs}) / ${end.share}`.as('duration_ms'),
          logUntilMs: sql<number | null>`${end.logUntilMs}`.as('log_until_ms'),
        })
        .from(jobs)
        .innerJoin(builds, eq(builds.id, jobs.buildId))
        .innerJoin(projects, eq(projects.id, builds.projectId))
        .where(
          and(
            eq(jobs.batch, end.batchId),
            eq(jobs.state, 'building'),
            eq(jobs.attempts, end.attempt),
            notInArray(jobs.id, anyOf(end.alone)),
          ),
        ),
    )
    .onConflictDoNothing()
