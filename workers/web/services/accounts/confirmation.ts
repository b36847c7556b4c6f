// Confirming that a mailbox is the account's. Whoever opens the mail proves the mailbox, and whoever knows the password
// made the account: only both together confirm it. A mail alone would let somebody register another's address and wait
// for the owner to click.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, exists, ne, sql } from 'drizzle-orm'
import { jwtVerify } from 'jose'
import { z } from 'zod'
import { signIns, users } from '../../db/tables/accounts.ts'
import type { Platform } from '../platform/platform.ts'
import { takeRate } from '../platform/rate-limits.ts'
import { type Auth, openAuth } from './auth.ts'

const WRONG_PASSWORDS = { window: 15 * 60, max: 10 }

/** What better-auth puts into the token it mails (api/routes/email-verification). */
const tokenSchema = z.object({ email: z.string(), userId: z.string().optional() })

const expired = fault('forbidden', 'This link is not valid, or no longer. Sign in, and a new one is mailed.')

const readToken = async (auth: Auth, token: string): Promise<z.infer<typeof tokenSchema> | undefined> => {
  const { secret } = await auth.$context
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ['HS256'] })
    return tokenSchema.parse(payload)
  } catch {
    return undefined
  }
}

/** The account that the mailed token is of, when `password` opens it. */
const checkPassword = async (
  platform: Platform,
  auth: Auth,
  token: string,
  password: string,
): Promise<Result<void, Fault>> => {
  const named = await readToken(auth, token)
  if (!named) return err(expired)
  const which = named.userId ? eq(users.id, named.userId) : eq(users.email, named.email.toLowerCase())
  const [found] = await platform.db
    .select({ id: users.id, hash: signIns.password })
    .from(users)
    .leftJoin(signIns, and(eq(signIns.userId, users.id), eq(signIns.providerId, 'credential')))
    .where(which)
  if (!found) return err(expired)
  if (!found.hash) {
    return err(fault('forbidden', 'This account has no password yet: ask for a new password first, by mail.'))
  }
  const rate = await takeRate(platform, `confirm:${found.id}`, WRONG_PASSWORDS)
  if (!rate.allowed) {
    return err(fault('rate_limited', `Too many tries. Wait ${rate.resetSeconds} seconds, or ask for a new password.`))
  }
  const { password: hasher } = await auth.$context
  if (await hasher.verify({ hash: found.hash, password })) return ok(undefined)
  const message =
    'That is not the password of this account. If you did not make it, do nothing: nobody can use it without you.'
  return err(fault('forbidden', message))
}

/** better-auth's own answer to the link, once the password was right. */
export const confirmMailbox = async (
  platform: Platform,
  { url, headers, token, password }: { url: URL; headers: Headers; token: string; password: string },
): Promise<Result<Response, Fault>> => {
  const auth = openAuth(platform)
  if (!auth.ok) return auth
  const checked = await checkPassword(platform, auth.value, token, password)
  if (!checked.ok) return checked
  const link = new URL(url)
  link.searchParams.set('token', token)
  return ok(await auth.value.handler(new Request(link, { headers })))
}

/**
 * A password chosen by mail proves the mailbox. Of an account that was never confirmed, every other way to sign in was
 * somebody's who had not proven it, and ends.
 */
export const afterPasswordReset = async ({ db }: Platform, userId: string): Promise<void> => {
  const unconfirmed = and(eq(users.id, userId), eq(users.emailVerified, false))
  const isUnconfirmed = exists(db.select({ one: sql`1` }).from(users).where(unconfirmed))
  // One batch: a confirmed account that kept a stranger's way in could not be told from any other.
  await db.batch([
    db.delete(signIns).where(and(eq(signIns.userId, userId), ne(signIns.providerId, 'credential'), isUnconfirmed)),
    db.update(users).set({ emailVerified: true }).where(unconfirmed),
  ])
}
