// What changes about a project that is there: who may read it, whether it takes anything new, whose it is.
import type { editProjectSchema } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import { apiTokens, projectAliases, projects } from '../db/schema.ts'
import { findProjectById, type Organization, type Project } from './access.ts'
import { mayTakeOver, mayUse } from './billing/entitlements.ts'
import { recountStorage } from './billing/storage-count.ts'
import { refreshGrants } from './grants.ts'
import type { Platform } from './platform.ts'
import { publisherOf } from './projects.ts'
import { recording } from './record.ts'

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
  await platform.db.batch([
    platform.db.update(projects).set({ access, archivedAtMs }).where(eq(projects.id, project.id)),
    recording(platform, {
      organizationId: project.organizationId,
      projectId: project.id,
      action: 'project.edited',
      subject: project.slug,
      before,
      after,
    }),
  ])
  if (access !== project.access) await publisherOf(platform, project.id).publish(project.id)
  return ok(await reread(platform, project.id))
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
  await db.batch([
    db
      .update(projects)
      .set({ organizationId: target.id, madeAs: project.madeAs ?? `${project.organization}/${project.slug}` })
      .where(eq(projects.id, project.id)),
    db.delete(projectAliases).where(aliased),
    db
      .insert(projectAliases)
      .values({ organization: project.organization, slug: project.slug, projectId: project.id })
      .onConflictDoNothing(),
    // A token bound to the project was its old organization's to give.
    db.update(apiTokens).set({ revokedAtMs: platform.nowMs() }).where(eq(apiTokens.projectId, project.id)),
    recording(platform, { organizationId: project.organizationId, ...facts }),
    recording(platform, { organizationId: target.id, ...facts }),
  ])
  for (const organizationId of [project.organizationId, target.id]) await recountStorage(platform, organizationId)
  await refreshGrants(platform, eq(apiTokens.projectId, project.id))
  await publisherOf(platform, project.id).publish(project.id)
  return ok(await reread(platform, project.id))
}
