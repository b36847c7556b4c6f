// Taking back what was published. Yanked: no index offers it, its exact address still serves it. Deleted: its address
// serves it no more either; its name and version stay taken, for readers may have the old bytes.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import { batchAfter } from '../../db/insert-when.ts'
import { artifacts, publications } from '../../db/schema.ts'
import type { Project } from '../access/access.ts'
import { releasingBlob } from '../billing/storage-count.ts'
import { notingPublisher, settleClosing } from '../platform/outbox.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import type { ArtifactRow, PublicationRow } from './artifacts.ts'
import { whyNoIndexHasIt } from './entry-check.ts'

export interface ArtifactView {
  readonly artifact: ArtifactRow
  readonly offers: readonly PublicationRow[]
}

interface Move {
  readonly from: readonly PublicationRow['state'][]
  readonly to: PublicationRow['state']
  /** Absent: every channel that has it. */
  readonly channel?: string | undefined
}

const findArtifact = async ({ db }: Platform, project: Project, artifactId: string): Promise<ArtifactRow | undefined> =>
  (
    await db
      .select()
      .from(artifacts)
      .where(and(eq(artifacts.id, artifactId), eq(artifacts.projectId, project.id)))
  )[0]

const noArtifact = (artifactId: string) =>
  err(fault('not_found', `There is no package file "${artifactId}" in this project.`))

interface AuditFacts {
  readonly action: 'artifact.yanked' | 'artifact.unyanked' | 'artifact.deleted'
  readonly channel?: string | undefined
  readonly when: SQL
}

const prepare = (
  platform: Platform,
  project: Project,
  { id, fileName }: ArtifactRow,
  { action, channel, when }: AuditFacts,
) =>
  prepareAudit(
    platform,
    {
      organizationId: project.organizationId,
      projectId: project.id,
      action,
      subject: id,
      after: { fileName, channel: channel ?? null },
    },
    when,
  )

/** Deleted is deleted: nobody offers it again at the same moment. */
const isKept = (artifactId: string): SQL =>
  sql`exists (select 1 from ${artifacts} where ${artifacts.id} = ${artifactId} and ${artifacts.deletedAtMs} is null)`

const offersIn = (artifactId: string, { from, channel }: Move) =>
  and(
    eq(publications.artifactId, artifactId),
    inArray(publications.state, [...from]),
    channel === undefined ? undefined : eq(publications.channel, channel),
  )

/** What the channels offer; the publisher makes it so with the next generation. */
const moving = ({ db, nowMs }: Platform, artifactId: string, move: Move) =>
  db
    .update(publications)
    .set({ state: move.to, createdAtMs: nowMs() })
    .where(and(offersIn(artifactId, move), isKept(artifactId)))

/** Whether a channel offers it, or did. */
const wasOffered = async ({ db }: Platform, artifactId: string, channel: string): Promise<boolean> => {
  const there = and(eq(publications.artifactId, artifactId), eq(publications.channel, channel))
  return (await db.select({ path: publications.path }).from(publications).where(there).limit(1)).length > 0
}

const moveAndView = async (
  platform: Platform,
  project: Project,
  artifactId: string,
  move: Move,
): Promise<Result<ArtifactView, Fault>> => {
  const found = await findArtifact(platform, project, artifactId)
  if (!found || found.deletedAtMs !== null) return noArtifact(artifactId)
  if (move.channel !== undefined && !(await wasOffered(platform, artifactId, move.channel))) {
    return err(fault('not_found', `${found.fileName} was never offered in the channel "${move.channel}".`))
  }
  const action = move.to === 'pending' ? 'artifact.unyanked' : 'artifact.yanked'
  const when = sql`exists (select 1 from ${publications} where ${offersIn(artifactId, move)}) and ${isKept(artifactId)}`
  const recorded = await prepare(platform, project, found, { action, channel: move.channel, when })
  const [noted] = await batchAfter(
    platform.db,
    [...recorded.statements, moving(platform, artifactId, move)],
    [notingPublisher(platform, project.id)],
  )
  await recorded.tell()
  const settled = await settleClosing(platform, noted)
  if (!settled.ok && move.to === 'withdrawing') return settled
  const offers = await platform.db.select().from(publications).where(eq(publications.artifactId, artifactId))
  return ok({ artifact: found, offers })
}

export const yankArtifact = (platform: Platform, project: Project, artifactId: string, channel?: string) =>
  moveAndView(platform, project, artifactId, { from: ['pending', 'published'], to: 'withdrawing', channel })

export const unyankArtifact = async (
  platform: Platform,
  project: Project,
  artifactId: string,
  channel?: string,
): Promise<Result<ArtifactView, Fault>> => {
  const found = await findArtifact(platform, project, artifactId)
  const reason = found && (await whyNoIndexHasIt(platform, found))
  if (reason) return err(reason)
  return moveAndView(platform, project, artifactId, { from: ['withdrawing', 'withdrawn'], to: 'pending', channel })
}

/**
 * The publisher takes it out of every index first, and then its addresses out of the store. Asked again, it sees to it
 * that this goes on.
 */
export const deleteArtifact = async (
  platform: Platform,
  project: Project,
  artifactId: string,
): Promise<Result<void, Fault>> => {
  const { db, nowMs } = platform
  const found = await findArtifact(platform, project, artifactId)
  if (!found) return noArtifact(artifactId)
  const when = isKept(artifactId)
  const recorded = await prepare(platform, project, found, { action: 'artifact.deleted', when })
  const everywhere: Move = { from: ['pending', 'published', 'withdrawn'], to: 'withdrawing' }
  const first = [
    ...recorded.statements,
    // In front of the row it asks: the offers of one that is deleted already are on their way.
    moving(platform, artifactId, everywhere),
    db
      .update(artifacts)
      .set({ deletedAtMs: nowMs() })
      .where(and(eq(artifacts.id, artifactId), isNull(artifacts.deletedAtMs))),
    ...releasingBlob(platform, project.id, found.unsignedSha256),
  ]
  const [noted] = await batchAfter(db, first, [notingPublisher(platform, project.id)])
  if (found.deletedAtMs === null) await recorded.tell()
  return settleClosing(platform, noted)
}
