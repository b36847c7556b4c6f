// Packages that were published before a check that refuses them now: a reindex leaves them out, for past its own limits a
// client does not skip one package but reads nothing of the repository. They stay at their exact address, as yanked ones.
import type { Fault } from '@distropack/core/fault.ts'
import { and, eq } from 'drizzle-orm'
import { publications } from '../../db/schema.ts'
import type { Project } from '../access/access.ts'
import { whyNoIndexHasIt } from '../packages/entry-check.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import { writePathObjects } from './flip.ts'
import type { Pending } from './package-paths.ts'
import { isWithdrawing } from './plan-scopes.ts'

export interface Unfit extends Pending {
  readonly reason: Fault
}

export const findUnfit = async (platform: Platform, pending: readonly Pending[]): Promise<readonly Unfit[]> => {
  const unfit: Unfit[] = []
  for (const each of pending.filter((one) => !isWithdrawing(one))) {
    const reason = await whyNoIndexHasIt(platform, each.artifact)
    if (reason) unfit.push({ ...each, reason })
  }
  return unfit
}

/** Yanked by the platform: listed so, told to whoever listens, and found in the audit log with the reason. */
export const leaveOut = async (platform: Platform, project: Project, { publication, artifact, reason }: Unfit) => {
  const { db, bucket } = platform
  const content = { ...artifact.content, isWithdrawn: true as const }
  await writePathObjects(bucket, project.id, [{ path: publication.path, content, companions: artifact.companions }])
  const audited = await prepareAudit(platform, {
    organizationId: project.organizationId,
    projectId: project.id,
    action: 'artifact.yanked',
    subject: artifact.fileName,
    after: { channel: publication.channel, reason: reason.message },
  })
  const mine = and(
    eq(publications.artifactId, artifact.id),
    eq(publications.channel, publication.channel),
    eq(publications.state, 'pending'),
  )
  await db.batch([...audited.statements, db.update(publications).set({ state: 'withdrawn' }).where(mine)])
  await audited.tell()
}
