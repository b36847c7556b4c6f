// Jobs that died of our trouble: what an operator sees, and starting them over.
import type { deadLetterSchema } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, desc, eq, lt } from 'drizzle-orm'
import type { z } from 'zod'
import { builds, jobs, organizations, projects } from '../../db/schema.ts'
import { logError, logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { reviveJob } from './jobs.ts'

type DeadLetter = z.infer<typeof deadLetterSchema>

export const listDeadLetters = async (
  { db }: Platform,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ items: DeadLetter[]; nextCursor: string | null }> => {
  const rows = await db
    .select({ job: jobs, organization: organizations.slug, project: projects.slug })
    .from(jobs)
    .innerJoin(builds, eq(builds.id, jobs.buildId))
    .innerJoin(projects, eq(projects.id, builds.projectId))
    .innerJoin(organizations, eq(organizations.id, projects.organizationId))
    .where(and(eq(jobs.state, 'dead'), page.cursor ? lt(jobs.id, page.cursor) : undefined))
    .orderBy(desc(jobs.id))
    .limit(page.limit + 1)
  const items = rows.slice(0, page.limit).map(({ job, organization, project }) => ({
    jobId: job.id,
    buildId: job.buildId,
    organization,
    project,
    target: job.target,
    attempts: job.attempts,
    fault: job.faults[0] ?? fault('internal', 'It died without a word.'),
    diedAtMs: job.changedAtMs,
  }))
  return { items, nextCursor: rows.length > page.limit ? (items.at(-1)?.jobId ?? null) : null }
}

export const replayDeadLetter = async (platform: Platform, jobId: string): Promise<Result<void, Fault>> => {
  if (!(await reviveJob(platform, jobId))) return err(fault('not_found', `There is no dead job "${jobId}".`))
  logEvent('job.replayed', { jobId })
  // It waits in D1 by now: a message that is lost is sent again by the sweep.
  await platform.env.JOBS.send({ jobId }).catch((error: unknown) => logError('job.not_sent', error, { jobId }))
  return ok(undefined)
}
