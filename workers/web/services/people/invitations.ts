// Asking somebody in. An invitation is accepted by the account whose confirmed e-mail address it names, so a forwarded
// mail opens nothing; and where accounts are by invitation, the words in the mail are what lets one be made.

import type { invitationSchema, inviteSchema } from '@distropack/core/contract/members.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { isAtLeast } from '@distropack/core/model/permissions.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, gt, type SQL, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { batchAfter } from '../../db/insert-when.ts'
import { newestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { apiTokens, organizations } from '../../db/schema.ts'
import { users } from '../../db/tables/accounts.ts'
import { invitations, members } from '../../db/tables/members.ts'
import { sendMail } from '../../mail/mailer.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import type { UserActor } from '../access/access.ts'
import { mayUse } from '../billing/entitlements.ts'
import { newId, newInvitationSecret } from '../platform/ids.ts'
import { logError } from '../platform/log.ts'
import { findLeftGrants, settleOutbox } from '../platform/outbox.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import { type ActingIn, prepareMember } from './members.ts'

type Invitation = z.infer<typeof invitationSchema>
type Row = typeof invitations.$inferSelect

const LIFETIME_MS = 7 * 24 * 3600 * 1000

const view = (row: Row, organization: string | null): Invitation => ({
  id: row.id,
  organization,
  email: row.email,
  role: row.role,
  invitedBy: row.invitedBy,
  createdAtMs: row.createdAtMs,
  expiresAtMs: row.expiresAtMs,
})

interface Made {
  readonly row: Row
  /** Stands in the mail alone. */
  readonly secret: string
}

const notify = async ({ env, requestId }: Platform, { row, secret }: Made, place: string): Promise<void> => {
  const text = [
    `${row.invitedBy} invites you to ${place} on DistroPack, as ${row.role}.`,
    'Sign in with this e-mail address to accept. If you have no account yet, this address lets you make one:',
    `${env.DASHBOARD_URL || env.PUBLIC_URL}/?invitation=${secret}`,
    'The invitation ends in 7 days.',
  ].join('\n\n')
  // It stands in the list of the one invited, mailed or not.
  await sendMail(env, { to: row.email, subject: `An invitation to ${place}`, text }).catch((error: unknown) =>
    logError('mail.failed', error, { requestId }),
  )
}

const newInvitation = async (
  platform: Platform,
  organizationId: string | null,
  { email, role }: z.infer<typeof inviteSchema>,
): Promise<Made> => {
  const now = platform.nowMs()
  const secret = newInvitationSecret()
  const row: Row = {
    id: newId('inv', now),
    organizationId,
    email,
    role,
    invitedBy: platform.who.name,
    secretSha256: await sha256Hex(secret),
    state: 'open',
    createdAtMs: now,
    expiresAtMs: now + LIFETIME_MS,
  }
  return { row, secret }
}

const isOpen = (platform: Platform): SQL | undefined =>
  and(eq(invitations.state, 'open'), gt(invitations.expiresAtMs, platform.nowMs()))

export const invite = async (
  platform: Platform,
  organization: ActingIn,
  request: z.infer<typeof inviteSchema>,
): Promise<Result<Invitation, Fault>> => {
  if (request.role === 'owner' && !isAtLeast(organization.role, 'owner')) {
    return err(fault('forbidden', 'Only an owner makes an owner.'))
  }
  const [already] = await platform.db
    .select({ id: users.id })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.organizationId, organization.id), eq(users.email, request.email)))
  if (already) return err(fault('conflict', `${request.email} is a member already.`))
  const may = await mayUse(platform, organization.id, { kind: 'member' })
  if (!may.ok) return may
  const made = await newInvitation(platform, organization.id, request)
  const { row } = made
  const recorded = await prepareAudit(platform, {
    organizationId: organization.id,
    action: 'member.invited',
    subject: row.id,
    after: { email: row.email, role: row.role },
  })
  // The newest is what counts: whoever was asked in as an owner by mistake, and then as a reader, must not choose.
  const earlier = and(eq(invitations.organizationId, organization.id), eq(invitations.email, row.email))
  await platform.db.batch([
    ...recorded.statements,
    platform.db
      .update(invitations)
      .set({ state: 'revoked' })
      .where(and(earlier, isOpen(platform))),
    platform.db.insert(invitations).values(row),
  ])
  await recorded.tell()
  await notify(platform, made, organization.slug)
  return ok(view(row, organization.slug))
}

