// Who may have an account, and when one may go.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { and, eq, gt, ne, notExists, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import { organizations } from '../../db/schema.ts'
import { users } from '../../db/tables/accounts.ts'
import { invitations, members } from '../../db/tables/members.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import { logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { isNamedOperator } from './operators.ts'

/** The invitation's own words from the mail, or a mailbox that somebody else has proven. */
const isInvited = async ({ db, nowMs }: Platform, { email, isProven, invitation }: Newcomer): Promise<boolean> => {
  if (!isProven && invitation === undefined) return false
  const open = and(
    eq(invitations.email, email.toLowerCase()),
    eq(invitations.state, 'open'),
    gt(invitations.expiresAtMs, nowMs()),
    isProven ? undefined : eq(invitations.secretSha256, await sha256Hex(invitation ?? '')),
  )
  return (await db.select({ id: invitations.id }).from(invitations).where(open).limit(1)).length > 0
}

export interface Newcomer {
  readonly email: string
  /** Its provider vouches for the mailbox (GitHub, OpenID). */
  readonly isProven: boolean
  /** What the mail of an invitation holds: nobody else can have it. */
  readonly invitation: string | undefined
}

/** Why this address may not have an account here. */
export const refuseSignUp = async (platform: Platform, newcomer: Newcomer): Promise<Fault | undefined> => {
  const { SIGN_UP = 'invited' } = platform.env
  if (SIGN_UP === 'open' || isNamedOperator(platform.env, newcomer.email)) return undefined
  if (SIGN_UP === 'invited' && (await isInvited(platform, newcomer))) return undefined
  const message =
    'New accounts are by invitation here: open the address in the mail that invites you, or ask a member for one.'
  return fault('sign_up_closed', message)
}

export const afterUserMade = ({ requestId }: Platform, userId: string): void =>
  logEvent('account.created', { userId, requestId })

const isLastOperator = async ({ db }: Platform, userId: string): Promise<boolean> => {
  const operators = await db.select({ id: users.id }).from(users).where(eq(users.isOperator, true)).limit(2)
  return operators.length === 1 && operators[0]?.id === userId
}

/** An organization without an owner could never be changed again. */
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
  return undefined
}
