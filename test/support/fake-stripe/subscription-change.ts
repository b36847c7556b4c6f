// Changes of a subscription that stands: other prices with their proration, and cancellation.
import type Stripe from 'stripe'
import { type Account, customerIdOf, emit, type PendingLine } from './account.ts'
import { type FormObject, listOf, objectOf, textOf } from './form.ts'
import { newInvoice } from './invoice-object.ts'
import { centsOf, invoiceNow, periodOf, takePending, usedUp } from './invoicing.ts'
import { newItem, repriceItem } from './objects.ts'
import { cardDeclined, invalid, missing } from './refusal.ts'

interface ItemChange {
  readonly lines: readonly PendingLine[]
  readonly apply: () => void
}

const priceOf = (account: Account, id: string | undefined): Stripe.Price => {
  const price = account.prices.get(id ?? '')
  if (!price) throw missing('price', id ?? '', 'items[0][price]')
  return price
}

const itemOf = (subscription: Stripe.Subscription, id: string): Stripe.SubscriptionItem => {
  const item = subscription.items.data.find((each) => each.id === id)
  if (!item) throw missing('subscription_item', id)
  return item
}

/** The share of the period that is still to come, of both prices. */
const prorate = (
  account: Account,
  subscription: Stripe.Subscription,
  before: Stripe.Price,
  after: Stripe.Price,
): PendingLine[] => {
  if (subscription.status === 'trialing' || before.recurring?.meter) return []
  const { start, end } = periodOf(subscription)
  const share = (end - account.nowSeconds) / (end - start)
  return [
    { description: 'Unused time', amount: -Math.round(centsOf(before) * share), priceId: before.id },
    { description: 'Remaining time', amount: Math.round(centsOf(after) * share), priceId: after.id },
  ]
}

const planItemChange = (account: Account, subscription: Stripe.Subscription, wish: FormObject): ItemChange => {
  const id = textOf(wish, 'id')
  if (id === undefined) {
    const price = priceOf(account, textOf(wish, 'price'))
    const add = (): void =>
      void subscription.items.data.push(newItem(account, subscription.id, price, periodOf(subscription)))
    return { lines: [], apply: add }
  }
  const item = itemOf(subscription, id)
  if (textOf(wish, 'deleted') === 'true') {
    const period = { ...periodOf(subscription), end: account.nowSeconds + 1 }
    const remove = (): void => {
      subscription.items.data = subscription.items.data.filter((each) => each !== item)
    }
    return { lines: usedUp(account, item, customerIdOf(subscription), period), apply: remove }
  }
  const price = priceOf(account, textOf(wish, 'price'))
  return { lines: prorate(account, subscription, item.price, price), apply: () => repriceItem(item, price) }
}

const changesOf = (account: Account, subscription: Stripe.Subscription, form: FormObject): ItemChange[] =>
  listOf(form, 'items').map((wish) => planItemChange(account, subscription, wish))

const charge = (
  account: Account,
  subscription: Stripe.Subscription,
  lines: readonly PendingLine[],
  mayFail: boolean,
): void => {
  const total = lines.reduce((sum, { amount }) => sum + amount, 0)
  const isPayable = total <= 0 || account.cards.get(customerIdOf(subscription)) === 'good'
  if (!isPayable && !mayFail) throw cardDeclined()
  const all = [...takePending(account, subscription.id), ...lines]
  if (all.length === 0) return
  invoiceNow(account, { subscription, reason: 'subscription_update', lines: all, period: periodOf(subscription) })
}

const changeItems = (account: Account, subscription: Stripe.Subscription, form: FormObject): void => {
  const changes = changesOf(account, subscription, form)
  const lines = changes.flatMap((change) => [...change.lines])
  if (textOf(form, 'proration_behavior') === 'always_invoice') {
    charge(account, subscription, lines, textOf(form, 'payment_behavior') !== 'error_if_incomplete')
  } else if (lines.length > 0) {
    const waiting = account.pendingLines.get(subscription.id) ?? []
    account.pendingLines.set(subscription.id, [...waiting, ...lines])
  }
  for (const { apply } of changes) apply()
}

const changeEnd = (account: Account, subscription: Stripe.Subscription, form: FormObject): void => {
  const atPeriodEnd = textOf(form, 'cancel_at_period_end')
  if (atPeriodEnd !== undefined) {
    subscription.cancel_at_period_end = atPeriodEnd === 'true'
    subscription.cancel_at = subscription.cancel_at_period_end ? periodOf(subscription).end : null
    subscription.canceled_at = subscription.cancel_at_period_end ? account.nowSeconds : null
  }
  if (textOf(form, 'cancel_at') === '') {
    if (subscription.cancel_at_period_end) throw invalid('cancel_at cannot be unset while cancel_at_period_end is set')
    subscription.cancel_at = null
    subscription.canceled_at = null
  }
}

export const updateSubscription = (account: Account, subscription: Stripe.Subscription, form: FormObject): void => {
  if (subscription.status === 'canceled') throw invalid('A canceled subscription can only update its metadata.')
  changeItems(account, subscription, form)
  changeEnd(account, subscription, form)
  emit(account, 'customer.subscription.updated', subscription)
}

/** The invoice a change would make, kept nowhere. */
export const previewChange = (
  account: Account,
  subscription: Stripe.Subscription,
  form: FormObject,
): Stripe.Invoice => {
  const lines = changesOf(account, subscription, objectOf(form, 'subscription_details')).flatMap((change) => [
    ...change.lines,
  ])
  return newInvoice(account, { subscription, reason: 'upcoming', lines, period: periodOf(subscription) })
}
