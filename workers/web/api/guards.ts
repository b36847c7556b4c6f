// What stands before every route of the API: who may call from a browser, how often, how much at once.
import { fault } from '@distropack/core/fault.ts'
import { decodeText } from '@distropack/core/text/encoding.ts'
import { isNestedDeeper } from '@distropack/core/text/json-depth.ts'
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { createMiddleware } from 'hono/factory'
import { secureHeaders } from 'hono/secure-headers'
import { refuseWhileReadOnly } from '../services/platform/operations.ts'
import { type Rate, takeActorRate, takeAddressRate } from '../services/platform/rate-limits.ts'
import type { ApiContext } from './context.ts'
import { answerFaults } from './faults.ts'

/** A manifest of 1 MiB with its file list; bytes of files come by their own routes, which count for themselves. */
const MAX_JSON_BYTES = 24 * 1024 * 1024
/** Signing in, and the like. */
const MAX_FORM_BYTES = 64 * 1024

/** What `?invitation=` of an invitation's mail says, beside a sign-up. */
export const INVITATION_HEADER = 'distropack-invitation'
/** What is mailed to confirm a mailbox: better-auth's own address. */
export const CONFIRMATION_PATH = '/api/auth/verify-email'

/** Pages of this address and of the dashboard may call with a session; pages of others get no permission to. */
export const trustedOrigins = ({ PUBLIC_URL, DASHBOARD_URL }: ApiContext['Bindings']): readonly string[] =>
  [PUBLIC_URL, DASHBOARD_URL].flatMap((url) => (url ? [new URL(url).origin] : []))

export const allowDashboard: MiddlewareHandler<ApiContext> = (context, next) =>
  cors({
    origin: (origin) => (trustedOrigins(context.env).includes(origin) ? origin : null),
    credentials: true,
    allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match', INVITATION_HEADER],
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposeHeaders: ['etag', 'location', 'retry-after', 'ratelimit', 'ratelimit-policy', 'x-request-id'],
    maxAge: 600,
  })(context, next)

const headersWith = (formAction: string): MiddlewareHandler<ApiContext> =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'unsafe-inline'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: [formAction],
    },
    strictTransportSecurity: 'max-age=63072000; includeSubDomains',
    xFrameOptions: 'DENY',
    referrerPolicy: 'no-referrer',
  })

const ofData = headersWith("'none'")
const ofForm = headersWith("'self'")

/** What the API answers is data: no page may run, frame or sniff it. The one page that asks for something sends it here. */
export const safeHeaders: MiddlewareHandler<ApiContext> = (context, next) =>
  (context.req.path === CONFIRMATION_PATH ? ofForm : ofData)(context, next)

const limitTo = (maxSize: number): MiddlewareHandler<ApiContext> =>
  bodyLimit({
    maxSize,
    onError: (context: Context) =>
      answerFaults(context, [fault('body_too_large', `This address takes at most ${maxSize} bytes.`)]),
  })

const limitJson = limitTo(MAX_JSON_BYTES)
export const limitForm = limitTo(MAX_FORM_BYTES)

/** Addresses of API_PATHS that take the bytes of files, whatever type a client calls them. */
const TAKES_FILES = /\/blobs\/(?:packed$|[0-9a-f]{64}(?:$|\/uploads\/))/

/** Bodies of files are sent by PUT, streamed and measured by their routes; everything else is read into memory. */
export const limitBody = createMiddleware<ApiContext>((context, next) =>
  context.req.method === 'PUT' && TAKES_FILES.test(context.req.path) ? next() : limitJson(context, next),
)

/** Of another type it would be read by nobody, and a PUT whose body may be left out would act without it. */
export const requireJson = createMiddleware<ApiContext>(async (context, next) => {
  const isJson = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(context.req.header('content-type') ?? '')
  // A POST without a body says that it has none, and its stream is an empty one.
  const isEmpty = context.req.raw.body === null || context.req.header('content-length') === '0'
  if (isJson || isEmpty || TAKES_FILES.test(context.req.path)) return next()
  return answerFaults(context, [fault('media_type_unsupported', 'Send the body as application/json.')])
})

