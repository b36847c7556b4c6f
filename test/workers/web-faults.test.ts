// Every write of every service, failing: before it acts, after it acted, and it and all after it. Whatever broke, the
// same request again or the sweep ends in what was asked for, in D1 and for readers; never in half of it.
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { app } from '../../workers/web/api/app.ts'
import type { AnyAction, Ask } from './fault-actions/action.ts'
import { contentActions } from './fault-actions/contents.ts'
import { type Failure, openFaultyEnv, type Plan } from './fault-actions/faulty-env.ts'
import { openWorld, realEnv, rows, sweepLater } from './fault-actions/fixture.ts'
import { projectActions } from './fault-actions/projects.ts'
import { membershipActions } from './fault-actions/tokens.ts'
import { workActions } from './fault-actions/work.ts'
import type { Answer } from './web-fixture.ts'

const BASE = 'http://platform.test'

const askOf =
  (env: typeof realEnv): Ask =>
  async (method, path, { token, cookie, json, bytes, headers: given } = {}) => {
    const headers = new Headers(given)
    if (token) headers.set('authorization', `Bearer ${token}`)
    if (cookie) headers.set('cookie', cookie)
    if (json !== undefined) headers.set('content-type', 'application/json')
    if (bytes) headers.set('content-length', String(bytes.length))
    const body = json === undefined ? (bytes as BodyInit | undefined) : JSON.stringify(json)
    const context = createExecutionContext()
    const response = await app.fetch(
      new Request(`${BASE}${path}`, { method, headers, ...(body === undefined ? {} : { body }) }),
      env,
      context,
    )
    await waitOnExecutionContext(context)
    const text = await response.text()
    return {
      status: response.status,
      body: /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text,
      headers: response.headers,
    }
  }

const isDone = ({ status }: Answer): boolean => status < 300

/**
 * The caller asks again; or the cron comes first, and the caller asks again where nothing was begun. A crash is for the
 * cron, single failures are for the caller.
 */
const CASES: readonly { readonly failure: Failure; readonly first: 'retry' | 'sweep' }[] = [
  { failure: 'before', first: 'retry' },
  { failure: 'after', first: 'retry' },
  { failure: 'crash', first: 'sweep' },
]

/** A caller who asks again with its key does so when the first request counts as dead (services/platform/idempotency.ts). */
const letKeysDie = async (): Promise<void> => {
  await realEnv.DB.prepare('UPDATE idempotent_answers SET created_at_ms = 1 WHERE status IS NULL').run()
}

const act = async (action: AnyAction, subject: unknown, env: typeof realEnv): Promise<Answer> => {
  try {
    return await action.act(askOf(env), subject, env)
  } catch (error) {
    // What is no request throws instead.
    return { status: 500, body: String(error), headers: new Headers() }
  }
}

const runOnce = async (action: AnyAction, plan: Plan, first: 'retry' | 'sweep'): Promise<string | undefined> => {
  const subject = await action.prepare()
  const faulty = openFaultyEnv(realEnv, plan)
  let answer = await act(action, subject, faulty.env)
  const write = faulty.writes[plan.at - 1]
  const say = (what: string) => `write ${plan.at} (${write}) failed, ${plan.failure}; ${first} first: ${what}`
  if (isDone(answer) && action.closes) {
    const open = await action.missing(subject, answer)
    if (open) return say(`it was called done, but ${open}`)
  }
  if (first === 'sweep') await sweepLater()
  let missing = await action.missing(subject, answer)
  if (missing && !isDone(answer)) {
    await letKeysDie()
    answer = await act(action, subject, realEnv)
    missing = await action.missing(subject, answer)
    if (missing && action.closes)
      return say(`asked again (${answer.status} ${JSON.stringify(answer.body)}): ${missing}`)
  }
  if (missing) {
    await sweepLater()
    missing = await action.missing(subject, answer)
  }
  return missing && say(missing)
}

