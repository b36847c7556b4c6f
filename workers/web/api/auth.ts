// The entry point of accounts: better-auth's own routes below /api/auth, its refusals in the shape of all others.
import type { ErrorBody } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import type { Context } from 'hono'
import { generateCookie, getCookie } from 'hono/cookie'
import { ADDRESS_HEADER, openAuth } from '../services/accounts/auth.ts'
import { countGuess, newBrowserToken } from '../services/accounts/wrong-passwords.ts'
import type { ApiContext } from './context.ts'
import { answerFaults, need } from './faults.ts'
import { addressOf, INVITATION_HEADER } from './guards.ts'

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

/** With the address that we believe, and none that the client made up. */
const requestFrom = (context: Context<ApiContext>): Request => {
  const request = new Request(context.req.raw)
  request.headers.delete(ADDRESS_HEADER)
  const address = addressOf(context)
  if (address !== undefined) request.headers.set(ADDRESS_HEADER, address)
  return request
}

export const serveAuth = async (context: Context<ApiContext>): Promise<Response> => {
  const auth = need(openAuth(context.get('platform'), context.req.header(INVITATION_HEADER)))
  const response = await auth.handler(requestFrom(context))
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

const BROWSER_COOKIE = 'distropack.browser'
const YEAR_SECONDS = 365 * 24 * 3600

/** better-auth's route, with wrong passwords counted so that their owner is not locked out. */
export const signInWithPassword = async (context: Context<ApiContext>): Promise<Response> => {
  const platform = context.get('platform')
  const secret = platform.env.AUTH_SECRET ?? ''
  const sent: unknown = await context.req.raw
    .clone()
    .json()
    .catch(() => undefined)
  const { email } = (sent ?? {}) as { readonly email?: unknown }
  // better-auth says what is wrong with it.
  if (typeof email !== 'string') return serveAuth(context)
  const attempt = {
    email: email.toLowerCase(),
    address: addressOf(context),
    browserToken: getCookie(context, BROWSER_COOKIE),
    secret,
  }
  const counted = await countGuess(platform, attempt)
  if (counted.refused) {
    const { resetSeconds } = counted.refused
    context.header('retry-after', String(resetSeconds))
    const message = `Too many wrong passwords. Wait ${resetSeconds} seconds, or ask for a new password by mail.`
    return answerFaults(context, [fault('rate_limited', message)])
  }
  const response = await serveAuth(context)
  if (response.status !== 401) await counted.guess.takeBack()
  if (!response.ok) return response
  const cookie = generateCookie(BROWSER_COOKIE, newBrowserToken(secret, attempt.email), {
    path: '/api/auth/sign-in',
    httpOnly: true,
    sameSite: 'Lax',
    secure: platform.env.PUBLIC_URL.startsWith('https:'),
    maxAge: YEAR_SECONDS,
  })
  const known = new Response(response.body, response)
  known.headers.append('set-cookie', cookie)
  return known
}
