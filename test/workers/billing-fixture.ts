// An organization and the fake Stripe, on one clock: when it is moved, the Worker's time moves with the account's.

import { vi } from 'vitest'
import { setUpStripe } from '../../scripts/billing/catalogue.ts'
import { openStripe } from '../../workers/web/billing/stripe.ts'
import type { Env } from '../../workers/web/env.ts'
import worker from '../../workers/web/worker.ts'
import type { Command, SignedEvent } from '../support/fake-stripe/fake.ts'
import { type Answer, api, freshPlatform, newOrganization, OPERATOR, QUICK_KEYS, send, testEnv } from './web-fixture.ts'

export const DAY_MS = 24 * 60 * 60_000
export const env = testEnv as unknown as Env

/** The day every test begins. */
export const START_MS = Date.UTC(2027, 0, 10, 12)

const fake = async (path: string, body: object): Promise<unknown> => {
  const response = await fetch(`http://stripe.test${path}`, { method: 'POST', body: JSON.stringify(body) })
  const text = await response.text()
  if (!response.ok) throw new Error(`the fake refused ${JSON.stringify(body)}: ${text}`)
  return JSON.parse(text)
}

export const stripe = (command: Command): Promise<unknown> => fake('/__fake', command)

export interface Look {
  readonly customers: { id: string; deleted?: boolean; metadata: Record<string, string> }[]
  readonly subscriptions: {
    id: string
    status: string
    customer: string
    items: { data: { price: { lookup_key: string } }[] }
  }[]
  readonly invoices: {
    id: string
    total: number
    status: string
    lines: { data: { description: string; amount: number }[] }
  }[]
  readonly sessions: {
    id: string
    url: string
    status: string
    tax_id_collection: { enabled: boolean }
    automatic_tax: { enabled: boolean }
  }[]
  readonly prices: { id: string; lookup_key: string | null; unit_amount_decimal: string }[]
  readonly meterEvents: { identifier: string; eventName: string; customer: string; value: number; timestamp: number }[]
  readonly requests: { method: string; path: string; body: string }[]
  readonly nowMs: number
}
export const look = async (): Promise<Look> => (await stripe({ do: 'look' })) as Look

/** A fresh platform, a fresh account with the catalogue in it, both at the same moment. */
export const freshBilling = async (): Promise<void> => {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
  await freshPlatform()
  await freshAccount()
}

/** Stripe's side alone: an account with the catalogue and nobody in it. Set up by the first test that wants one. */
export const freshAccount = async (): Promise<void> => {
  const { isThere } = (await fake('/__fake/again', {})) as { isThere: boolean }
  if (isThere) return
  const options = { nowMs: START_MS, secretKey: env.STRIPE_SECRET_KEY, webhookSecret: env.STRIPE_WEBHOOK_SECRET }
  await fake('/__fake/reset', options)
  await setUpStripe(await openStripe(env), env.PUBLIC_URL, () => {})
  await fake('/__fake/keep', {})
}

export const nowMs = (): number => Date.now()

/** Lets the time pass at both ends; what Stripe has to tell waits until somebody takes it. */
export const passTo = async (toMs: number): Promise<void> => {
  await stripe({ do: 'advance', toMs })
  vi.setSystemTime(toMs)
}
export const pass = (ms: number): Promise<void> => passTo(Date.now() + ms)

export const takeEvents = async (): Promise<SignedEvent[]> => (await stripe({ do: 'take_events' })) as SignedEvent[]

export const postEvent = ({ body, signature }: Pick<SignedEvent, 'body' | 'signature'>): Promise<Answer> =>
  send('POST', '/api/stripe/webhook', {
    bytes: new TextEncoder().encode(body),
    headers: { 'stripe-signature': signature, 'content-type': 'application/json' },
  })

/** Delivers what waits, in the order given; every delivery must be answered with 200. */
export const deliver = async (
  arrange: (events: SignedEvent[]) => SignedEvent[] = (events) => events,
): Promise<void> => {
  for (const event of arrange(await takeEvents())) {
    const { status, body } = await postEvent(event)
    if (status !== 200) throw new Error(`${event.type} answered ${status} ${JSON.stringify(body)}`)
  }
}

/** The Worker's minute. */
export const sweep = async (): Promise<void> => {
  await worker.scheduled({} as ScheduledController, env as never)
}

export const billing = async (token: string, organization = 'acme') =>
  (await api('GET', `/organizations/${organization}/billing`, { token })).body

/** What only an owner may, done by the operator's token: a person's session would not outlive the clock's jumps. */
export const act = (path: string, json?: object, method = 'POST'): Promise<Answer> =>
  api(method, `/organizations/acme/billing${path}`, { token: OPERATOR, ...(json ? { json } : {}) })

/** A subscription, bought on Stripe's page. */
export const subscribe = async (
  choice: { plan: 'pro' | 'team'; usageBased?: boolean },
  card: 'good' | 'declined' | 'none' = 'good',
): Promise<void> => {
  const { status, body } = await act('/checkout', choice)
  if (status !== 200) throw new Error(`the checkout answered ${status} ${JSON.stringify(body)}`)
  await stripe({ do: 'complete_checkout', url: body.url, card })
  await deliver()
}

/** Without the trial: an organization that had it. */
export const subscribePaid = async (choice: { plan: 'pro' | 'team'; usageBased?: boolean }): Promise<void> => {
  await subscribe(choice)
  await pass(14 * DAY_MS + 2 * 60 * 60_000)
  await deliver()
}

/** For what wakes a publisher: it sets an alarm, and alarms go by the machine's clock. */
export const atRealTime = async <T>(work: () => Promise<T>): Promise<T> => {
  const thenMs = Date.now()
  vi.useRealTimers()
  try {
    return await work()
  } finally {
    vi.useFakeTimers({ toFake: ['Date'], now: thenMs })
  }
}

/** Waits for the first generation: a run in which an alarm is at work never ends. */
const createProject = async (token: string, name: string): Promise<Answer> => {
  const answer = await api('PUT', `/projects/${name}`, { token, json: QUICK_KEYS })
  if (answer.status < 300) {
    while ((await api('GET', `/projects/${name}`, { token })).body.generation === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return answer
}

export const makeProject = (token: string, name: string): Promise<Answer> =>
  atRealTime(() => createProject(token, name))

const run = (sql: string, ...values: readonly unknown[]) =>
  testEnv.DB.prepare(sql)
    .bind(...values)
    .run()
const OWNER = "(SELECT id FROM organizations WHERE slug = 'acme')"

/** As if so much had been uploaded. */
export const fillStorage = (bytes: number) =>
  run(`INSERT INTO storage_usage VALUES (${OWNER}, ?1) ON CONFLICT DO UPDATE SET stored_bytes = ?1`, bytes)

/** As if a job had ended now that took so long. */
export const useMinutes = (minutes: number, endedAtMs = Date.now()) =>
  run(
    `INSERT INTO build_usage VALUES (?, ${OWNER}, ?, ?, NULL)`,
    `job_${crypto.randomUUID()}`,
    endedAtMs,
    minutes * 60_000,
  )

export const rowsOf = async <T>(sql: string): Promise<T[]> => (await testEnv.DB.prepare(sql).all<T>()).results

export const customerOf = async (): Promise<string> => (await look()).customers[0]?.id ?? ''

export { type Answer, api, newOrganization, send, testEnv }
