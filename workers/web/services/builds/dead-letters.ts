// Jobs that died of our trouble: what an operator sees, and starting them over.

import type { deadLetterSchema } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import { newestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { builds, jobs, organizations, projects } from '../../db/schema.ts'
import { logError, logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { reviveJob } from './jobs.ts'

type DeadLetter = z.infer<typeof deadLetterSchema>

export const listDeadLetters = async ({ db }: Platform, page: PageQuery): Promise<Page<DeadLetter>> => {
  const { rows, nextCursor } = await readPage(
    page,
    newestFirst(jobs.id),
    ({ beyond, order, limit }) =>
      db
        .select({ job: jobs, organization: organizations.slug, project: projects.slug })
        .from(jobs)
        .innerJoin(builds, eq(builds.id, jobs.buildId))
        .innerJoin(projects, eq(projects.id, builds.projectId))
        .innerJoin(organizations, eq(organizations.id, projects.organizationId))
        .where(and(eq(jobs.state, 'dead'), beyond))
        .orderBy(order)
        .limit(limit),
    ({ job }) => job.id,
  )
  const items = rows.map(({ job, organization, project }) => ({
    jobId: job.id,
    buildId: job.buildId,
    organization,
    project,
    target: job.target,
    attempts: job.attempts,
    fault: job.faults[0] ?? fault('internal', 'It died without a word.'),
    diedAtMs: job.changedAtMs,
  }))
  return { items, nextCursor }
}

export const replayDeadLetter = async (platform: Platform, jobId: string): Promise<Result<void, Fault>> => {
  if (!(await reviveJob(platform, jobId))) return err(fault('not_found', `There is no dead job "${jobId}".`))
  logEvent('job.replayed', { jobId })
  // It waits in D1 by now: a message that is lost is sent again by the sweep.
  await platform.env.JOBS.send({ jobId }).catch((error: unknown) => logError('job.not_sent', error, { jobId }))
  return ok(undefined)
}
