// Who is asking: a bearer token, or a browser's session. CI identities become tokens before they come here.
import { fault } from '@distropack/core/fault.ts'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { type Actor, identify, nameActor, type UserActor } from '../services/access/access.ts'
import { findSession } from '../services/accounts/sessions.ts'
import type { ApiContext } from './context.ts'
import { answerFaults, refuse } from './faults.ts'
import { trustedOrigins } from './guards.ts'

export const bearerOf = (header: string | undefined): string | undefined => /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1]

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Against cross-site request forgery: a browser sends the cookie for any page, but only our pages' requests carry
 * our origin, and every browser states the origin of an unsafe request.
 */
const isForged = (context: Context<ApiContext>): boolean => {
  if (SAFE_METHODS.has(context.req.method)) return false
  const origin = context.req.header('origin')
  return origin === undefined || !trustedOrigins(context.env).includes(origin)
}

const refuseStranger = (context: Context<ApiContext>, bearer: string | undefined) => {
  const message = bearer
    ? 'This token opens nothing here: it is unknown, expired or revoked.'
    : 'This address needs a token or a session: send "Authorization: Bearer …", or sign in.'
  return answerFaults(context, [fault('unauthenticated', message)])
}

/** Answers 401 unless the request carries a token or a session that opens something. */
export const requireActor = createMiddleware<ApiContext>(async (context, next) => {
  const platform = context.get('platform')
  const bearer = bearerOf(context.req.header('authorization'))
  let actor: Actor | undefined
  if (bearer) actor = await identify(platform, bearer)
  else if (context.req.header('cookie')) {
    actor = await findSession(platform, context.req.raw.headers)
    if (actor && isForged(context)) {
      return answerFaults(context, [
        fault('origin_refused', 'A session acts only for pages of this address and of its dashboard.'),
      ])
    }
  }
  if (!actor) return refuseStranger(context, bearer)
  context.set('actor', actor)
  const identity = actor.kind === 'token' ? actor.identity : null
  context.set('platform', { ...platform, who: nameActor(actor), ...(identity ? { identity } : {}) })
  await next()
})

/** The person who asks; a token is refused, for it must not make more of itself. */
export const userOf = (context: Context<ApiContext>): UserActor => {
  const actor = context.get('actor')
  if (actor.kind === 'user') return actor
  return refuse(fault('forbidden', 'This is for a person who signed in, not for a token.'))
}
