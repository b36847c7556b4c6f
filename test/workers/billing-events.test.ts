// Stripe's events: what opens the entry point, each one once, whatever the order, and what happens when they cannot be settled.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { openStripe } from '../../workers/web/billing/stripe.ts'
import { syncOrganization } from '../../workers/web/services/billing/sync.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import type { SignedEvent } from '../support/fake-stripe/fake.ts'
import {
  act,
  billing,
  customerOf,
  DAY_MS,
  deliver,
  env,
  freshBilling,
  look,
  newOrganization,
  pass,
  passTo,
  postEvent,
  rowsOf,
  START_MS,
  send,
  stripe,
  subscribe,
  sweep,
  takeEvents,
  testEnv,
} from './billing-fixture.ts'

let acme: string
beforeEach(async () => {
  await freshBilling()
  acme = await newOrganization('acme')
})

interface EventRow {
  readonly id: string
  readonly type: string
  readonly state: string
  readonly attempts: number
  readonly last_error: string | null
  readonly payload: string
}
const events = () => rowsOf<EventRow>('SELECT * FROM stripe_events ORDER BY created_at_ms, id')

/** A checkout gone through with, whose events nobody delivered yet. */
const buy = async (): Promise<SignedEvent[]> => {
  const { body } = await act('/checkout', { plan: 'pro' })
  await stripe({ do: 'complete_checkout', url: body.url, card: 'good' })
  return takeEvents()
}

const signed = async (event: object): Promise<SignedEvent> => {
  await stripe({ do: 'emit', type: 'customer.subscription.updated', object: event })
  const [last] = (await takeEvents()).slice(-1)
  if (!last) throw new Error('nothing was emitted')
  return last
}

describe('the entry point', () => {
  it('opens to a true signature alone, and keeps nothing else', async () => {
    const [event] = await buy()
    if (!event) throw new Error('no event')
    const forged = [
      { ...event, body: event.body.replace('"livemode": false', '"livemode": true') },
      { ...event, signature: '' },
      { ...event, signature: 't=1,v1=00' },
      { ...event, signature: event.signature.replace(/v1=.*/, `v1=${'0'.repeat(64)}`) },
    ]
    for (const each of forged) expect((await postEvent(each)).status).toBe(400)
    expect(await events()).toEqual([])
    expect((await postEvent(event)).status).toBe(200)
  })

  it('does not open to an old one that is sent again', async () => {
    const [event] = await buy()
    vi.setSystemTime(Date.now() + 301_000)
    expect((await postEvent(event!)).status).toBe(400)
    expect(await events()).toEqual([])
  })

  it('asks for no token, takes no huge body, and nothing but POST', async () => {
    const bytes = new Uint8Array(512 * 1024 + 1)
    const answer = await send('POST', '/api/stripe/webhook', { bytes, headers: { 'stripe-signature': 'x' } })
    expect([answer.status, answer.body.error.code]).toEqual([413, 'body_too_large'])
    expect((await send('GET', '/api/stripe/webhook')).status).toBe(404)
  })

  it('is not in the API’s document', async () => {
    const { body } = await send('GET', '/api/openapi.json')
    expect(Object.keys(body.paths).filter((path) => path.includes('stripe'))).toEqual([])
    expect(Object.keys(body.paths)).toContain('/api/v1/organizations/{org}/billing/checkout')
  })
})

