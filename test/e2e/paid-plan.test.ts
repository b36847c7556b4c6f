// From nothing to a paid publish, through the API alone: sign up, subscribe on Stripe's page, be stopped by a limit,
// take the larger plan, publish. Everything is real but Stripe, which keeps state behind the SDK's own requests.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Build } from '@distropack/core/contract/api.ts'
import { STRIPE_WEBHOOK_PATH } from '@distropack/core/contract/stripe.ts'
import { planOf } from '@distropack/core/model/plans.ts'
import Stripe from 'stripe'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { setUpStripe } from '../../scripts/billing/catalogue.ts'
import type { SignedEvent } from '../support/fake-stripe/fake.ts'
import { type ServedFakeStripe, serveFakeStripe } from '../support/fake-stripe/serve.ts'
import { OWN_KEYS } from '../support/own-keys.ts'
import { startTestPlatform, type TestPlatform } from '../support/platform.ts'
import { type ApiAccess, awaitBuild, callApi, requestBuild } from '../support/small-build.ts'

const KEYS = { secretKey: 'sk_test_fake', webhookSecret: 'whsec_fake' }
const EMAIL = 'founder@example.net'
const PASSWORD = 'correct horse battery'

let stripe: ServedFakeStripe
let platform: TestPlatform
let cookies = ''
/** A token of the person, for what programs do. */
let access: ApiAccess

beforeAll(async () => {
  stripe = await serveFakeStripe({ ...KEYS, nowMs: Date.now() })
  platform = await startTestPlatform(undefined, {
    BILLING: 'stripe',
    STRIPE_API_BASE: stripe.url,
    STRIPE_SECRET_KEY: KEYS.secretKey,
    STRIPE_WEBHOOK_SECRET: KEYS.webhookSecret,
    SIGN_UP: 'open',
  })
  const { hostname: host, port } = new URL(stripe.url)
  const client = new Stripe(KEYS.secretKey, { host, port, protocol: 'http', telemetry: false })
  await setUpStripe(client, platform.url, () => {})
})
afterAll(async () => {
  await platform.stop()
  await stripe.stop()
})

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
type Answer = { status: number; body: any }

/** As the person's browser asks. */
const ask = async (method: string, path: string, json?: unknown): Promise<Answer> => {
  const response = await fetch(`${platform.url}${path}`, {
    method,
    headers: { origin: platform.url, cookie: cookies, ...(json ? { 'content-type': 'application/json' } : {}) },
    redirect: 'manual',
    ...(json ? { body: JSON.stringify(json) } : {}),
  })
  const set = response.headers.getSetCookie().map((line) => line.split(';')[0])
  if (set.length > 0) cookies = set.join('; ')
  const text = await response.text()
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text }
}
const billing = (method: string, path = '', json?: unknown): Promise<Answer> =>
  ask(method, `/api/v1/organizations/acme/billing${path}`, json)

const mailedLink = (): string => {
  const folder = join(platform.stateDirectory, 'mailbox')
  const mails = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  const link = mails.flatMap((mail) => /https?:\/\/[^\s"\\]+\/api\/auth\/[^\s"\\]+/.exec(mail)?.[0] ?? []).at(-1)
  if (!link) throw new Error(`no link was mailed:\n${platform.log()}`)
  return link
}

/** What Stripe has to tell, told: in reverse, and each twice, as may happen. */
const tellEvents = async (): Promise<void> => {
  const events = (await stripe.fake.command({ do: 'take_events' })) as SignedEvent[]
  for (const { body, signature } of [...events, ...events].reverse()) {
    const headers = { 'stripe-signature': signature, 'content-type': 'application/json' }
    const answer = await fetch(`${platform.url}${STRIPE_WEBHOOK_PATH}`, { method: 'POST', headers, body })
    expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)])
  }
}

const publish = (version: string) =>
  requestBuild(access, { project: 'acme/tool', name: 'tool', version, targets: ['deb/amd64', 'apk/amd64'] })
const readIndex = async (): Promise<string> =>
  (await fetch(`${platform.url}/r/acme/tool/apt/dists/stable/main/binary-amd64/Packages`)).text()

it('a person signs up with the link in a mail, makes an organization, and publishes on Free', async () => {
  const made = await ask('POST', '/api/auth/sign-up/email', { email: EMAIL, name: 'Founder', password: PASSWORD })
  expect(made.status).toBe(200)
  const link = new URL(mailedLink())
  const proof = { token: link.searchParams.get('token'), password: PASSWORD }
  expect((await ask('POST', link.pathname, proof)).status).toBe(200)
  expect((await ask('POST', '/api/auth/sign-in/email', { email: EMAIL, password: PASSWORD })).status).toBe(200)
  expect((await ask('POST', '/api/v1/organizations', { organization: 'acme' })).status).toBe(201)
  const token = await ask('POST', '/api/v1/account/tokens', { name: 'ci', scopes: ['publish'] })
  access = { url: platform.url, token: token.body.secret }
  expect((await callApi(access, 'PUT', '/projects/acme/tool', OWN_KEYS)).status).toBe(201)
  expect((await billing('GET')).body).toMatchObject({ plan: 'free', trialAvailable: true, usage: { members: 1 } })
  const { body } = await publish('1.0.0')
  expect((await awaitBuild(access, body as Build)).state).toBe('published')
  const { usage } = (await billing('GET')).body
  expect(usage.storageBytes).toBeGreaterThan(500)
  expect(usage.buildMinutes).toBeGreaterThan(0)
})

it('subscribes to Pro on the provider’s page', async () => {
  const { body } = await billing('POST', '/checkout', { plan: 'pro' })
  await stripe.fake.command({ do: 'complete_checkout', url: body.url, card: 'good' })
  await tellEvents()
  expect((await billing('GET')).body).toMatchObject({ plan: 'pro', subscription: { status: 'trialing' } })
})

it('is stopped where Pro is full, with the reason and the way out, while readers read on', async () => {
  const { db } = await platform.bindings()
  const full = planOf('pro').limits.storageBytes
  await db.prepare('UPDATE storage_usage SET stored_bytes = ?').bind(full).run()
  const bytes = new TextEncoder().encode('one file more')
  const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
  const refused = (await callApi(access, 'PUT', `/projects/acme/tool/blobs/${sha256}`, bytes)) as Answer
  expect([refused.status, refused.body.error.code]).toEqual([402, 'quota_exceeded'])
  expect(refused.body.error.link).toBe(`${platform.url}/acme/billing`)
  expect(await readIndex()).toContain('Version: 1.0.0')
})

it('takes the larger plan, and publishes', async () => {
  expect((await billing('POST', '/plan/preview', { plan: 'team' })).status).toBe(200)
  const changed = await billing('PUT', '/plan', { plan: 'team' })
  expect([changed.status, changed.body.plan]).toEqual([200, 'team'])
  await tellEvents()
  const { status, body } = await publish('2.0.0')
  expect(status).toBe(201)
  const built = await awaitBuild(access, body as Build)
  expect([built.state, built.jobs.map(({ faults }) => faults)]).toEqual(['published', [[], []]])
  expect(await readIndex()).toContain('Version: 2.0.0')
})

it('and finds all of it in its audit log and its invoices', async () => {
  const { body } = await ask('GET', '/api/v1/organizations/acme/audit?limit=200')
  const actions = body.items.map(({ action }: { action: string }) => action)
  expect(actions).toEqual(expect.arrayContaining(['billing.changed', 'quota.over', 'organization.created']))
  expect((await billing('GET', '/invoices')).body.items[0]).toMatchObject({ status: 'paid', currency: 'usd' })
})
