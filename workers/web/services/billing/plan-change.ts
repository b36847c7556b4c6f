// Changes of a subscription that stands. A larger plan is charged at once for the rest of the period, and not given when
// the charge fails; a smaller one is credited to the invoices that follow.

import { isLive, isPastDue } from '@distropack/core/billing/account-status.ts'
import type { ChoosePlan, PlanPreview } from '@distropack/core/contract/billing.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { comparePlans, type PlanId } from '@distropack/core/model/plans.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type Stripe from 'stripe'
import { findPrices } from '../../billing/prices.ts'
import { isBillingOn, openStripe } from '../../billing/stripe.ts'
import { meterOfPrice, planOfPrice } from '../../billing/subscription-facts.ts'
import { askStripe } from '../../billing/trouble.ts'
import type { Platform } from '../platform/platform.ts'
import { readSubscription } from './billing-switch.ts'
import type { Organization } from './checkout.ts'
import { readCustomer } from './customers.ts'
import { syncOrganization } from './sync.ts'

interface Standing {
  readonly stripe: Stripe
  readonly customer: string
  readonly subscription: Stripe.Subscription
}

/** Fetched anew: what is changed is what Stripe has, not what we last heard. */
const openSubscription = async (platform: Platform, { id, slug }: Organization): Promise<Result<Standing, Fault>> => {
  const row = await readSubscription(platform, id)
  const customer = (await readCustomer(platform, id))?.stripeCustomerId
  if (!row || !customer || !isLive(row)) return err(fault('conflict', `"${slug}" has no subscription to change.`))
  const stripe = await openStripe(platform.env)
  const found = await askStripe(() => stripe.subscriptions.retrieve(row.stripeSubscriptionId))
  return found.ok ? ok({ stripe, customer, subscription: found.value }) : found
}

type Items = Pick<Stripe.SubscriptionUpdateParams.Item, 'id' | 'price' | 'deleted' | 'quantity'>[]

interface Change {
  readonly items: Items
  /** undefined: the plan stays. */
  readonly direction: 'up' | 'down' | undefined
}

const planItem = ({ items }: Stripe.Subscription): { id: string; price: string; plan: PlanId } => {
  for (const { id, price } of items.data) {
    const plan = planOfPrice(price)
    if (plan) return { id, price: price.id, plan }
  }
  throw new Error('a subscription without a plan')
}

const planChange = async (stripe: Stripe, subscription: Stripe.Subscription, choice: ChoosePlan): Promise<Change> => {
  const prices = await findPrices(stripe, choice)
  const current = planItem(subscription)
  const metered = subscription.items.data.filter(({ price }) => meterOfPrice(price) !== undefined)
  const isNewPlan = current.plan !== choice.plan
  const added = prices.meters.filter((price) => !metered.some((item) => item.price.id === price))
  return {
    items: [
      ...(isNewPlan ? [{ id: current.id, price: prices.plan, quantity: 1 }] : []),
      ...(choice.usageBased ? added.map((price) => ({ price })) : []),
      ...(choice.usageBased ? [] : metered.map(({ id }) => ({ id, deleted: true }))),
    ],
    direction: isNewPlan ? (comparePlans(choice.plan, current.plan) > 0 ? 'up' : 'down') : undefined,
  }
}

const apply = ({ stripe, subscription }: Standing, { items, direction }: Change) =>
  stripe.subscriptions.update(subscription.id, {
    items,
    proration_behavior: direction === 'up' ? 'always_invoice' : 'create_prorations',
    // 402 and no change, instead of a plan that is not paid for.
    payment_behavior: direction === 'up' ? 'error_if_incomplete' : 'allow_incomplete',
  })

const settled = async (
  platform: Platform,
  { id }: Organization,
  { stripe, customer }: Pick<Standing, 'stripe' | 'customer'>,
): Promise<Result<void, Fault>> => askStripe(() => syncOrganization(platform, stripe, id, customer))

/** Another plan, or use beyond the plan switched on or off. The same choice again changes nothing. */
export const changePlan = async (
  platform: Platform,
  organization: Organization,
  choice: ChoosePlan,
): Promise<Result<void, Fault>> => {
  const opened = await openSubscription(platform, organization)
  if (!opened.ok) return opened
  const row = await readSubscription(platform, organization.id)
  if (row && isPastDue(row)) return err(fault('conflict', 'An invoice is open: pay it first, then change the plan.'))
  const { stripe, subscription } = opened.value
  const changed = await askStripe(async () => {
    const change = await planChange(stripe, subscription, choice)
    if (change.items.length > 0) await apply(opened.value, change)
  })
  return changed.ok ? settled(platform, organization, opened.value) : changed
}

/** What the change would cost at this moment. */
export const previewPlan = async (
  platform: Platform,
  organization: Organization,
  choice: ChoosePlan,
): Promise<Result<PlanPreview, Fault>> => {
  const opened = await openSubscription(platform, organization)
  if (!opened.ok) return opened
  const { stripe, customer, subscription } = opened.value
  const preview = await askStripe(async () => {
    const { items } = await planChange(stripe, subscription, choice)
    return stripe.invoices.createPreview({
      customer,
      subscription: subscription.id,
      subscription_details: { items, proration_behavior: 'always_invoice' },
    })
  })
  if (!preview.ok) return preview
  const { currency, total, lines } = preview.value
  return ok({
    currency,
    dueNowCents: total,
    lines: lines.data.map(({ description, amount }) => ({ description: description ?? '', amountCents: amount })),
  })
}

/** It runs to the end of what was paid for. */
export const cancelAtPeriodEnd = async (
  platform: Platform,
  organization: Organization,
): Promise<Result<void, Fault>> => {
  const opened = await openSubscription(platform, organization)
  if (!opened.ok) return opened
  const { stripe, subscription } = opened.value
  const changed = await askStripe(() => stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true }))
  return changed.ok ? settled(platform, organization, opened.value) : changed
}

export const resume = async (platform: Platform, organization: Organization): Promise<Result<void, Fault>> => {
  const opened = await openSubscription(platform, organization)
  if (!opened.ok) return opened
  const { stripe, subscription } = opened.value
  // The portal may have set a date instead of the flag.
  const set = subscription.cancel_at_period_end ? { cancel_at_period_end: false } : { cancel_at: '' as const }
  const changed = await askStripe(() => stripe.subscriptions.update(subscription.id, set))
  return changed.ok ? settled(platform, organization, opened.value) : changed
}

/** At once and without a refund: for an organization that is deleted. Nothing happens where none stands. */
export const endBilling = async (platform: Platform, organization: Organization): Promise<Result<void, Fault>> => {
  const row = isBillingOn(platform.env) ? await readSubscription(platform, organization.id) : undefined
  if (!row || !isLive(row)) return ok(undefined)
  const opened = await openSubscription(platform, organization)
  if (!opened.ok) return opened
  const { stripe, subscription } = opened.value
  const ended = await askStripe(() => stripe.subscriptions.cancel(subscription.id, { invoice_now: true }))
  return ended.ok ? settled(platform, organization, opened.value) : ended
}