/** To the instance alone, from its operator: an account may be made for this address. */
export const inviteToInstance = async (platform: Platform, email: string): Promise<Invitation> => {
  const made = await newInvitation(platform, null, { email, role: 'reader' })
  await platform.db.insert(invitations).values(made.row)
  await notify(platform, made, 'an account')
  return view(made.row, null)
}

const list = async (platform: Platform, which: SQL | undefined, page: PageQuery): Promise<Page<Invitation>> => {
  const { rows, nextCursor } = await readPage(
    page,
    newestFirst(invitations.id),
    ({ beyond, order, limit }) =>
      platform.db
        .select({ row: invitations, organization: organizations.slug })
        .from(invitations)
        .leftJoin(organizations, eq(organizations.id, invitations.organizationId))
        .where(and(which, isOpen(platform), beyond))
        .orderBy(order)
        .limit(limit),
    ({ row }) => row.id,
  )
  const items = rows.map(({ row, organization }) => view(row, organization))
  return { items, nextCursor }
}

export const listInvitations = (platform: Platform, organizationId: string, page: PageQuery) =>
  list(platform, eq(invitations.organizationId, organizationId), page)

export const listMyInvitations = (platform: Platform, user: UserActor, page: PageQuery) =>
  list(platform, eq(invitations.email, user.email.toLowerCase()), page)

const noSuch = (id: string) => err(fault('not_found', `There is no open invitation "${id}".`))

const exists = (which: SQL | undefined): SQL => sql`exists (select 1 from ${invitations} where ${which})`

/** One that was revoked before is as it was asked to be. */
export const revokeInvitation = async (
  platform: Platform,
  organizationId: string,
  id: string,
): Promise<Result<void, Fault>> => {
  const { db } = platform
  const mine = and(eq(invitations.id, id), eq(invitations.organizationId, organizationId))
  const [found] = await db.select().from(invitations).where(mine)
  if (found?.state === 'revoked') return ok(undefined)
  if (!found) return noSuch(id)
  const open = and(mine, isOpen(platform))
  const audited = { organizationId, action: 'invitation.revoked', subject: id, before: { email: found.email } } as const
  const recorded = await prepareAudit(platform, audited, exists(open))
  const [revoked] = await batchAfter(db, recorded.statements, [
    db.update(invitations).set({ state: 'revoked' }).where(open).returning({ id: invitations.id }),
  ])
  if (revoked.length === 0) return noSuch(id)
  await recorded.tell()
  return ok(undefined)
}

/** The membership comes with the acceptance, or neither does. Asked again, it finishes what its grants still lack. */
export const acceptInvitation = async (
  platform: Platform,
  user: UserActor,
  id: string,
): Promise<Result<void, Fault>> => {
  const { db } = platform
  const mine = and(eq(invitations.id, id), eq(invitations.email, user.email.toLowerCase()))
  const [found] = await db.select().from(invitations).where(mine)
  if (found?.state === 'accepted' && found.organizationId) {
    const left = await findLeftGrants(platform, eq(apiTokens.userId, user.userId))
    await settleOutbox(platform, left)
    return left.length > 0 ? ok(undefined) : noSuch(id)
  }
  const open = and(mine, isOpen(platform))
  const isNow = found?.state === 'open' && found.expiresAtMs > platform.nowMs()
  if (!found || !isNow) return noSuch(id)
  // Several may stand open for one place.
  const { organizationId, role } = found
  const may = organizationId ? await mayUse(platform, organizationId, { kind: 'member' }) : ok(undefined)
  if (!may.ok) return may
  const accepting = db.update(invitations).set({ state: 'accepted' }).where(open).returning({ id: invitations.id })
  if (!organizationId) return (await accepting).length > 0 ? ok(undefined) : noSuch(id)
  const member = { id: user.userId, email: user.email }
  const joining = await prepareMember(platform, organizationId, member, { role, when: exists(open) })
  const [accepted, noted] = await batchAfter(db, joining.statements, [accepting, joining.noting])
  await settleOutbox(platform, noted)
  if (accepted.length === 0) return noSuch(id)
  await joining.tell()
  return ok(undefined)
}
