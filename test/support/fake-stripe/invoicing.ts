// Invoices: what stands on them, whether they are paid, and what happens when they are not.
import type Stripe from 'stripe'
import { type Account, customerIdOf, DAY, emit, HOUR, type PendingLine } from './account.ts'
import { type InvoiceFacts, newInvoice } from './invoice-object.ts'
import { endSubscription } from './subscription-end.ts'

/** Stripe's own pace may differ; four attempts over two weeks is what its documents call recommended. */
const RETRY_AFTER_DAYS = [3, 5, 6]

export const planItemOf = (subscription: Stripe.Subscription): Stripe.SubscriptionItem => {
  const item = subscription.items.data.find(({ price }) => !price.recurring?.meter)
  if (!item) throw new Error(`${subscription.id} has no licensed price`)
  return item
}

export const periodOf = (subscription: Stripe.Subscription): { start: number; end: number } => {
  const item = planItemOf(subscription)
  return { start: item.current_period_start, end: item.current_period_end }
}

export const centsOf = (price: Stripe.Price): number => Number(price.unit_amount_decimal ?? price.unit_amount ?? 0)

/** What a metered price costs for its events of a time; only what came after the item was added counts. */
export const usedUp = (
  account: Account,
  item: Stripe.SubscriptionItem,
  customer: string,
  period: { readonly start: number; readonly end: number },
): PendingLine[] => {
  const meter = account.meters.get(item.price.recurring?.meter ?? '')
  if (!meter) return []
  const from = Math.max(period.start, item.created)
  const units = account.meterEvents
    .filter((event) => event.eventName === meter.event_name && event.customer === customer)
    .filter(({ timestamp }) => timestamp >= from && timestamp < period.end)
    .reduce((sum, { value }) => sum + value, 0)
  if (units === 0) return []
  const description = `${units} x ${meter.display_name}`
  return [{ description, amount: Math.round(units * centsOf(item.price)), priceId: item.price.id }]
}

export const takePending = (account: Account, subscription: string): PendingLine[] => {
  const lines = account.pendingLines.get(subscription) ?? []
  account.pendingLines.delete(subscription)
  return lines
}

const subscriptionOf = (account: Account, invoice: Stripe.Invoice): Stripe.Subscription | undefined => {
  const named = invoice.parent?.subscription_details?.subscription
  return typeof named === 'string' ? account.subscriptions.get(named) : undefined
}

const isOwing = (account: Account, subscription: string): boolean =>
  [...account.invoices.values()].some(
    ({ status, parent }) => status === 'open' && parent?.subscription_details?.subscription === subscription,
  )

const settlePaid = (account: Account, invoice: Stripe.Invoice): void => {
  invoice.status = 'paid'
  invoice.amount_paid = invoice.amount_due
  invoice.amount_remaining = 0
  invoice.next_payment_attempt = null
  invoice.status_transitions.paid_at = account.nowSeconds
  emit(account, 'invoice.paid', invoice)
  const subscription = subscriptionOf(account, invoice)
  const wasLate = subscription?.status === 'past_due' || subscription?.status === 'unpaid'
  if (!subscription || !wasLate || isOwing(account, subscription.id)) return
  subscription.status = 'active'
  emit(account, 'customer.subscription.updated', subscription)
}

const giveUp = (account: Account, subscription: Stripe.Subscription): void => {
  if (account.afterDunning === 'cancel') {
    endSubscription(account, subscription, 'payment_failed')
    return
  }
  subscription.status = 'unpaid'
  emit(account, 'customer.subscription.updated', subscription)
}

const settleFailed = (account: Account, invoice: Stripe.Invoice): void => {
  const delay = RETRY_AFTER_DAYS[invoice.attempt_count - 1]
  invoice.next_payment_attempt = delay === undefined ? null : account.nowSeconds + delay * DAY
  emit(account, 'invoice.payment_failed', invoice)
  const subscription = subscriptionOf(account, invoice)
  if (!subscription || subscription.status === 'canceled') return
  if (delay === undefined) {
    giveUp(account, subscription)
    return
  }
  if (subscription.status === 'past_due') return
  subscription.status = 'past_due'
  emit(account, 'customer.subscription.updated', subscription)
}

/** One attempt with the customer's card. */
export const attemptPayment = (account: Account, invoice: Stripe.Invoice): void => {
  invoice.attempted = true
  if (invoice.amount_due > 0) invoice.attempt_count += 1
  const isPaid = invoice.amount_due === 0 || account.cards.get(String(invoice.customer)) === 'good'
  if (isPaid) settlePaid(account, invoice)
  else settleFailed(account, invoice)
}

export const finalize = (account: Account, invoice: Stripe.Invoice): void => {
  invoice.status = 'open'
  invoice.automatically_finalizes_at = null
  invoice.effective_at = account.nowSeconds
  invoice.status_transitions.finalized_at = account.nowSeconds
  emit(account, 'invoice.finalized', invoice)
  attemptPayment(account, invoice)
}

const keep = (account: Account, facts: InvoiceFacts): Stripe.Invoice => {
  const invoice = newInvoice(account, facts)
  account.invoices.set(invoice.id, invoice)
  facts.subscription.latest_invoice = invoice.id
  emit(account, 'invoice.created', invoice)
  return invoice
}

/** Paid or refused at once: the first invoice, and those of changes. */
export const invoiceNow = (account: Account, facts: InvoiceFacts): Stripe.Invoice => {
  const invoice = keep(account, facts)
  finalize(account, invoice)
  return invoice
}

/** Final an hour later, as Stripe's renewals are: use that is told late still gets on it. */
export const invoiceLater = (account: Account, facts: InvoiceFacts): Stripe.Invoice => {
  const invoice = keep(account, facts)
  invoice.automatically_finalizes_at = account.nowSeconds + HOUR
  return invoice
}

/** Puts what was used in the period that is over on its invoice, at the moment it becomes final. */
export const addUsed = (account: Account, invoice: Stripe.Invoice, subscription: Stripe.Subscription): void => {
  const period = { start: invoice.period_start, end: invoice.period_end }
  const lines = subscription.items.data.flatMap((item) => usedUp(account, item, customerIdOf(subscription), period))
  if (lines.length === 0) return
  const facts = { subscription, reason: invoice.billing_reason ?? 'subscription_cycle', lines, period }
  const drawn = newInvoice(account, facts)
  invoice.lines.data.push(...drawn.lines.data)
  invoice.total += drawn.total
  invoice.subtotal += drawn.total
  invoice.amount_due += drawn.amount_due
  invoice.amount_remaining += drawn.amount_remaining
}
