// The web Worker's HTTP entry point: the API and its documents; what readers fetch goes on to the file server.
import { API_PATHS, API_PREFIX } from '@distropack/core/contract/api.ts'
import { fault } from '@distropack/core/fault.ts'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import type { Env } from '../env.ts'
import { logError } from '../services/platform/log.ts'
import { openPlatform } from '../services/platform/platform.ts'
import { serveAuth, signInWithPassword } from './auth.ts'
import { compatibility } from './compatibility.ts'
import { sendConfirmation, showConfirmation } from './confirmation.ts'
import type { ApiContext } from './context.ts'
import { fitDocument } from './document.ts'
import { answerFaults, Refusal } from './faults.ts'
import {
  allowDashboard,
  CONFIRMATION_PATH,
  checkText,
  limitActor,
  limitAddress,
  limitBody,
  limitForm,
  limitGuesses,
  refuseWrites,
  requireJson,
  safeHeaders,
} from './guards.ts'
import { repeatOnce } from './idempotency.ts'
import { requireActor } from './identity.ts'
import { countRequest, serveMetrics, serveReadiness } from './metrics.ts'
import { renderReference } from './reference.ts'
import { tokens } from './routes/access/tokens.ts'
import { account } from './routes/accounts/account.ts'
import { billing } from './routes/billing/billing.ts'
import { stripeWebhook } from './routes/billing/stripe-webhook.ts'
import { builds } from './routes/builds/builds.ts'
import { jobBlobs } from './routes/builds/job-blobs.ts'
import { exchange, publishers } from './routes/ci/ci.ts'
import { artifacts } from './routes/packages/artifacts.ts'
import { packages } from './routes/packages/packages.ts'
import { invitations } from './routes/people/invitations.ts'
import { members } from './routes/people/members.ts'
import { organizations } from './routes/people/organizations.ts'
import { audit } from './routes/platform/audit.ts'
import { operator } from './routes/platform/operator.ts'
import { keys } from './routes/projects/keys.ts'
import { projects } from './routes/projects/projects.ts'
import { blobs } from './routes/uploads/blobs.ts'
import { webhooks } from './routes/webhooks/webhooks.ts'

const DOCUMENT = {
  openapi: '3.1.0' as const,
  info: {
    title: 'DistroPack',
    version: '1',
    description: 'Signed packages and hosted repositories for every distribution, from one manifest.',
  },
}

export const app = new OpenAPIHono<ApiContext>()

app.use('*', async (context, next) => {
  const platform = openPlatform(context.env)
  context.set('requestId', platform.requestId)
  context.set('platform', platform)
  await next()
  context.header('x-request-id', platform.requestId)
})

app.get('/healthz', (context) => context.text('ok\n'))
app.get('/readyz', serveReadiness)
app.get('/metrics', serveMetrics)

// Readers' requests go through untouched: no header of ours, nothing read from the platform, nothing counted.
app.all('/r/*', (context) => context.env.FILES.fetch(context.req.raw))

app.use('/api/*', countRequest, safeHeaders, allowDashboard)
app.get('/api/openapi.json', (context) => context.json(describeApi(context.env)))
app.get('/api/docs', (context) => context.html(renderReference(describeApi(context.env))))
app.use('/api/auth/*', limitAddress, limitForm)
app.get(CONFIRMATION_PATH, showConfirmation)
app.post(CONFIRMATION_PATH, sendConfirmation)
app.post('/api/auth/sign-in/email', signInWithPassword)
app.all('/api/auth/*', serveAuth)

app.route('/', stripeWebhook)
app.route(API_PREFIX, jobBlobs)
app.use(`${API_PREFIX}${API_PATHS.exchange}`, limitAddress, limitForm, requireJson)
app.route(API_PREFIX, exchange)
/** Jobs and CI runs prove themselves otherwise, and are no actors. */
const WITHOUT_ACTOR = new RegExp(`^${API_PREFIX}(/jobs/|${API_PATHS.exchange}$)`)
const beforeActors =
  (guard: MiddlewareHandler<ApiContext>): MiddlewareHandler<ApiContext> =>
  (context, next) =>
    WITHOUT_ACTOR.test(context.req.path) ? next() : guard(context, next)
for (const guard of [
  limitBody,
  limitGuesses,
  requireActor,
  limitActor,
  refuseWrites,
  requireJson,
  checkText,
  repeatOnce,
]) {
  app.use(`${API_PREFIX}/*`, beforeActors(guard))
}
const COMPATIBLE_PATHS = ['/upload_file', '/build_package', '/build_package_single', '/build_status']
for (const path of COMPATIBLE_PATHS) app.use(`/api${path}`, limitGuesses, requireActor, limitActor, refuseWrites)
app.route('/api', compatibility)

for (const router of [
  tokens,
  account,
  organizations,
  members,
  invitations,
  audit,
  webhooks,
  projects,
  packages,
  publishers,
  artifacts,
  blobs,
  builds,
  billing,
  operator,
  keys,
]) {
  app.route(API_PREFIX, router)
}
app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
  type: 'apiKey',
  in: 'cookie',
  name: 'distropack.session_token',
})

export const describeApi = (env: Env) =>
  fitDocument(app.getOpenAPI31Document({ ...DOCUMENT, servers: [{ url: env.PUBLIC_URL }] }), env)

app.notFound((context) => answerFaults(context, [fault('not_found', 'There is nothing at this address.')]))

app.onError((error, context) => {
  if (error instanceof Refusal) return answerFaults(context, error.faults)
  const status = 'status' in error && typeof error.status === 'number' ? error.status : 500
  if (status === 400)
    return answerFaults(context, [fault('request_invalid', 'The body is not JSON of the form asked for.')])
  if (status === 415)
    return answerFaults(context, [fault('media_type_unsupported', 'Send the body as application/json.')])
  logError('request.broke', error, { requestId: context.get('requestId'), path: context.req.path })
  return answerFaults(context, [fault('internal', 'The platform had trouble of its own. Quote the request id.')])
})