/** No body the API takes has more than five. */
const MAX_JSON_DEPTH = 32

/** A body of text that is no UTF-8 would be stored with U+FFFD in it. */
export const checkText = createMiddleware<ApiContext>(async (context, next) => {
  if (context.req.raw.body === null || TAKES_FILES.test(context.req.path)) return next()
  const bytes = new Uint8Array(await context.req.arrayBuffer())
  if (isNestedDeeper(bytes, MAX_JSON_DEPTH)) {
    return answerFaults(context, [fault('request_invalid', `The body is nested more than ${MAX_JSON_DEPTH} deep.`)])
  }
  const text = decodeText(bytes, 'The body')
  if (!text.ok) return answerFaults(context, [text.error])
  return next()
})

/** As draft-ietf-httpapi-ratelimit-headers-10 writes them. */
const showRate = (context: Context<ApiContext>, name: string, rate: Rate): void => {
  context.header('ratelimit-policy', `"${name}";q=${rate.limit};w=${rate.windowSeconds}`)
  context.header('ratelimit', `"${name}";r=${rate.remaining};t=${rate.resetSeconds}`)
}

const refuseRate = (context: Context<ApiContext>, rate: Rate): Response => {
  context.header('retry-after', String(rate.resetSeconds))
  const message = `More than ${rate.limit} requests in ${rate.windowSeconds} seconds: wait ${rate.resetSeconds} seconds.`
  return answerFaults(context, [fault('rate_limited', message)])
}

/**
 * Whence a request comes, as the header says that the operator trusts: anybody can send any other. Of several addresses
 * the last is the trusted neighbour's own word. Undefined: nobody says, and no one is told apart by address.
 */
export const addressOf = (context: Context<ApiContext>): string | undefined => {
  const { CLIENT_ADDRESS_HEADER } = context.env
  if (!CLIENT_ADDRESS_HEADER) return undefined
  return context.req.header(CLIENT_ADDRESS_HEADER)?.split(',').at(-1)?.trim() || undefined
}

/** Before anybody is known: who guesses at tokens or passwords is counted by address. */
export const limitAddress = createMiddleware<ApiContext>(async (context, next) => {
  const address = addressOf(context)
  if (address === undefined) return next()
  const rate = await takeAddressRate(context.get('platform'), address)
  if (!rate.allowed) return refuseRate(context, rate)
  await next()
})

/** Only what turns out to be nobody's is counted, so that a busy office behind one address is not slowed down. */
export const limitGuesses = createMiddleware<ApiContext>(async (context, next) => {
  await next()
  const address = addressOf(context)
  if (context.res.status !== 401 || address === undefined) return
  const rate = await takeAddressRate(context.get('platform'), address)
  if (!rate.allowed) context.res = refuseRate(context, rate)
})

/** A token, a person, an operator: each has its own count. */
export const limitActor = createMiddleware<ApiContext>(async (context, next) => {
  const rate = await takeActorRate(context.get('platform'), context.get('platform').who.id)
  showRate(context, 'actor', rate)
  if (!rate.allowed) return refuseRate(context, rate)
  await next()
})

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
/** An operator must be able to open the platform again. */
const OF_OPERATOR = /^\/api\/v1\/operator\//

/** While an operator keeps the platform from changing: reads go on, and jobs that are under way. */
export const refuseWrites = createMiddleware<ApiContext>(async (context, next) => {
  if (READS.has(context.req.method) || OF_OPERATOR.test(context.req.path)) return next()
  const refused = await refuseWhileReadOnly(context.get('platform'))
  if (!refused) return next()
  context.header('retry-after', '300')
  return answerFaults(context, [refused])
})