/** How many writes it takes when all goes well. */
const countWrites = async (action: AnyAction): Promise<number> => {
  const subject = await action.prepare()
  const faulty = openFaultyEnv(realEnv, undefined)
  const answer = await act(action, subject, faulty.env)
  const missing = await action.missing(subject, answer)
  if (!isDone(answer) || missing) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}: ${missing}`)
  return faulty.writes.length
}

beforeAll(openWorld)
afterAll(sweepLater)

const ACTIONS = [...membershipActions(), ...projectActions(), ...contentActions(), ...workActions()]
const nameOf = ({ route, name }: AnyAction): string => (name ? `${route}, ${name}` : route)

describe('after any of its writes failed', () => {
  it.each(ACTIONS.map((action) => [nameOf(action), action] as const))('%s ends as it was asked', async (_, action) => {
    const writes = await countWrites(action)
    expect(writes).toBeGreaterThan(0)
    const troubles: string[] = []
    for (const { failure, first } of CASES.filter(({ failure }) => action.failures?.includes(failure) ?? true)) {
      for (let at = 1; at <= writes; at++)
        troubles.push(...[await runOnce(action, { at, failure }, first)].flatMap((each) => each ?? []))
    }
    expect(troubles).toEqual([])
    // Nothing is left to do.
    await sweepLater()
    expect(await rows("SELECT kind, subject, trouble FROM outbox WHERE kind <> 'request'")).toEqual([])
  })
})

/** What writes and is no action above, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'POST /api/v1/projects/:org/:project/blobs/missing': 'it reads',
  'POST /api/v1/projects/:org/:project/pushes/check': 'it reads',
  'POST /api/v1/organizations/:org/billing/plan/preview': 'it reads',
  'POST /api/v1/operator/sweep': 'it is the schedule above, now',
  'POST /api/v1/operator/rotate-key': 'asked until nothing remains; each secret is one statement',
  'POST /api/v1/operator/users': 'one batch; web-operator.test.ts',
  'POST /api/auth/sign-in/email': 'the library’s; nothing outside its own tables follows',
  'POST /api/auth/verify-email': 'the same',
  'POST /api/upload_file': 'the services of PUT …/blobs and POST …/files/{slot} in older words',
  'POST /api/build_package': 'the service of POST …/packages/{package}/builds in older words',
  'POST /api/build_package_single': 'the same for one format',
  'PUT /api/v1/jobs/:jobId/blobs/:sha256': 'the packager of the job above sends by it, over the bindings that fail',
  'POST /api/v1/jobs/:jobId/blobs/:sha256/uploads': 'as a project’s own',
  'PUT /api/v1/jobs/:jobId/blobs/:sha256/uploads/:uploadId/parts/:part': 'as a project’s own',
  'POST /api/v1/jobs/:jobId/blobs/:sha256/uploads/:uploadId/complete': 'as a project’s own',
  // Stripe is the truth there, and what it is asked carries keys of its own: billing-life and billing-events repeat and lose.
  'POST /api/stripe/webhook': 'billing-events.test.ts',
  'POST /api/v1/organizations/:org/billing/cancel': 'billing-life.test.ts',
  'POST /api/v1/organizations/:org/billing/checkout': 'billing-life.test.ts',
  'POST /api/v1/organizations/:org/billing/portal': 'billing-life.test.ts',
  'POST /api/v1/organizations/:org/billing/resume': 'billing-life.test.ts',
  'PUT /api/v1/organizations/:org/billing/plan': 'billing-life.test.ts',
}

describe('the list', () => {
  it('has every route that writes, or says why not', () => {
    const writing = app.routes.filter(({ method }) => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method))
    const known = new Set([...ACTIONS.map(({ route }) => route), ...Object.keys(ELSEWHERE)])
    const routes = [...new Set(writing.map(({ method, path }) => `${method} ${path}`))]
    expect(routes.filter((route) => !known.has(route)).sort()).toEqual([])
    expect(Object.keys(ELSEWHERE).filter((route) => !routes.includes(route))).toEqual([])
  })
})
