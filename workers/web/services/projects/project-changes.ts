// What changes about a project that is there: who may read it, whether it takes anything new, whose it is.
import type { editProjectSchema } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { batchAfter } from '../../db/insert-when.ts'
import { apiTokens, projectAliases, projects } from '../../db/schema.ts'
import { trustedPublishers } from '../../db/tables/ci.ts'
import { findProjectById, type Organization, type Project } from '../access/access.ts'
import { mayTakeOver, mayUse } from '../billing/entitlements.ts'
import { recountStorage } from '../billing/storage-count.ts'
import { notingGrants, notingPublisher, settleClosing } from '../platform/outbox.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'

const reread = async (platform: Platform, projectId: string): Promise<Project> => {
  const project = await findProjectById(platform, projectId)
  if (!project) throw new Error(`project ${projectId} is gone`)
  return project
}

export const editProject = async (
  platform: Platform,
  project: Project,
  request: z.infer<typeof editProjectSchema>,
): Promise<Result<Project, Fault>> => {
  const archivedAtMs =
    request.archived === undefined
      ? project.archivedAtMs
      : request.archived
        ? (project.archivedAtMs ?? platform.nowMs())
        : null
  const access = request.access ?? project.access
  const after = { access, archived: archivedAtMs !== null }
  const before = { access: project.access, archived: project.archivedAtMs !== null }
  if (access === 'private' && project.access !== 'private') {
    const may = await mayUse(platform, project.organizationId, { kind: 'private_repository' })
    if (!may.ok) return may
  }
  const { db } = platform
  const recorded = await prepareAudit(platform, {
    organizationId: project.organizationId,
    projectId: project.id,
    action: 'project.edited',
    subject: project.slug,
    before,
    after,
  })
  const [, noted] = await batchAfter(db, recorded.statements, [
    db.update(projects).set({ access, archivedAtMs }).where(eq(projects.id, project.id)),
    notingPublisher(platform, project.id),
  ])
  await recorded.tell()
  // Also where nothing changed: who asks again wants what the first time may have left undone.
  const settled = await settleClosing(platform, noted)
  return settled.ok || access === 'public' ? ok(await reread(platform, project.id)) : settled
}

/**
 * Readers keep the old address (an alias), and names inside the indexes stay as they were made: a repository of
 * pacman is known by its name, and a moved one would be a new one to every reader.
 */
export const transferProject = async (
  platform: Platform,
  project: Project,
  target: Organization,
): Promise<Result<Project, Fault>> => {
  const { db } = platform
  if (target.id === project.organizationId) return ok(project)
  const at = and(eq(projects.organizationId, target.id), eq(projects.slug, project.slug))
  const aliased = and(eq(projectAliases.organization, target.slug), eq(projectAliases.slug, project.slug))
  const taken = (await db.select({ id: projects.id }).from(projects).where(at))[0]
  const promised = (await db.select().from(projectAliases).where(aliased))[0]
  if (taken || (promised && promised.projectId !== project.id)) {
    return err(fault('conflict', `${target.slug} already has, or had, a project "${project.slug}".`))
  }
  const may = await mayTakeOver(platform, target.id, project)
  if (!may.ok) return may
  const facts = {
    projectId: project.id,
    action: 'project.transferred' as const,
    subject: project.slug,
    before: { organization: project.organization },
    after: { organization: target.slug },
  }
  // Of two that move it at the same moment one comes first, and the other finds it gone.
  const isHere = and(eq(projects.id, project.id), eq(projects.organizationId, project.organizationId))
  const when = sql`exists (select 1 from ${projects} where ${isHere})`
  const left = await prepareAudit(platform, { organizationId: project.organizationId, ...facts }, when)
  const came = await prepareAudit(platform, { organizationId: target.id, ...facts }, when)
  const madeAs = project.madeAs ?? `${project.organization}/${project.slug}`
  const tokens = eq(apiTokens.projectId, project.id)
  const [moved, grants, publisher] = await batchAfter(
    db,
    [...left.statements, ...came.statements],
    [
      db.update(projects).set({ organizationId: target.id, madeAs }).where(isHere).returning({ id: projects.id }),
      notingGrants(platform, tokens),
      notingPublisher(platform, project.id),
      db.delete(projectAliases).where(aliased),
      db
        .insert(projectAliases)
        .values({ organization: project.organization, slug: project.slug, projectId: project.id })
        .onConflictDoNothing(),
      // Tokens bound to the project, and CI runs it trusted, were its old organization's to admit.
      db
        .update(apiTokens)
        .set({ revokedAtMs: platform.nowMs() })
        .where(and(tokens, isNull(apiTokens.revokedAtMs))),
      db.delete(trustedPublishers).where(eq(trustedPublishers.projectId, project.id)),
      recountStorage(platform, project.organizationId),
      recountStorage(platform, target.id),
    ],
  )
  const settled = await settleClosing(platform, [...grants, ...publisher])
  if (moved.length === 0) return err(fault('conflict', `${project.slug} was moved at the same moment: look again.`))
  await left.tell()
  await came.tell()
  return settled.ok ? ok(await reread(platform, project.id)) : settled
}
