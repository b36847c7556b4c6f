// For whoever watches the platform: alive, ready, and in numbers.
import { fault } from '@distropack/core/fault.ts'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { identify, isSameSecret } from '../services/access/access.ts'
import { readReadiness, renderMetrics } from '../services/platform/health.ts'
import type { ApiContext } from './context.ts'
import { answerFaults } from './faults.ts'
import { bearerOf } from './identity.ts'

export const serveReadiness = async (context: Context<ApiContext>): Promise<Response> => {
  const readiness = await readReadiness(context.get('platform'))
  context.header('cache-control', 'no-store')
  return context.json(readiness, readiness.ready ? 200 : 503)
}

const mayWatch = async (context: Context<ApiContext>): Promise<boolean> => {
  const bearer = bearerOf(context.req.header('authorization'))
  if (!bearer) return false
  const { METRICS_TOKEN } = context.env
  if (METRICS_TOKEN && (await isSameSecret(bearer, METRICS_TOKEN))) return true
  return (await identify(context.get('platform'), bearer))?.kind === 'operator'
}

export const serveMetrics = async (context: Context<ApiContext>): Promise<Response> => {
  if (!(await mayWatch(context))) {
    return answerFaults(context, [
      fault('unauthenticated', 'Send METRICS_TOKEN, or the operator’s, as a bearer token.'),
    ])
  }
  const text = await renderMetrics(context.get('platform'))
  return context.body(text, 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
}

/** One point a request, without anything of the caller: route, method, status, milliseconds. */
export const countRequest = createMiddleware<ApiContext>(async (context, next) => {
  const startedAtMs = performance.now()
  await next()
  context.env.METRICS?.writeDataPoint({
    indexes: ['request'],
    blobs: [context.req.method, context.req.routePath, String(context.res.status)],
    doubles: [performance.now() - startedAtMs],
  })
})
