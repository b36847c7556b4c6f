// An organization's life with a subscription, as the API shows it and as the clock brings it: trial, payment, change,
// failure, end.
import { planOf } from '@distropack/core/model/plans.ts'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  act,
  api,
  billing,
  customerOf,
  DAY_MS,
  deliver,
  fillStorage,
  freshBilling,
  look,
  newOrganization,
  pass,
  passTo,
  START_MS,
  stripe,
  subscribe,
  subscribePaid,
} from './billing-fixture.ts'

const HOUR_MS = 60 * 60_000
const TRIAL_MS = 14 * DAY_MS
const GIB = 1024 ** 3

let acme: string
beforeEach(async () => {
  await freshBilling()
  acme = await newOrganization('acme')
})

const status = async (): Promise<string | undefined> => (await billing(acme)).subscription?.status
const setCard = async (card: 'good' | 'declined') => stripe({ do: 'set_card', customer: await customerOf(), card })
const periodEnd = async (): Promise<number> => (await billing(acme)).subscription.periodEndMs

describe('a trial', () => {
  it('begins from the plan Free, once, with tax and tax ids asked for', async () => {
    expect(await billing(acme)).toMatchObject({
      plan: 'free',
      subscription: null,
      banner: null,
      trialAvailable: true,
      usage: { storageBytes: 0, buildMinutes: 0, projects: 0 },
    })
    await subscribe({ plan: 'pro' }, 'none')
    const view = await billing(acme)
    expect(view).toMatchObject({ plan: 'pro', trialAvailable: false, banner: { kind: 'trial' } })
    expect(view.limits).toEqual(planOf('pro').limits)
    expect(view.subscription).toMatchObject({ status: 'trialing', trialEndsAtMs: START_MS + TRIAL_MS })
    const { sessions } = await look()
    expect(sessions[0]).toMatchObject({ tax_id_collection: { enabled: true }, automatic_tax: { enabled: true } })
  })

  it('without a card ends in the plan Free and charges nothing', async () => {
    await subscribe({ plan: 'pro' }, 'none')
    await pass(TRIAL_MS - 1000)
    expect(await status()).toBe('trialing')
    await pass(2000)
    await deliver()
    expect(await billing(acme)).toMatchObject({ plan: 'free', subscription: { status: 'canceled' } })
    expect((await look()).invoices.map(({ total }) => total)).toEqual([0])
  })

  it('with a card becomes a paid subscription', async () => {
    await subscribe({ plan: 'pro' })
    await pass(TRIAL_MS + 2 * HOUR_MS)
    await deliver()
    const view = await billing(acme)
    expect(view).toMatchObject({ plan: 'pro', banner: null, subscription: { status: 'active' } })
    expect(view.subscription.periodStartMs).toBe(START_MS + TRIAL_MS)
    expect((await look()).invoices.map(({ total, status }) => [total, status])).toEqual([
      [0, 'paid'],
      [2900, 'paid'],
    ])
  })

  it('is not had twice', async () => {
    await subscribe({ plan: 'pro' }, 'none')
    await pass(TRIAL_MS + 1000)
    await deliver()
    await subscribe({ plan: 'pro' })
    expect(await status()).toBe('active')
    expect((await look()).invoices.at(-1)).toMatchObject({ total: 2900, status: 'paid' })
  })
})

describe('the audit log', () => {
  it('names each change of a plan once, and nothing of a card', async () => {
    await subscribe({ plan: 'pro' })
    await pass(1000)
    await act('/cancel')
    await deliver()
    const { body } = await api('GET', '/organizations/acme/audit?action=billing.changed', { token: acme })
    const changes = body.items.map(({ actor, before, after }: Record<string, { kind: string }>) => [
      actor?.kind,
      before,
      after,
    ])
    const trialing = { plan: 'pro', status: 'trialing', usageBased: false, cancelAtMs: null }
    expect(changes).toEqual([
      ['operator', trialing, { ...trialing, cancelAtMs: START_MS + TRIAL_MS }],
      ['system', null, trialing],
    ])
  })
})

