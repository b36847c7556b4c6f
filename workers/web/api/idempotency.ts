// `Idempotency-Key` on any POST (draft-ietf-httpapi-idempotency-key-header): the answer to a key is given again.
import { fault } from '@distropack/core/fault.ts'
import { createMiddleware } from 'hono/factory'
import { beginOnce, endOnce, keyedRequest } from '../services/platform/idempotency.ts'
import { logError } from '../services/platform/log.ts'
import type { ApiContext } from './context.ts'
import { answerFaults } from './faults.ts'

const KEY = /^[\x21-\x7e]{8,200}$/

export const repeatOnce = createMiddleware<ApiContext>(async (context, next) => {
  const key = context.req.header('idempotency-key')
  if (context.req.method !== 'POST' || key === undefined) return next()
  if (!KEY.test(key)) {
    return answerFaults(context, [
      fault('request_invalid', 'An Idempotency-Key is 8 to 200 printable characters without spaces.'),
    ])
  }
  const platform = context.get('platform')
  const { method, path } = context.req
  const request = await keyedRequest(platform, key, [method, path, await context.req.text()])
  const begun = await beginOnce(platform, request)
  if (!begun.ok) return answerFaults(context, [begun.error])
  if (begun.value) {
    return new Response(begun.value.body, {
      status: begun.value.status,
      headers: { 'content-type': 'application/json', 'idempotent-replayed': 'true' },
    })
  }
  // Whatever a route throws is an answer by then (app.onError).
  await next()
  // What was done is answered, also where the answer cannot be kept: the key then stays taken until it is forgotten.
  await context.res
    .clone()
    .text()
    .then((body) => endOnce(platform, request, { status: context.res.status, body }))
    .catch((error: unknown) => logError('answer.not_kept', error, { requestId: platform.requestId }))
})
