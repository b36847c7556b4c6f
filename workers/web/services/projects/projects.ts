// Projects: made with their keys and with generation 1, so that readers find a valid, empty repository at once.

import type { CreateProject, projectSchema } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import { newestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { organizations, projectAliases, projects, signingKeys } from '../../db/schema.ts'
import { makeKeys, readPublicKeysOf } from '../../signing/keyring.ts'
import type { Organization, Project } from '../access/access.ts'
import { mayHaveProject } from '../billing/entitlements.ts'
import { newId } from '../platform/ids.ts'
import { finishLeft, notingPublisher, settleOutbox } from '../platform/outbox.ts'
import { type Platform, repositoryUrl } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import { refuseKeyName } from './key-names.ts'

export type ProjectView = z.infer<typeof projectSchema>

/** Makes the organization, or finds it. */
export const ensureOrganization = async (
  { db, nowMs }: Platform,
  slug: string,
): Promise<typeof organizations.$inferSelect> => {
  await db
    .insert(organizations)
    .values({ id: newId('org', nowMs()), slug, name: slug, createdAtMs: nowMs() })
    .onConflictDoNothing()
  const [row] = await db.select().from(organizations).where(eq(organizations.slug, slug))
  if (!row) throw new Error(`organization ${slug} was not kept`)
  return row
}

const findByName = async ({ db }: Platform, organizationId: string, slug: string) => {
  const named = and(eq(projects.organizationId, organizationId), eq(projects.slug, slug))
  return (await db.select().from(projects).where(named))[0]
}

const isPromised = async ({ db }: Platform, organization: string, slug: string): Promise<boolean> => {
  const named = and(eq(projectAliases.organization, organization), eq(projectAliases.slug, slug))
  return (await db.select().from(projectAliases).where(named)).length > 0
}

/** Makes the project and its keys (a few seconds of CPU), or finds it. */
export const ensureProject = async (
  platform: Platform,
  organization: Pick<Organization, 'id' | 'slug' | 'defaultAccess'>,
  slug: string,
  { signing, access = organization.defaultAccess }: CreateProject,
): Promise<Result<{ project: Project; created: boolean }, Fault | readonly Fault[]>> => {
  const found = await findByName(platform, organization.id, slug)
  if (found) {
    const finished = await finishLeft(platform, 'publisher', found.id)
    return finished.ok ? ok({ project: { ...found, organization: organization.slug }, created: false }) : finished
  }
  if (await isPromised(platform, organization.slug, slug)) {
    const message = `${organization.slug}/${slug} is the old address of a project that moved; its readers still use it.`
    return err(fault('conflict', message))
  }
  const misnamed = await refuseKeyName(platform, undefined, signing)
  if (misnamed) return err(misnamed)
  const may = await mayHaveProject(platform, organization.id, access)
  if (!may.ok) return may
  const vault = await platform.vault()
  if (!vault.ok) return vault
  const createdAtMs = platform.nowMs()
  const row = {
    id: newId('prj', createdAtMs),
    organizationId: organization.id,
    slug,
    access,
    createdAtMs,
    archivedAtMs: null,
    madeAs: null,
    generation: 0,
  }
  const suffix = row.id.slice(-8)
  const owner = { id: row.id, organization: organization.slug, slug, suffix, state: 'signing' } as const
  const keys = await makeKeys(owner, signing, vault.value, createdAtMs)
  if (!keys.ok) return keys
  const facts = {
    organizationId: organization.id,
    projectId: row.id,
    action: 'project.created',
    subject: slug,
  } as const
  const recorded = await prepareAudit(platform, facts)
  try {
    const [noted] = await platform.db.batch([
      notingPublisher(platform, row.id),
      ...recorded.statements,
      platform.db.insert(projects).values(row),
      platform.db.insert(signingKeys).values(keys.value),
    ])
    await settleOutbox(platform, noted)
  } catch (error) {
    // Somebody made it while the keys were being made; theirs stands.
    const winner = await findByName(platform, organization.id, slug)
    if (!winner) throw error
    return ok({ project: { ...winner, organization: organization.slug }, created: false })
  }
  await recorded.tell()
  return ok({ project: { ...row, organization: organization.slug }, created: true })
}

/** From D1 alone: a page of them costs what one does. */
const viewProjects = async (platform: Platform, shown: readonly Project[]): Promise<ProjectView[]> => {
  const keys = await readPublicKeysOf(
    platform.db,
    shown.map(({ id }) => id),
  )
  return shown.map(({ id, organization, slug, generation, access, archivedAtMs, createdAtMs }) => ({
    ...{ id, organization, project: slug, generation, access, archivedAtMs, createdAtMs },
    repositoryUrl: repositoryUrl(platform.env, organization, slug),
    openpgpFingerprint: keys.get(id)?.openpgp[0]?.name ?? '',
    rsaKeyName: keys.get(id)?.rsa[0]?.name ?? '',
  }))
}

export const viewProject = async (platform: Platform, project: Project): Promise<ProjectView> => {
  const [view] = await viewProjects(platform, [project])
  if (!view) throw new Error(`no view of ${project.id}`)
  return view
}

export const listProjects = async (
  platform: Platform,
  organization: { readonly id: string; readonly slug: string },
  page: PageQuery & { readonly onlyProjectId?: string | null },
): Promise<Page<ProjectView>> => {
  const { rows, nextCursor } = await readPage(
    page,
    newestFirst(projects.id),
    ({ beyond, order, limit }) =>
      platform.db
        .select()
        .from(projects)
        .where(
          and(
            eq(projects.organizationId, organization.id),
            page.onlyProjectId ? eq(projects.id, page.onlyProjectId) : undefined,
            beyond,
          ),
        )
        .orderBy(order)
        .limit(limit),
    ({ id }) => id,
  )
  const items = await viewProjects(
    platform,
    rows.map((row) => ({ ...row, organization: organization.slug })),
  )
  return { items, nextCursor }
}
