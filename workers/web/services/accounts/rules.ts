// Who may have an account, and when one may go.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { and, eq, gt, lt, ne, notExists, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import { apiTokens, organizations } from '../../db/schema.ts'
import { users } from '../../db/tables/accounts.ts'
import { invitations, members } from '../../db/tables/members.ts'
import { dropGrants } from '../grants.ts'
import { logEvent } from '../log.ts'
import type { Platform } from '../platform.ts'

const hasInvitation = async ({ db, nowMs }: Platform, email: string): Promise<boolean> => {
  const open = and(
    eq(invitations.email, email.toLowerCase()),
    eq(invitations.state, 'open'),
    gt(invitations.expiresAtMs, nowMs()),
  )
  return (await db.select({ id: invitations.id }).from(invitations).where(open).limit(1)).length > 0
}

/** Why this address may not have an account here; the first account of an instance always may. */
export const refuseSignUp = async (platform: Platform, email: string): Promise<Fault | undefined> => {
  const { SIGN_UP = 'invited' } = platform.env
  if (SIGN_UP === 'open') return undefined
  const [anybody] = await platform.db.select({ id: users.id }).from(users).limit(1)
  if (!anybody) return undefined
  if (SIGN_UP === 'invited' && (await hasInvitation(platform, email))) return undefined
  return fault('sign_up_closed', 'New accounts are by invitation here: ask a member to invite this e-mail address.')
}

/**
 * The first account runs the instance; one statement, so that two first sign-ups make one operator. Only the first: an
 * instance whose operators are gone must not fall to whoever signs up next.
 */
export const afterUserMade = async ({ db, requestId }: Platform, userId: string): Promise<void> => {
  const other = alias(users, 'other')
  const someOperator = db.select({ one: sql`1` }).from(other).where(eq(other.isOperator, true))
  // Ids grow with time.
  const earlier = db.select({ one: sql`1` }).from(other).where(lt(other.id, users.id))
  const made = await db
    .update(users)
    .set({ isOperator: true })
    .where(and(eq(users.id, userId), notExists(someOperator), notExists(earlier)))
    .returning({ id: users.id })
  logEvent('account.created', { userId, isOperator: made.length > 0, requestId })
}

const isLastOperator = async ({ db }: Platform, userId: string): Promise<boolean> => {
  const operators = await db.select({ id: users.id }).from(users).where(eq(users.isOperator, true)).limit(2)
  return operators.length === 1 && operators[0]?.id === userId
}

/** An organization without an owner could never be changed again. Otherwise: what the account's tokens open ends now. */
export const refuseDeletion = async (platform: Platform, userId: string): Promise<Fault | undefined> => {
  const { db } = platform
  const other = alias(members, 'other')
  const otherOwner = db
    .select({ one: sql`1` })
    .from(other)
    .where(and(eq(other.organizationId, members.organizationId), eq(other.role, 'owner'), ne(other.userId, userId)))
  const left = await db
    .select({ slug: organizations.slug })
    .from(members)
    .innerJoin(organizations, eq(organizations.id, members.organizationId))
    .where(and(eq(members.userId, userId), eq(members.role, 'owner'), notExists(otherOwner)))
  if (left.length > 0) {
    const names = left.map(({ slug }) => slug).join(', ')
    return fault('conflict', `You are the only owner of ${names}: make somebody else an owner, or delete it, first.`)
  }
  if (await isLastOperator(platform, userId)) {
    return fault('conflict', 'You are the only operator of this instance: name another one first.')
  }
  await dropGrants(platform, eq(apiTokens.userId, userId))
  return undefined
}