describe('a checkout', () => {
  it('is refused while a subscription stands', async () => {
    await subscribe({ plan: 'pro' })
    const again = await act('/checkout', { plan: 'team' })
    expect([again.status, again.body.error.code]).toEqual([409, 'conflict'])
  })

  it('closes the page of the one before it, so that nobody pays twice', async () => {
    const first = await act('/checkout', { plan: 'pro' })
    const second = await act('/checkout', { plan: 'team' })
    const complete = (url: string) => stripe({ do: 'complete_checkout', url, card: 'good' })
    await expect(complete(first.body.url)).rejects.toThrow(/expired/)
    await complete(second.body.url)
    await deliver()
    expect((await billing(acme)).plan).toBe('team')
    expect((await look()).customers).toHaveLength(1)
  })

  it('knows of a subscription whose events have not come yet', async () => {
    const { body } = await act('/checkout', { plan: 'pro' })
    await stripe({ do: 'complete_checkout', url: body.url, card: 'good' })
    expect((await act('/checkout', { plan: 'pro' })).status).toBe(409)
    expect((await billing(acme)).plan).toBe('pro')
  })

  it('says so when Stripe does not answer', async () => {
    await stripe({ do: 'break', calls: 10, status: 500 })
    const answer = await act('/checkout', { plan: 'pro' })
    expect([answer.status, answer.body.error.code]).toEqual([503, 'provider_unavailable'])
  })

  it('of a plan that is not sold is refused', async () => {
    expect((await act('/checkout', { plan: 'self_hosted' })).status).toBe(400)
    expect((await act('/checkout', { plan: 'free' })).status).toBe(400)
  })
})

describe('a larger plan', () => {
  it('costs the rest of the period, as the preview said, and holds at once', async () => {
    await subscribePaid({ plan: 'pro' })
    await passTo((await periodEnd()) - 15.5 * DAY_MS)
    const preview = (await act('/plan/preview', { plan: 'team' })).body
    expect(preview.lines).toHaveLength(2)
    // Half of a month of 31 days, of 99 and of 29 dollars.
    expect(preview.dueNowCents).toBe(4950 - 1450)
    const changed = await act('/plan', { plan: 'team' }, 'PUT')
    expect([changed.status, changed.body.plan]).toEqual([200, 'team'])
    expect((await look()).invoices.at(-1)).toMatchObject({ total: preview.dueNowCents, status: 'paid' })
  })

  it('is charged once, however often it is asked for', async () => {
    await subscribePaid({ plan: 'pro' })
    await act('/plan', { plan: 'team' }, 'PUT')
    const { invoices } = await look()
    expect((await act('/plan', { plan: 'team' }, 'PUT')).status).toBe(200)
    expect((await look()).invoices).toHaveLength(invoices.length)
  })

  it('is not given when the card is refused', async () => {
    await subscribePaid({ plan: 'pro' })
    await setCard('declined')
    const answer = await act('/plan', { plan: 'team' }, 'PUT')
    expect([answer.status, answer.body.error.code]).toEqual([402, 'payment_failed'])
    expect(answer.body.error.message).toContain('declined')
    await deliver()
    expect(await billing(acme)).toMatchObject({ plan: 'pro', subscription: { status: 'active' } })
  })

  it('needs a subscription to begin with', async () => {
    expect((await act('/plan', { plan: 'team' }, 'PUT')).status).toBe(409)
  })
})

describe('a smaller plan', () => {
  it('is credited to the next invoice, and leaves time for what is above it', async () => {
    await subscribe({ plan: 'team' })
    await fillStorage(100 * GIB)
    await passTo((await periodEnd()) - 15.5 * DAY_MS)
    const changed = await act('/plan', { plan: 'pro' }, 'PUT')
    expect(changed.body).toMatchObject({
      plan: 'pro',
      banner: { kind: 'over_limits', limits: ['storageBytes'], untilMs: Date.now() + 14 * DAY_MS },
    })
    await pass(14 * DAY_MS)
    expect((await billing(acme)).banner).toMatchObject({ kind: 'stopped', limits: ['storageBytes'] })
    await passTo((await periodEnd()) + 2 * HOUR_MS)
    await deliver()
    // A month of Pro, less half a month's difference.
    expect((await look()).invoices.at(-1)).toMatchObject({ total: 2900 - 3500, status: 'paid' })
  })
})

