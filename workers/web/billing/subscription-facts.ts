// A customer's subscriptions as Stripe has them now, read into the facts that count. What came before plays no part,
// so it does not matter which event asked, how often, or in which order.
import type { SubscriptionFacts } from '@distropack/core/billing/account-status.ts'
import { SUBSCRIPTION_STATUSES, type SubscriptionStatus } from '@distropack/core/contract/billing.ts'
import { METER_METADATA, PLAN_METADATA } from '@distropack/core/contract/stripe.ts'
import { comparePlans, METERS, type MeterId, PLANS, type PlanId } from '@distropack/core/model/plans.ts'
import type Stripe from 'stripe'

export const planOfPrice = (price: Stripe.Price): PlanId | undefined =>
  PLANS.find((plan) => plan.price && plan.price.lookupKey === price.lookup_key)?.id ??
  PLANS.find((plan) => plan.price && plan.id === price.metadata[PLAN_METADATA])?.id

export const meterOfPrice = (price: Stripe.Price): MeterId | undefined =>
  METERS.find(({ lookupKey }) => lookupKey === price.lookup_key)?.id ??
  METERS.find(({ id }) => id === price.metadata[METER_METADATA])?.id

/** Without what only our own row remembers: grace after a smaller plan. */
export type FetchedFacts = Omit<SubscriptionFacts, 'gracedPlan' | 'graceUntilMs'> & {
  readonly id: string
  /** It ended because nobody paid. */
  readonly endedUnpaid: boolean
  readonly trialStartedAtMs: number | null
}

const inMs = (seconds: number): number => seconds * 1000
const inMsOrNull = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000)

const parseStatus = (status: string): SubscriptionStatus => {
  const known = SUBSCRIPTION_STATUSES.find((each) => each === status)
  if (!known) throw new Error(`Stripe names a subscription's status "${status}", which is not known here`)
  return known
}

const planItemOf = ({ items }: Stripe.Subscription): { item: Stripe.SubscriptionItem; plan: PlanId } | undefined =>
  items.data.flatMap((item) => {
    const plan = planOfPrice(item.price)
    return plan ? [{ item, plan }] : []
  })[0]

const factsOf = (subscription: Stripe.Subscription, pastDueSinceMs: number | null): FetchedFacts | undefined => {
  const found = planItemOf(subscription)
  if (!found) return undefined
  const { item, plan } = found
  const periodEndMs = inMs(item.current_period_end)
  return {
    id: subscription.id,
    plan,
    status: parseStatus(subscription.status),
    usageBased: subscription.items.data.some(({ price }) => meterOfPrice(price) !== undefined),
    periodStartMs: inMs(item.current_period_start),
    periodEndMs,
    trialEndsAtMs: inMsOrNull(subscription.trial_end),
    cancelAtMs: inMsOrNull(subscription.cancel_at) ?? (subscription.cancel_at_period_end ? periodEndMs : null),
    endedAtMs: inMsOrNull(subscription.ended_at),
    pastDueSinceMs,
    endedUnpaid: subscription.cancellation_details?.reason === 'payment_failed',
    trialStartedAtMs: inMsOrNull(subscription.trial_start),
  }
}

/** Since when the oldest invoice waits: the first attempt comes with its being final. null: none is open. */
const findPastDueSince = async (stripe: Stripe, subscription: string): Promise<number | null> => {
  const open = await stripe.invoices.list({ subscription, status: 'open', limit: 100 })
  const moments = open.data.map(({ status_transitions, created }) => status_transitions.finalized_at ?? created)
  return moments.length > 0 ? inMs(Math.min(...moments)) : null
}

const owesMoney = ({ status, cancellation_details }: Stripe.Subscription): boolean =>
  status === 'past_due' || status === 'unpaid' || cancellation_details?.reason === 'payment_failed'

const RANKS: Readonly<Partial<Record<string, number>>> = { trialing: 2, active: 2, past_due: 2, unpaid: 2, canceled: 1 }

/** The one that counts first: live before ended, the larger plan before the smaller, the newer before the older. */
const compare = (a: Stripe.Subscription, b: Stripe.Subscription): number => {
  const byRank = (RANKS[b.status] ?? 0) - (RANKS[a.status] ?? 0)
  if (byRank !== 0) return byRank
  const isLive = RANKS[a.status] === 2
  const byPlan = isLive ? comparePlans(planItemOf(b)?.plan ?? 'free', planItemOf(a)?.plan ?? 'free') : 0
  return byPlan || b.created - a.created
}

export interface FetchedCustomer {
  /** undefined: it never subscribed to a plan. */
  readonly facts: FetchedFacts | undefined
  /** More than one stands: two checkouts were completed side by side. */
  readonly liveSubscriptions: number
  readonly trialUsedAtMs: number | null
}

export const fetchCustomer = async (stripe: Stripe, customer: string): Promise<FetchedCustomer> => {
  const listed = await stripe.subscriptions.list({ customer, status: 'all', limit: 100 })
  const ours = listed.data.filter((subscription) => planItemOf(subscription) !== undefined).sort(compare)
  const [first] = ours
  const trials = ours.flatMap(({ trial_start }) => trial_start ?? [])
  return {
    facts: first && factsOf(first, owesMoney(first) ? await findPastDueSince(stripe, first.id) : null),
    liveSubscriptions: ours.filter(({ status }) => RANKS[status] === 2).length,
    trialUsedAtMs: trials.length > 0 ? inMs(Math.min(...trials)) : null,
  }
}
