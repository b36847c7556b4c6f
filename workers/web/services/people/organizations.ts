// Organizations of a person: made, named, left empty and deleted.

import type {
  createOrganizationSchema,
  EditOrganization,
  organizationSchema,
} from '@distropack/core/contract/members.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { lesserRole, type Role } from '@distropack/core/model/permissions.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { batchAfter, insertWhen } from '../../db/insert-when.ts'
import { oldestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { apiTokens, organizations, projectAliases, projects } from '../../db/schema.ts'
import { members } from '../../db/tables/members.ts'
import type { Actor, UserActor } from '../access/access.ts'
import { roleOfScopes } from '../access/access.ts'
import { endBilling } from '../billing/plan-change.ts'
import { newId } from '../platform/ids.ts'
import { notingGrants, settleClosing, settleOutbox } from '../platform/outbox.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import type { ActingIn } from './members.ts'

type OrganizationView = z.infer<typeof organizationSchema>
type Row = typeof organizations.$inferSelect

export const viewOrganization = (
  { id, slug, name, defaultAccess, createdAtMs }: Row,
  role: Role,
): OrganizationView => ({
  id,
  organization: slug,
  name: name || slug,
  role,
  defaultAccess,
  createdAtMs,
})

/** The person who makes it owns it. */
export const createOrganization = async (
  platform: Platform,
  user: UserActor,
  { organization: slug, name, defaultAccess }: z.infer<typeof createOrganizationSchema>,
): Promise<Result<OrganizationView, Fault>> => {
  const { db } = platform
  const createdAtMs = platform.nowMs()
  const row: Row = { id: newId('org', createdAtMs), slug, name: name ?? slug, defaultAccess, createdAtMs }
  const [promised] = await db.select().from(projectAliases).where(eq(projectAliases.organization, slug)).limit(1)
  // An address that readers still have must not become somebody else's.
  const taken = err(fault('conflict', `The name "${slug}" is taken.`))
  if (promised) return taken
  const isFree = sql`not exists (select 1 from ${organizations} where ${organizations.slug} = ${slug})`
  const isMade = sql`exists (select 1 from ${organizations} where ${organizations.id} = ${row.id})`
  const member = { organizationId: row.id, userId: user.userId, role: 'owner', createdAtMs } as const
  const audited = { organizationId: row.id, action: 'organization.created', subject: slug } as const
  const recorded = await prepareAudit(platform, audited, isFree)
  // With its owner, or not at all: an organization of nobody would keep its name for ever.
  const [made, , noted] = await batchAfter(db, recorded.statements, [
    insertWhen(db, organizations, row, isFree).returning({ id: organizations.id }),
    insertWhen(db, members, member, isMade),
    notingGrants(platform, eq(apiTokens.userId, user.userId)),
  ])
  await settleOutbox(platform, noted)
  if (made.length === 0) return taken
  await recorded.tell()
  return ok(viewOrganization(row, 'owner'))
}

const reachOf = (actor: Exclude<Actor, { kind: 'operator' }>): SQL | undefined => {
  if (actor.kind === 'user') return eq(members.userId, actor.userId)
  const bound = actor.organizationId === null ? undefined : eq(organizations.id, actor.organizationId)
  return actor.userId === null ? bound : and(eq(members.userId, actor.userId), bound)
}

export const listOrganizations = async (
  { db }: Platform,
  actor: Exclude<Actor, { kind: 'operator' }>,
  page: PageQuery,
): Promise<Page<OrganizationView>> => {
  const isPerson = actor.kind === 'user' || actor.userId !== null
  const userId = actor.kind === 'user' ? actor.userId : (actor.userId ?? '')
  const { rows, nextCursor } = await readPage(
    page,
    oldestFirst(organizations.id),
    ({ beyond, order, limit }) =>
      db
        .select({ row: organizations, role: members.role })
        .from(organizations)
        .leftJoin(members, and(eq(members.organizationId, organizations.id), eq(members.userId, userId)))
        .where(and(reachOf(actor), beyond))
        .orderBy(order)
        .limit(limit),
    ({ row }) => row.id,
  )
  const granted = actor.kind === 'token' ? roleOfScopes(actor.scopes) : ('owner' as const)
  const items = rows.map(({ row, role }) =>
    viewOrganization(row, isPerson && role ? lesserRole(role, granted) : granted),
  )
  return { items, nextCursor }
}

/** What an edit may change. */
export const editableOrganization = ({ name, defaultAccess }: Pick<Row, 'name' | 'defaultAccess'>) => ({
  name,
  defaultAccess,
})

export const editOrganization = async (
  platform: Platform,
  organization: ActingIn,
  { name = organization.name, defaultAccess = organization.defaultAccess }: EditOrganization,
): Promise<Row> => {
  const { db } = platform
  const edited = { ...organization, name, defaultAccess }
  const after = editableOrganization(edited)
  const recorded = await prepareAudit(platform, {
    organizationId: organization.id,
    action: 'organization.edited',
    subject: organization.slug,
    before: editableOrganization(organization),
    after,
  })
  const editing = db.update(organizations).set(after).where(eq(organizations.id, organization.id))
  await db.batch([...recorded.statements, editing])
  await recorded.tell()
  return edited
}

/** Only an empty one: what readers install from is not deleted by the way. */
export const deleteOrganization = async (platform: Platform, organization: ActingIn): Promise<Result<void, Fault>> => {
  const { db } = platform
  const own = eq(projects.organizationId, organization.id)
  const [project] = await db.select({ slug: projects.slug }).from(projects).where(own).limit(1)
  if (project) {
    const message = `${organization.slug} still has projects ("${project.slug}" is one): transfer them first.`
    return err(fault('conflict', message))
  }
  const ended = await endBilling(platform, organization)
  if (!ended.ok) return ended
  const memberIds = db.select({ id: members.userId }).from(members).where(eq(members.organizationId, organization.id))
  const itsTokens = eq(apiTokens.organizationId, organization.id)
  const recorded = await prepareAudit(platform, {
    organizationId: organization.id,
    action: 'organization.deleted',
    subject: organization.slug,
  })
  const [noted] = await batchAfter(db, recorded.statements, [
    notingGrants(platform, or(itsTokens, inArray(apiTokens.userId, memberIds))),
    db.delete(apiTokens).where(itsTokens),
    db.delete(organizations).where(eq(organizations.id, organization.id)),
  ])
  await recorded.tell()
  return settleClosing(platform, noted)
}
