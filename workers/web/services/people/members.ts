// Who belongs to an organization. Every change keeps at least one owner, and only an owner makes or unmakes one.

import type { memberSchema } from '@distropack/core/contract/members.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { isAtLeast, type Role } from '@distropack/core/model/permissions.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, ne, or, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { z } from 'zod'
import { batchAfter, insertWhen } from '../../db/insert-when.ts'
import { oldestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { apiTokens } from '../../db/schema.ts'
import { users } from '../../db/tables/accounts.ts'
import { members } from '../../db/tables/members.ts'
import type { Organization } from '../access/access.ts'
import { findLeftGrants, notingGrants, settleClosing } from '../platform/outbox.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'

type Member = z.infer<typeof memberSchema>
/** An organization, and what the one who changes it is in it. */
export type ActingIn = Organization & { readonly role: Role }

const selectMembers = ({ db }: Platform) =>
  db
    .select({
      userId: users.id,
      name: users.name,
      email: users.email,
      role: members.role,
      joinedAtMs: members.createdAtMs,
    })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))

export const listMembers = async (
  platform: Platform,
  organizationId: string,
  page: PageQuery,
): Promise<Page<Member>> => {
  const { rows, nextCursor } = await readPage(
    page,
    oldestFirst(members.userId),
    ({ beyond, order, limit }) =>
      selectMembers(platform)
        .where(and(eq(members.organizationId, organizationId), beyond))
        .orderBy(order)
        .limit(limit),
    ({ userId }) => userId,
  )
  return { items: [...rows], nextCursor }
}

export const findMember = async (
  platform: Platform,
  organizationId: string,
  userId: string,
): Promise<Result<Member, Fault>> => {
  const [row] = await selectMembers(platform).where(
    and(eq(members.organizationId, organizationId), eq(members.userId, userId)),
  )
  return row ? ok(row) : err(fault('not_found', `There is no member "${userId}" here.`))
}

const lastOwner = fault('conflict', 'An organization keeps at least one owner: make somebody else an owner first.')
const changedMeanwhile = fault('conflict', 'The member was changed at the same moment: look again, then edit.')
const ownersAlone = fault('forbidden', 'Only an owner makes or unmakes an owner.')

/** True of a row that is no owner, or not the last one. Part of the statement that changes it, so nothing comes between. */
const keepsAnOwner = ({ db }: Platform) => {
  const other = alias(members, 'other')
  const otherOwners = db
    .select({ one: sql`1` })
    .from(other)
    .where(
      and(eq(other.organizationId, members.organizationId), eq(other.role, 'owner'), ne(other.userId, members.userId)),
    )
  return or(ne(members.role, 'owner'), sql`exists ${otherOwners}`)
}

/** Stands in front of the statement whose condition it is. */
const existsMember = (condition: SQL | undefined): SQL => sql`exists (select 1 from ${members} where ${condition})`

export const changeMember = async (
  platform: Platform,
  organization: ActingIn,
  userId: string,
  role: Role,
): Promise<Result<Member, Fault>> => {
  const found = await findMember(platform, organization.id, userId)
  if (!found.ok) return found
  const touchesOwner = role === 'owner' || found.value.role === 'owner'
  if (touchesOwner && !isAtLeast(organization.role, 'owner')) return err(ownersAlone)
  if (role === found.value.role) return found
  const { db } = platform
  // Of the role that was looked at: who became an owner meanwhile is not an admin's to change.
  const seen = eq(members.role, found.value.role)
  const mine = and(eq(members.organizationId, organization.id), eq(members.userId, userId), seen)
  const condition = role === 'owner' ? mine : and(mine, keepsAnOwner(platform))
  const audited = {
    organizationId: organization.id,
    action: 'member.changed',
    subject: userId,
    before: { role: found.value.role },
    after: { role },
  } as const
  const recorded = await prepareAudit(platform, audited, existsMember(condition))
  const [changed] = await batchAfter(db, recorded.statements, [
    db.update(members).set({ role }).where(condition).returning({ userId: members.userId }),
  ])
  if (changed.length === 0) return err(found.value.role === 'owner' ? lastOwner : changedMeanwhile)
  await recorded.tell()
  return ok({ ...found.value, role })
}

const grantsOf = (userId: string): SQL => eq(apiTokens.userId, userId)

/** Of one who is no member any more: whether the removal had left something, and then it is finished now. */
const finishRemoval = async (
  platform: Platform,
  userId: string,
  missing: Result<never, Fault>,
): Promise<Result<void, Fault>> => {
  const left = await findLeftGrants(platform, grantsOf(userId))
  return left.length > 0 ? settleClosing(platform, left) : missing
}

/** Their tokens lose the organization with the same stroke. */
export const removeMember = async (
  platform: Platform,
  organization: ActingIn,
  userId: string,
): Promise<Result<void, Fault>> => {
  const { db } = platform
  const found = await findMember(platform, organization.id, userId)
  if (!found.ok) return finishRemoval(platform, userId, found)
  const isSelf = platform.who.id === userId
  if (found.value.role === 'owner' && !isSelf && !isAtLeast(organization.role, 'owner')) return err(ownersAlone)
  const condition = and(eq(members.organizationId, organization.id), eq(members.userId, userId), keepsAnOwner(platform))
  const audited = {
    organizationId: organization.id,
    action: 'member.removed',
    subject: userId,
    before: { role: found.value.role, email: found.value.email },
  } as const
  const recorded = await prepareAudit(platform, audited, existsMember(condition))
  const [noted, removed] = await batchAfter(db, recorded.statements, [
    notingGrants(platform, grantsOf(userId)),
    db.delete(members).where(condition).returning({ userId: members.userId }),
  ])
  const settled = await settleClosing(platform, noted)
  if (removed.length === 0) return err(lastOwner)
  await recorded.tell()
  return settled
}

/** A membership that was agreed on, by an invitation or by an operator: statements for the batch that agrees. */
export const prepareMember = async (
  platform: Platform,
  organizationId: string,
  user: { readonly id: string; readonly email: string },
  { role, when }: { readonly role: Role; readonly when: SQL },
) => {
  const { db, nowMs } = platform
  const row = { organizationId, userId: user.id, role, createdAtMs: nowMs() }
  const isNew = sql`${when} and not ${existsMember(and(eq(members.organizationId, organizationId), eq(members.userId, user.id)))}`
  const audited = {
    organizationId,
    action: 'member.joined',
    subject: user.id,
    after: { role, email: user.email },
  } as const
  const recorded = await prepareAudit(platform, audited, isNew)
  return {
    noting: notingGrants(platform, grantsOf(user.id)),
    statements: [...recorded.statements, insertWhen(db, members, row, isNew)],
    tell: recorded.tell,
  }
}
