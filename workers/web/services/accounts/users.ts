// Accounts as an operator sees and makes them.

import type { createUserSchema, userSchema } from '@distropack/core/contract/operator.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, like, ne, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { z } from 'zod'
import { newestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { apiTokens } from '../../db/schema.ts'
import { sessions, signIns, users } from '../../db/tables/accounts.ts'
import { findOrganization } from '../access/access.ts'
import { prepareMember } from '../people/members.ts'
import { newId } from '../platform/ids.ts'
import { logEvent } from '../platform/log.ts'
import { notingGrants, settleClosing } from '../platform/outbox.ts'
import type { Platform } from '../platform/platform.ts'
import { openAuth } from './auth.ts'
import { isNamedOperator } from './operators.ts'
import { afterUserMade, refuseDeletion } from './rules.ts'

type UserView = z.infer<typeof userSchema>

const view = ({ env }: Platform, row: typeof users.$inferSelect): UserView => ({
  id: row.id,
  name: row.name,
  email: row.email,
  emailVerified: row.emailVerified,
  isOperator: row.isOperator || (row.emailVerified && isNamedOperator(env, row.email)),
  twoFactorEnabled: row.twoFactorEnabled === true,
  createdAtMs: row.createdAt.getTime(),
})

export const listUsers = async (
  platform: Platform,
  page: PageQuery & { readonly email?: string | undefined },
): Promise<Page<UserView>> => {
  const { rows, nextCursor } = await readPage(
    page,
    newestFirst(users.id),
    ({ beyond, order, limit }) =>
      platform.db
        .select()
        .from(users)
        .where(and(beyond, page.email ? like(users.email, `${page.email.replaceAll(/[%_]/g, '')}%`) : undefined))
        .orderBy(order)
        .limit(limit),
    ({ id }) => id,
  )
  const items = rows.map((row) => view(platform, row))
  return { items, nextCursor }
}

const noUser = (id: string) => err(fault('not_found', `There is no account "${id}".`))

/** An account whose address the operator vouches for. With an organization, it becomes that one's owner. */
export const createUser = async (
  platform: Platform,
  { email, name, password, organization }: z.infer<typeof createUserSchema>,
): Promise<Result<UserView, Fault>> => {
  const auth = openAuth(platform)
  if (!auth.ok) return auth
  const owned = organization === undefined ? undefined : await findOrganization(platform, organization)
  if (organization !== undefined && !owned)
    return err(fault('not_found', `There is no organization "${organization}".`))
  const [taken] = await platform.db.select({ id: users.id }).from(users).where(eq(users.email, email))
  if (taken) return err(fault('conflict', `There is an account for ${email} already.`))
  const { password: hasher } = await auth.value.$context
  const now = new Date(platform.nowMs())
  const dates = { createdAt: now, updatedAt: now }
  const id = newId('usr', now.getTime())
  // better-auth makes users for requests of their own alone; its form of a password's row is `credential`.
  const joining = owned && (await prepareMember(platform, owned.id, { id, email }, { role: 'owner', when: sql`true` }))
  await platform.db.batch([
    platform.db.insert(users).values({ id, email, name, emailVerified: true, ...dates }),
    platform.db.insert(signIns).values({
      id: newId('row', now.getTime()),
      userId: id,
      accountId: id,
      providerId: 'credential',
      password: await hasher.hash(password),
      ...dates,
    }),
    ...(joining?.statements ?? []),
  ])
  afterUserMade(platform, id)
  await joining?.tell()
  const [row] = await platform.db.select().from(users).where(eq(users.id, id))
  return row ? ok(view(platform, row)) : noUser(id)
}

/** The last operator stays: nobody could name another. */
export const setOperator = async (
  platform: Platform,
  userId: string,
  isOperator: boolean,
): Promise<Result<UserView, Fault>> => {
  const { db, env, requestId, who } = platform
  const [found] = await db.select().from(users).where(eq(users.id, userId))
  if (!found) return noUser(userId)
  if (!isOperator && isNamedOperator(env, found.email)) {
    return err(fault('conflict', `${found.email} is an operator by the setting OPERATOR_EMAIL: change it there.`))
  }
  const other = alias(users, 'other')
  const others = db
    .select({ one: sql`1` })
    .from(other)
    .where(and(eq(other.isOperator, true), ne(other.id, userId)))
  const [row] = await db
    .update(users)
    .set({ isOperator })
    .where(and(eq(users.id, userId), isOperator ? undefined : sql`exists ${others}`))
    .returning()
  if (!row) return err(fault('conflict', 'An instance keeps at least one operator: name another first.'))
  logEvent('operator.changed', { userId, isOperator, by: who.id, requestId })
  return ok(view(platform, row))
}

export const deleteUser = async (platform: Platform, userId: string): Promise<Result<void, Fault>> => {
  const { db } = platform
  const [found] = await db.select().from(users).where(eq(users.id, userId))
  if (!found) return noUser(userId)
  const refused = await refuseDeletion(platform, userId)
  if (refused) return err(refused)
  const [noted] = await db.batch([
    notingGrants(platform, eq(apiTokens.userId, userId)),
    db.delete(apiTokens).where(eq(apiTokens.userId, userId)),
    db.delete(sessions).where(eq(sessions.userId, userId)),
    db.delete(users).where(eq(users.id, userId)),
  ])
  logEvent('account.deleted', { userId, by: platform.who.id, requestId: platform.requestId })
  return settleClosing(platform, noted)
}
