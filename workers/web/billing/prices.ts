// Price ids by their lookup keys, asked when they are needed: the set-up may have put newer ones in their place.

import type { PaidPlan } from '@distropack/core/contract/billing.ts'
import { METERS, planOf } from '@distropack/core/model/plans.ts'
import type Stripe from 'stripe'

export interface Choice {
  readonly plan: PaidPlan
  readonly usageBased: boolean
}

export interface ChosenPrices {
  readonly plan: string
  /** Of use beyond the plan; empty when it was not chosen. */
  readonly meters: readonly string[]
}

/** @throws when the set-up has not been run against this account: no customer can do anything about it. */
export const findPrices = async (stripe: Stripe, { plan, usageBased }: Choice): Promise<ChosenPrices> => {
  const planKey = planOf(plan).price?.lookupKey ?? ''
  const meterKeys = usageBased && planOf(plan).ceilings ? METERS.map(({ lookupKey }) => lookupKey) : []
  const keys = [planKey, ...meterKeys]
  const found = await stripe.prices.list({ lookup_keys: keys, active: true, limit: keys.length })
  const idOf = (key: string): string => {
    const price = found.data.find(({ lookup_key }) => lookup_key === key)
    if (!price) throw new Error(`Stripe has no active price with the lookup key ${key}: run npm run billing:setup`)
    return price.id
  }
  return { plan: idOf(planKey), meters: meterKeys.map(idOf) }
}
