// Taking back what was published. Yanked: no index offers it, its exact address still serves it. Deleted: its address
// serves it no more either; its name and version stay taken, for readers may have the old bytes.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { artifacts, publications } from '../db/schema.ts'
import type { Project } from './access.ts'
import type { ArtifactRow, PublicationRow } from './artifacts.ts'
import { releaseBlob } from './billing/storage-count.ts'
import { logEvent } from './log.ts'
import type { Platform } from './platform.ts'
import { publisherOf } from './projects.ts'
import { record } from './record.ts'

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

const findArtifact = async (
  { db }: Platform,
  project: Project,
  artifactId: string,
): Promise<Result<ArtifactRow, Fault>> => {
  const mine = and(eq(artifacts.id, artifactId), eq(artifacts.projectId, project.id), isNull(artifacts.deletedAtMs))
  const [row] = await db.select().from(artifacts).where(mine)
  return row ? ok(row) : err(fault('not_found', `There is no package file "${artifactId}" in this project.`))
}

const recordDeed = (
  platform: Platform,
  project: Project,
  action: 'artifact.yanked' | 'artifact.unyanked' | 'artifact.deleted',
  { id, fileName, channel }: { readonly id: string; readonly fileName: string; readonly channel?: string | undefined },
): Promise<void> =>
  record(platform, {
    organizationId: project.organizationId,
    projectId: project.id,
    action,
    subject: id,
    after: { fileName, channel: channel ?? null },
  })

/** Changes what the channels offer; the publisher makes it so with the next generation. */
const moveOffers = async (platform: Platform, artifact: ArtifactRow, { from, to, channel }: Move): Promise<void> => {
  const some = and(
    eq(publications.artifactId, artifact.id),
    inArray(publications.state, [...from]),
    channel === undefined ? undefined : eq(publications.channel, channel),
  )
  const createdAtMs = platform.nowMs()
  await platform.db.update(publications).set({ state: to, createdAtMs }).where(some)
  logEvent(`artifact.${to}`, { artifactId: artifact.id, projectId: artifact.projectId, channel })
  await publisherOf(platform, artifact.projectId).publish(artifact.projectId)
}

const moveAndView = async (
  platform: Platform,
  project: Project,
  artifactId: string,
  move: Move,
): Promise<Result<ArtifactView, Fault>> => {
  const found = await findArtifact(platform, project, artifactId)
  if (!found.ok) return found
  await moveOffers(platform, found.value, move)
  const action = move.to === 'pending' ? 'artifact.unyanked' : 'artifact.yanked'
  await recordDeed(platform, project, action, { ...found.value, channel: move.channel })
  const offers = await platform.db.select().from(publications).where(eq(publications.artifactId, artifactId))
  return ok({ artifact: found.value, offers })
}

export const yankArtifact = (platform: Platform, project: Project, artifactId: string, channel?: string) =>
  moveAndView(platform, project, artifactId, { from: ['pending', 'published'], to: 'withdrawing', channel })

export const unyankArtifact = (platform: Platform, project: Project, artifactId: string, channel?: string) =>
  moveAndView(platform, project, artifactId, { from: ['withdrawing', 'withdrawn'], to: 'pending', channel })

/** The publisher takes it out of every index first, and then its addresses out of the store. */
export const deleteArtifact = async (
  platform: Platform,
  project: Project,
  artifactId: string,
): Promise<Result<void, Fault>> => {
  const found = await findArtifact(platform, project, artifactId)
  if (!found.ok) return found
  await platform.db.update(artifacts).set({ deletedAtMs: platform.nowMs() }).where(eq(artifacts.id, artifactId))
  await moveOffers(platform, found.value, { from: ['pending', 'published', 'withdrawn'], to: 'withdrawing' })
  await recordDeed(platform, project, 'artifact.deleted', found.value)
  await releaseBlob(platform, project.id, found.value.unsignedSha256)
  return ok(undefined)
}