describe('a payment that fails', () => {
  const failRenewal = async (): Promise<void> => {
    await subscribePaid({ plan: 'pro' })
    await setCard('declined')
    await passTo((await periodEnd()) + 2 * HOUR_MS)
    await deliver()
  }

  it('is told with the day until which everything works', async () => {
    await failRenewal()
    expect(await billing(acme)).toMatchObject({
      plan: 'pro',
      subscription: { status: 'past_due' },
      banner: { kind: 'payment_failed', untilMs: Date.now() - HOUR_MS + 14 * DAY_MS },
    })
  })

  it('is made up for by a new card at the next attempt', async () => {
    await failRenewal()
    await setCard('good')
    await pass(3 * DAY_MS)
    await deliver()
    expect(await billing(acme)).toMatchObject({ plan: 'pro', banner: null, subscription: { status: 'active' } })
  })

  it('is made up for by paying the open invoice, and the plan cannot change before', async () => {
    await failRenewal()
    expect((await act('/plan', { plan: 'team' }, 'PUT')).status).toBe(409)
    await setCard('good')
    await stripe({ do: 'pay_open_invoices', customer: await customerOf() })
    await deliver()
    expect(await status()).toBe('active')
  })

  it('for the last time ends the subscription; its days of grace are not given again', async () => {
    await failRenewal()
    const { untilMs } = (await billing(acme)).banner
    await fillStorage(10 * GIB)
    await pass(14 * DAY_MS)
    await deliver()
    expect(await billing(acme)).toMatchObject({
      plan: 'free',
      subscription: { status: 'canceled' },
      banner: { kind: 'stopped' },
    })
    expect(Date.now()).toBeGreaterThan(untilMs)
  })

  it('for the last time may leave it unpaid: then the limits of Free hold, and the day paid brings all back', async () => {
    await stripe({ do: 'after_dunning', choice: 'leave_unpaid' })
    await failRenewal()
    await pass(14 * DAY_MS)
    await deliver()
    expect(await billing(acme)).toMatchObject({ plan: 'free', subscription: { status: 'unpaid', plan: 'pro' } })
    await setCard('good')
    await stripe({ do: 'pay_open_invoices', customer: await customerOf() })
    await deliver()
    expect(await billing(acme)).toMatchObject({ plan: 'pro', subscription: { status: 'active' } })
  })
})

describe('a cancellation', () => {
  it('lets the paid time run out, may be taken back, and then ends in Free with days for what is above it', async () => {
    await subscribePaid({ plan: 'pro' })
    await fillStorage(10 * GIB)
    const end = await periodEnd()
    expect((await act('/cancel')).body).toMatchObject({ plan: 'pro', banner: { kind: 'ends', untilMs: end } })
    expect((await act('/resume')).body).toMatchObject({ banner: null, subscription: { cancelAtMs: null } })
    await act('/cancel')
    await passTo(end - 1000)
    await deliver()
    expect((await billing(acme)).plan).toBe('pro')
    await passTo(end + 1000)
    await deliver()
    expect(await billing(acme)).toMatchObject({
      plan: 'free',
      banner: { kind: 'over_limits', limits: ['storageBytes'], untilMs: end + 14 * DAY_MS },
    })
    expect((await act('/resume')).status).toBe(409)
  })

  it('of a customer deleted at Stripe ends everything; the next checkout makes another, without a second trial', async () => {
    await subscribe({ plan: 'pro' })
    await stripe({ do: 'delete_customer', customer: await customerOf() })
    await deliver()
    expect(await billing(acme)).toMatchObject({ plan: 'free', trialAvailable: false })
    await subscribe({ plan: 'pro' })
    expect(await billing(acme)).toMatchObject({ plan: 'pro', subscription: { status: 'active' } })
    expect((await look()).customers).toHaveLength(2)
  })
})

describe('the provider’s pages', () => {
  it('are opened for the organization, the portal with the set-up’s own configuration', async () => {
    await subscribe({ plan: 'pro' })
    const { status, body } = await act('/portal')
    expect([status, body.url]).toEqual([200, expect.stringMatching(/^https:\/\/portal\.stripe\.test\/bps_.*=bpc_fake/)])
  })

  it('show invoices newest first, in pages', async () => {
    await subscribe({ plan: 'pro' })
    for (let month = 0; month < 3; month++) await passTo((await periodEnd()) + 2 * HOUR_MS).then(() => deliver())
    const list = async (query: string) => (await act(`/invoices${query}`, undefined, 'GET')).body
    const all = await list('')
    expect(all.items.map(({ totalCents }: { totalCents: number }) => totalCents)).toEqual([2900, 2900, 2900, 0])
    expect(all.items[0]).toMatchObject({ status: 'paid', currency: 'usd', dueCents: 0, pdfUrl: expect.any(String) })
    const first = await list('?limit=3')
    const second = await list(`?limit=3&cursor=${first.nextCursor}`)
    expect([...first.items, ...second.items]).toEqual(all.items)
    expect(second.nextCursor).toBeNull()
    expect((await act('/invoices?cursor=in_nobody', undefined, 'GET')).status).toBe(400)
  })
})
