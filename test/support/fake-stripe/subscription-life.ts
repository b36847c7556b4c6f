// A subscription from its first day: trials, renewals, and what the clock brings.
import type Stripe from 'stripe'
import { type Account, addMonth, customerIdOf, DAY, emit } from './account.ts'
import {
  addUsed,
  attemptPayment,
  centsOf,
  finalize,
  invoiceLater,
  invoiceNow,
  periodOf,
  planItemOf,
  takePending,
  usedUp,
} from './invoicing.ts'
import { newItem, newSubscription } from './objects.ts'
import { endSubscription } from './subscription-end.ts'

export interface NewSubscription {
  readonly customer: string
  readonly prices: readonly Stripe.Price[]
  readonly trialDays: number
  readonly missingCard: string
  readonly metadata: Stripe.Metadata
}

/** Stripe warns so long before a trial's end. */
const WARNING_DAYS = 3

export const startSubscription = (account: Account, facts: NewSubscription): Stripe.Subscription => {
  const { nowSeconds } = account
  const subscription = newSubscription(account, facts)
  const isTrial = facts.trialDays > 0
  const end = isTrial ? nowSeconds + facts.trialDays * DAY : addMonth(nowSeconds)
  const period = { start: nowSeconds, end }
  subscription.items.data = facts.prices.map((price) => newItem(account, subscription.id, price, period))
  if (isTrial) {
    subscription.status = 'trialing'
    subscription.trial_start = nowSeconds
    subscription.trial_end = end
    subscription.billing_cycle_anchor = end
  }
  account.subscriptions.set(subscription.id, subscription)
  emit(account, 'customer.subscription.created', subscription)
  const { price } = planItemOf(subscription)
  const line = { description: isTrial ? 'Trial' : 'Plan', amount: isTrial ? 0 : centsOf(price), priceId: price.id }
  invoiceNow(account, { subscription, reason: 'subscription_create', lines: [line], period })
  return subscription
}

const enterPeriod = (subscription: Stripe.Subscription, period: { start: number; end: number }): void => {
  for (const item of subscription.items.data) {
    item.current_period_start = period.start
    item.current_period_end = period.end
  }
}

const renew = (account: Account, subscription: Stripe.Subscription): void => {
  const over = periodOf(subscription)
  enterPeriod(subscription, { start: over.end, end: addMonth(over.end) })
  const { price } = planItemOf(subscription)
  const plan = { description: 'Plan', amount: centsOf(price), priceId: price.id }
  const lines = [...takePending(account, subscription.id), plan]
  if (subscription.status === 'trialing') subscription.status = 'active'
  invoiceLater(account, { subscription, reason: 'subscription_cycle', lines, period: over })
  emit(account, 'customer.subscription.updated', subscription)
}

const endPaid = (account: Account, subscription: Stripe.Subscription): void => {
  const period = periodOf(subscription)
  const customer = customerIdOf(subscription)
  const used = subscription.items.data.flatMap((item) => usedUp(account, item, customer, period))
  const lines = [...takePending(account, subscription.id), ...used]
  if (lines.length > 0) invoiceNow(account, { subscription, reason: 'subscription_cycle', lines, period })
  endSubscription(account, subscription, 'cancellation_requested')
}

const endPeriod = (account: Account, subscription: Stripe.Subscription): void => {
  const { status, cancel_at_period_end, cancel_at, trial_settings } = subscription
  const isWanted = cancel_at_period_end || (cancel_at !== null && cancel_at <= account.nowSeconds)
  const hasCard = account.cards.has(customerIdOf(subscription))
  const endsUnpaid = trial_settings?.end_behavior.missing_payment_method === 'cancel'
  if (isWanted) endPaid(account, subscription)
  else if (status === 'trialing' && !hasCard && endsUnpaid) endSubscription(account, subscription, null)
  else renew(account, subscription)
}

const warn = (account: Account, subscription: Stripe.Subscription): void => {
  account.warned.add(subscription.id)
  emit(account, 'customer.subscription.trial_will_end', subscription)
}

interface Due {
  readonly at: number
  readonly happen: () => void
}

const dueOfSubscription = (account: Account, subscription: Stripe.Subscription): Due[] => {
  if (!['trialing', 'active', 'past_due', 'unpaid'].includes(subscription.status)) return []
  const due: Due[] = [{ at: periodOf(subscription).end, happen: () => endPeriod(account, subscription) }]
  if (subscription.status === 'trialing' && subscription.trial_end !== null && !account.warned.has(subscription.id)) {
    due.push({ at: subscription.trial_end - WARNING_DAYS * DAY, happen: () => warn(account, subscription) })
  }
  return due
}

const dueOfInvoice = (account: Account, invoice: Stripe.Invoice): Due[] => {
  const named = invoice.parent?.subscription_details?.subscription
  const subscription = typeof named === 'string' ? account.subscriptions.get(named) : undefined
  if (invoice.status === 'draft' && invoice.automatically_finalizes_at !== null) {
    const close = (): void => {
      if (subscription) addUsed(account, invoice, subscription)
      finalize(account, invoice)
    }
    return [{ at: invoice.automatically_finalizes_at, happen: close }]
  }
  if (invoice.status !== 'open' || invoice.next_payment_attempt === null || subscription?.status === 'canceled')
    return []
  return [{ at: invoice.next_payment_attempt, happen: () => attemptPayment(account, invoice) }]
}

/** Moves the clock; everything that is due until then happens at its own moment and in its own order. */
export const advance = (account: Account, toSeconds: number): void => {
  for (;;) {
    const due = [
      ...[...account.subscriptions.values()].flatMap((each) => dueOfSubscription(account, each)),
      ...[...account.invoices.values()].flatMap((each) => dueOfInvoice(account, each)),
    ].sort((a, b) => a.at - b.at)[0]
    if (!due || due.at > toSeconds) break
    account.nowSeconds = Math.max(account.nowSeconds, due.at)
    due.happen()
  }
  account.nowSeconds = Math.max(account.nowSeconds, toSeconds)
}
