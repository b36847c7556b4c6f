// The end of a build: noticed once, by whichever of its jobs is over last.
import { and, eq, inArray, isNull, notExists, sql } from 'drizzle-orm'
import { builds, jobs } from '../db/schema.ts'
import { findProjectById } from './access.ts'
import type { Platform } from './platform.ts'
import { record } from './record.ts'

/** What one faulty job may fill a notice with. */
const MAX_MESSAGE = 500

/** Harmless before the end and after it. */
export const noteEnd = async (platform: Platform, buildId: string): Promise<void> => {
  const { db, nowMs } = platform
  const open = db
    .select({ one: sql`1` })
    .from(jobs)
    .where(and(eq(jobs.buildId, buildId), inArray(jobs.state, ['waiting', 'building'])))
  const [ended] = await db
    .update(builds)
    .set({ endedAtMs: nowMs() })
    .where(and(eq(builds.id, buildId), isNull(builds.endedAtMs), notExists(open)))
    .returning({ projectId: builds.projectId, channel: builds.channel })
  const project = ended && (await findProjectById(platform, ended.projectId))
  if (!project) return
  const rows = await db.select().from(jobs).where(eq(jobs.buildId, buildId))
  const failed = rows.filter(({ state }) => state === 'failed' || state === 'dead')
  await record(platform, {
    organizationId: project.organizationId,
    projectId: project.id,
    action: failed.length > 0 ? 'build.failed' : 'build.finished',
    subject: buildId,
    after: {
      channel: ended.channel,
      targets: rows.map(({ target }) => target),
      failed: failed.map(({ target, faults }) => ({ target, message: faults[0]?.message.slice(0, MAX_MESSAGE) })),
    },
  })
}
