// The door of accounts: better-auth's own routes below /api/auth, its refusals in the shape of all others.
import type { ErrorBody } from '@distropack/core/contract/wire.ts'
import type { Context } from 'hono'
import { openAuth } from '../services/accounts/auth.ts'
import type { ApiContext } from './context.ts'
import { need } from './faults.ts'

/** Its words stay where its own client looks for them (`code`, `message`); ours stand beside them. */
const asProblem = (context: Context<ApiContext>, status: number, body: { code?: string; message?: string }): string => {
  const { code = 'REFUSED', message = 'The request was refused.' } = body
  const requestId = context.get('requestId')
  const problem: Omit<ErrorBody, 'error'> = {
    type: `${context.env.PUBLIC_URL}/api/docs#accounts`,
    title: code.replaceAll('_', ' ').toLowerCase(),
    status,
    detail: message,
    instance: `urn:distropack:request:${requestId}`,
  }
  return JSON.stringify({ ...problem, code, message, error: { code: code.toLowerCase(), message, requestId } })
}

export const serveAuth = async (context: Context<ApiContext>): Promise<Response> => {
  const auth = need(openAuth(context.get('platform')))
  const response = await auth.handler(context.req.raw)
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  if (response.status < 400 || (!isJson && response.body !== null)) return response
  const body = (await response.json().catch(() => ({}))) as { code?: string; message?: string } | null
  const headers = new Headers(response.headers)
  headers.set('content-type', 'application/problem+json')
  headers.delete('content-length')
  const retryAfter = headers.get('x-retry-after')
  if (retryAfter) headers.set('retry-after', retryAfter)
  return new Response(asProblem(context, response.status, body ?? {}), { status: response.status, headers })
}