describe('an event', () => {
  it('is kept as it was signed, and handled once however often it comes', async () => {
    const all = await buy()
    const created = all.find(({ type }) => type === 'customer.subscription.created')!
    expect((await postEvent(created)).body.outcome).toBe('settled')
    const { requests } = await look()
    const answers = await Promise.all([postEvent(created), postEvent(created), postEvent(created)])
    expect(answers.map(({ body }) => body.outcome)).toEqual(['repeated', 'repeated', 'repeated'])
    expect((await look()).requests).toHaveLength(requests.length)
    expect(await events()).toMatchObject([{ id: created.id, state: 'handled', payload: created.body }])
  })

  it('of a type nobody knows is kept and left alone', async () => {
    await stripe({ do: 'emit', type: 'balloon.inflated', object: { object: 'balloon', customer: 'cus_x' } })
    const { requests } = await look()
    await deliver((all) => all.filter(({ type }) => type === 'balloon.inflated'))
    expect(await events()).toMatchObject([{ type: 'balloon.inflated', state: 'ignored' }])
    expect((await look()).requests).toHaveLength(requests.length)
  })

  it('of a customer that is none of ours changes nothing', async () => {
    const event = await signed({
      object: 'subscription',
      id: 'sub_x',
      customer: 'cus_of_another_shop',
      status: 'active',
    })
    expect((await postEvent(event)).status).toBe(200)
    expect((await events()).map(({ state }) => state)).toEqual(['ignored'])
    expect((await billing(acme)).subscription).toBeNull()
  })

  it('is believed in nothing: what Stripe has is what counts', async () => {
    await subscribe({ plan: 'pro' }, 'none')
    const { subscriptions } = await look()
    const lie = await signed({ ...subscriptions[0], status: 'unpaid', trial_end: 1 })
    await postEvent(lie)
    expect((await billing(acme)).subscription.status).toBe('trialing')
  })

  it('finds its organization when the request that made the customer died before it was written down', async () => {
    const { body } = await act('/checkout', { plan: 'pro' })
    await testEnv.DB.prepare('DELETE FROM billing_customers').run()
    await stripe({ do: 'complete_checkout', url: body.url, card: 'good' })
    await deliver()
    expect((await billing(acme)).plan).toBe('pro')
    expect(await rowsOf('SELECT * FROM billing_customers')).toHaveLength(1)
  })
})

/** A year's events of one organization, by the clock: trial, payment, failure, recovery, a larger plan, the end. */
const liveThrough = async (): Promise<SignedEvent[]> => {
  const all = await buy()
  const take = async (): Promise<void> => void all.push(...(await takeEvents()))
  const card = async (kind: 'good' | 'declined') => stripe({ do: 'set_card', customer: await customerOf(), card: kind })
  await passTo(START_MS + 46 * DAY_MS)
  await take()
  await card('declined')
  await pass(31 * DAY_MS)
  await card('good')
  await pass(10 * DAY_MS)
  await take()
  return all
}

const ORDERS: readonly [string, (all: SignedEvent[]) => SignedEvent[]][] = [
  ['in order', (all) => all],
  ['in reverse', (all) => [...all].reverse()],
  ['each three times', (all) => all.flatMap((event) => [event, event, event])],
  ['the even ones first', (all) => [...all.filter((_, i) => i % 2 === 0), ...all.filter((_, i) => i % 2 === 1)]],
  ['one alone', (all) => all.filter(({ type }) => type === 'customer.subscription.created')],
]

describe('events of a whole life', () => {
  it.each(ORDERS)('settle to the same row when they come %s', async (_name, arrange) => {
    const all = await liveThrough()
    expect(all.length).toBeGreaterThan(12)
    const fresh = await Promise.all(arrange(all).map(resign))
    for (const event of fresh) expect((await postEvent(event)).status).toBe(200)
    expect(await billing(acme)).toMatchObject({
      plan: 'pro',
      banner: null,
      subscription: { status: 'active', plan: 'pro', cancelAtMs: null },
    })
    const [row] = await rowsOf<Record<string, unknown>>('SELECT * FROM subscriptions')
    const { organization_id: _, version: __, previous_period_start_ms: ___, ...settled } = row ?? {}
    const [subscription] = (await look()).subscriptions
    expect(settled).toEqual({
      stripe_subscription_id: subscription?.id,
      plan: 'pro',
      status: 'active',
      usage_based: 0,
      // The trial ended on the 24th of January; a month is over on each 24th.
      period_start_ms: Date.UTC(2027, 2, 24, 12),
      period_end_ms: Date.UTC(2027, 3, 24, 12),
      trial_ends_at_ms: START_MS + 14 * DAY_MS,
      cancel_at_ms: null,
      ended_at_ms: null,
      past_due_since_ms: null,
      graced_plan: null,
      grace_until_ms: null,
      metered_at_ms: 0,
    })
  })

  it('settle to the same when they come all at once', async () => {
    const all = await liveThrough()
    const fresh = await Promise.all(all.map(resign))
    const answers = await Promise.all(fresh.map(postEvent))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect((await billing(acme)).subscription).toMatchObject({ status: 'active', plan: 'pro' })
    expect((await events()).filter(({ state }) => state === 'received')).toEqual([])
  })
})

