// The end of a build: noticed once, by whichever of its jobs is over last.
import { and, eq, inArray, isNull, lt, notExists, sql } from 'drizzle-orm'
import { batchAfter } from '../../db/insert-when.ts'
import { builds, jobs } from '../../db/schema.ts'
import { findProjectById } from '../access/access.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'

/** What one faulty job may fill a notice with. */
const MAX_MESSAGE = 500
/** Jobs that a notice names; the build itself lists them all. */
const MAX_NAMED = 100
/** Whoever ends the last job notes it in the next moment. */
const MISSED_AFTER_MS = 15_000

/** Words and not parameters: the index over open jobs is for these words. */
const IS_OPEN = sql`${jobs.state} IN ('waiting', 'building')`

/** Harmless before the end and after it. The end and the word of it are one batch. */
export const noteEnd = async (platform: Platform, buildId: string): Promise<void> => {
  const { db, nowMs } = platform
  const open = db
    .select({ one: sql`1` })
    .from(jobs)
    .where(and(eq(jobs.buildId, buildId), IS_OPEN))
  const isOver = and(eq(builds.id, buildId), isNull(builds.endedAtMs), notExists(open))
  const [over] = await db.select({ projectId: builds.projectId, channel: builds.channel }).from(builds).where(isOver)
  const project = over && (await findProjectById(platform, over.projectId))
  if (!project) return
  const ofBuild = eq(jobs.buildId, buildId)
  const rows = await db.select({ target: jobs.target }).from(jobs).where(ofBuild).orderBy(jobs.target).limit(MAX_NAMED)
  const failed = await db
    .select({ target: jobs.target, faults: jobs.faults })
    .from(jobs)
    .where(and(ofBuild, inArray(jobs.state, ['failed', 'dead'])))
    .orderBy(jobs.target)
    .limit(MAX_NAMED)
  const audited = {
    organizationId: project.organizationId,
    projectId: project.id,
    action: failed.length > 0 ? 'build.failed' : 'build.finished',
    subject: buildId,
    after: {
      channel: over.channel,
      targets: rows.map(({ target }) => target),
      failed: failed.map(({ target, faults }) => ({ target, message: faults[0]?.message.slice(0, MAX_MESSAGE) })),
    },
  } as const
  const recorded = await prepareAudit(platform, audited, sql`exists (select 1 from ${builds} where ${isOver})`)
  const [ended] = await batchAfter(db, recorded.statements, [
    db.update(builds).set({ endedAtMs: nowMs() }).where(isOver).returning({ id: builds.id }),
  ])
  if (ended.length > 0) await recorded.tell()
}

/** For the sweep: builds whose end nobody noted, because whoever did their last job broke off. */
export const noteMissedEnds = async (platform: Platform, limit: number): Promise<number> => {
  const { db, nowMs } = platform
  const open = db
    .select({ one: sql`1` })
    .from(jobs)
    .where(and(eq(jobs.buildId, builds.id), IS_OPEN))
  const missed = await db
    .select({ id: builds.id })
    .from(builds)
    .where(and(isNull(builds.endedAtMs), lt(builds.createdAtMs, nowMs() - MISSED_AFTER_MS), notExists(open)))
    .limit(limit)
  for (const { id } of missed) await noteEnd(platform, id)
  return missed.length
}
