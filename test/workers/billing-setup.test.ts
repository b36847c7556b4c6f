// The set-up of a Stripe account, and what becomes of subscribers when a price changes.
import { PLANS } from '@distropack/core/model/plans.ts'
import type Stripe from 'stripe'
import { beforeEach, describe, expect, it } from 'vitest'
import { setUpStripe } from '../../scripts/billing/catalogue.ts'
import { openStripe } from '../../workers/web/billing/stripe.ts'
import { billing, env, freshBilling, look, newOrganization, pass, subscribe, sweep } from './billing-fixture.ts'

let stripe: Stripe
beforeEach(async () => {
  await freshBilling()
  stripe = await openStripe(env)
})

const setUp = async (): Promise<string[]> => {
  const lines: string[] = []
  await setUpStripe(stripe, env.PUBLIC_URL, (line) => lines.push(line))
  return lines
}

describe('the set-up', () => {
  it('makes everything that is sold, and changes nothing the second time', async () => {
    const keys = (await look()).prices.map(({ lookup_key }) => lookup_key)
    const sold = PLANS.flatMap(({ price }) => price?.lookupKey ?? [])
    expect(keys).toEqual(expect.arrayContaining([...sold, 'distropack_build_minutes', 'distropack_storage_gib_days']))
    expect((await look()).prices.map(({ unit_amount_decimal }) => unit_amount_decimal)).toContain('0.8')
    expect(await setUp()).toEqual([])
    expect((await look()).prices.map(({ lookup_key }) => lookup_key)).toEqual(keys)
  })

  it('replaces a price that differs, and who has the old one keeps it and the plan', async () => {
    const acme = await newOrganization('acme')
    await subscribe({ plan: 'pro' })
    const { prices } = await look()
    const pro = prices.find(({ lookup_key }) => lookup_key === 'distropack_pro_monthly')
    await stripe.prices.create({
      product: 'prod_x',
      currency: 'usd',
      unit_amount: 100,
      recurring: { interval: 'month' },
      lookup_key: 'distropack_pro_monthly',
      transfer_lookup_key: true,
    })
    expect(await setUp()).toEqual(['price distropack_pro_monthly: replaced, 2900 usd cents'])
    await pass(7 * 60 * 60_000)
    await sweep()
    expect((await billing(acme)).plan).toBe('pro')
    expect((await look()).subscriptions[0]?.items.data[0]?.price).toMatchObject({ id: pro?.id, lookup_key: null })
  })
})
