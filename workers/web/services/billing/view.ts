// Billing as an organization's owner sees it. From our own rows alone: the page works while Stripe does not.
import { bannerOf } from '@distropack/core/billing/words.ts'
import type { Billing, billingPlansSchema } from '@distropack/core/contract/billing.ts'
import { CURRENCY, PLANS } from '@distropack/core/model/plans.ts'
import type { z } from 'zod'
import type { Platform } from '../platform/platform.ts'
import { readSubscription, type SubscriptionRow, standingNow } from './billing-switch.ts'
import { readCustomer } from './customers.ts'
import { readUsage } from './usage.ts'

/** What may be chosen; `self_hosted` is no choice. */
export const viewPlans = (): z.infer<typeof billingPlansSchema> => ({
  plans: PLANS.filter(({ id }) => id !== 'self_hosted').map(({ id, name, limits, price, trialDays, ceilings }) => ({
    id,
    name,
    limits: { ...limits },
    currency: CURRENCY,
    monthlyCents: price?.monthlyCents ?? 0,
    trialDays,
    usageBased: ceilings !== null,
  })),
})

const viewSubscription = (row: SubscriptionRow): Billing['subscription'] => ({
  plan: row.plan,
  status: row.status,
  usageBased: row.usageBased,
  periodStartMs: row.periodStartMs,
  periodEndMs: row.periodEndMs,
  trialEndsAtMs: row.trialEndsAtMs,
  cancelAtMs: row.cancelAtMs,
  endedAtMs: row.endedAtMs,
})

export const viewBilling = async (platform: Platform, organizationId: string): Promise<Billing> => {
  const row = await readSubscription(platform, organizationId)
  const standing = standingNow(platform, row)
  const usage = await readUsage(platform, organizationId, standing.period)
  const customer = await readCustomer(platform, organizationId)
  return {
    plan: standing.plan.id,
    limits: { ...standing.limits },
    usage,
    periodStartMs: standing.period.startMs,
    periodEndMs: standing.period.endMs,
    banner: bannerOf(row, standing, usage, platform.nowMs()),
    subscription: row ? viewSubscription(row) : null,
    trialAvailable: (customer?.trialUsedAtMs ?? null) === null,
  }
}
