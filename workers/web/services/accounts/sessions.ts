// A browser's session as an Actor.
import type { UserActor } from '../access/access.ts'
import type { Platform } from '../platform/platform.ts'
import { openAuth } from './auth.ts'
import { isNamedOperator } from './operators.ts'

/** undefined: no session, an ended one, or an account that may not act yet. */
export const findSession = async (platform: Platform, headers: Headers): Promise<UserActor | undefined> => {
  const auth = openAuth(platform)
  if (!auth.ok) return undefined
  const found = await auth.value.api.getSession({ headers, query: { disableRefresh: true } })
  if (!found?.user.emailVerified) return undefined
  const { id: userId, email, isOperator } = found.user
  return { kind: 'user', userId, email, isOperator: isOperator === true || isNamedOperator(platform.env, email) }
}