describe('a fetch that was overtaken', () => {
  it('does not write what it saw over what came after it', async () => {
    await subscribe({ plan: 'pro' })
    const slow = await openStripe(env)
    const list = slow.subscriptions.list.bind(slow.subscriptions)
    let seen = 0
    slow.subscriptions.list = (async (...given: Parameters<typeof list>) => {
      const answer = await list(...given)
      seen += 1
      if (seen === 1) await act('/cancel')
      return answer
    }) as typeof list
    const [owner] = await rowsOf<{ id: string }>("SELECT id FROM organizations WHERE slug = 'acme'")
    // Something to write, so that there is something to overwrite.
    await testEnv.DB.prepare("UPDATE subscriptions SET status = 'active'").run()
    await syncOrganization(openPlatform(env), slow, owner?.id ?? '', await customerOf())
    expect(seen).toBe(2)
    expect((await billing(acme)).subscription).toMatchObject({ status: 'trialing', cancelAtMs: expect.any(Number) })
  })
})

/** Stripe signs each sending anew, at its moment. */
const resign = async (event: SignedEvent): Promise<SignedEvent> => {
  const { default: Stripe } = await import('stripe')
  const signature = await new Stripe('sk_unused').webhooks.generateTestHeaderStringAsync({
    payload: event.body,
    secret: env.STRIPE_WEBHOOK_SECRET ?? '',
    timestamp: Math.floor(Date.now() / 1000),
  })
  return { ...event, signature }
}

describe('while Stripe is in trouble', () => {
  const created = (all: SignedEvent[]) => all.find(({ type }) => type === 'customer.subscription.created')!

  it('an event stays received, the answer is 500, and its next coming settles it', async () => {
    const event = created(await buy())
    await stripe({ do: 'break', calls: 10, status: 500 })
    expect((await postEvent(event)).status).toBe(500)
    expect(await events()).toMatchObject([{ state: 'received', attempts: 1, last_error: 'broken' }])
    await stripe({ do: 'break', calls: 0, status: 500 })
    expect((await postEvent(event)).body.outcome).toBe('settled')
    expect(await events()).toMatchObject([{ state: 'handled', attempts: 2, last_error: null }])
    expect((await billing(acme)).plan).toBe('pro')
  })

  it('the sweep settles it too, and waits longer each time', async () => {
    const event = created(await buy())
    await stripe({ do: 'break', calls: 1000, status: 500 })
    await postEvent(event)
    await sweep()
    expect(await events()).toMatchObject([{ attempts: 1 }])
    await pass(61_000)
    await sweep()
    await pass(61_000)
    await sweep()
    expect(await events()).toMatchObject([{ state: 'received', attempts: 2 }])
    await stripe({ do: 'break', calls: 0, status: 500 })
    await pass(120_000)
    await sweep()
    expect(await events()).toMatchObject([{ state: 'handled', attempts: 3 }])
    expect((await billing(acme)).plan).toBe('pro')
  })

  it('the page still shows what was known', async () => {
    await subscribe({ plan: 'pro' })
    await stripe({ do: 'break', calls: 1000, status: 500 })
    expect((await billing(acme)).plan).toBe('pro')
    expect((await act('/portal')).status).toBe(503)
  })
})

describe('an event that never comes', () => {
  it('is made up for by the sweep, some hours later', async () => {
    await subscribe({ plan: 'pro' }, 'none')
    await passTo(START_MS + 15 * DAY_MS)
    await takeEvents()
    expect((await billing(acme)).subscription.status).toBe('trialing')
    await sweep()
    expect(await billing(acme)).toMatchObject({ plan: 'free', subscription: { status: 'canceled' } })
  })
})
