// Who is asking: bearer tokens today; sessions and CI identities become further ways to an Actor here.
import { fault } from '@distropack/core/fault.ts'
import { createMiddleware } from 'hono/factory'
import { identify } from '../services/access.ts'
import type { ApiContext } from './context.ts'
import { answerFaults } from './faults.ts'

export const bearerOf = (header: string | undefined): string | undefined => /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1]

/** Answers 401 unless the request carries a token that opens something. */
export const requireActor = createMiddleware<ApiContext>(async (context, next) => {
  const bearer = bearerOf(context.req.header('authorization'))
  const actor = bearer ? await identify(context.get('platform'), bearer) : undefined
  if (!actor) {
    const message = bearer
      ? 'This token opens nothing here: it is unknown, expired or revoked.'
      : 'This address needs a token: send "Authorization: Bearer …".'
    return answerFaults(context, [fault('unauthenticated', message)])
  }
  context.set('actor', actor)
  await next()
})
