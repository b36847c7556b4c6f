// Checkout: the session an application opens, and the customer who goes through with it.
import type Stripe from 'stripe'
import { type Account, type Card, emit } from './account.ts'
import { type FormObject, listOf, metadataOf, objectOf, textOf } from './form.ts'
import { cardDeclined, invalid, missing, Refusal } from './refusal.ts'
import { newSession } from './session-object.ts'
import { startSubscription } from './subscription-life.ts'

/** What was asked for, until the customer is done. */
const wishes = new WeakMap<Stripe.Checkout.Session, FormObject>()

const checkTaxIds = (form: FormObject): void => {
  const wantsTaxIds = textOf(objectOf(form, 'tax_id_collection'), 'enabled') === 'true'
  const update = objectOf(form, 'customer_update')
  if (!wantsTaxIds || textOf(update, 'name') === 'auto') return
  throw invalid('Tax ID collection requires updating business name on the customer: set customer_update[name] to auto.')
}

export const openSession = (account: Account, form: FormObject): Stripe.Checkout.Session => {
  const customer = textOf(form, 'customer') ?? ''
  const known = account.customers.get(customer)
  if (!known || known.deleted) throw missing('customer', customer, 'customer')
  for (const item of listOf(form, 'line_items')) {
    const price = account.prices.get(textOf(item, 'price') ?? '')
    if (!price) throw missing('price', textOf(item, 'price') ?? '', 'line_items[0][price]')
    if (price.recurring?.meter && textOf(item, 'quantity'))
      throw invalid('Quantity should not be specified for metered prices.')
  }
  checkTaxIds(form)
  const session = newSession(account, form)
  account.sessions.set(session.id, session)
  wishes.set(session, form)
  return session
}

export const expireSession = (account: Account, session: Stripe.Checkout.Session): void => {
  if (session.status !== 'open') throw invalid('Only Checkout Sessions with a status in ["open"] can be expired.')
  session.status = 'expired'
  session.url = null
  emit(account, 'checkout.session.expired', session)
}

/** The customer fills the page in. @throws when the page is closed, or the card refused: it then stays open. */
export const completeSession = (account: Account, session: Stripe.Checkout.Session, card: Card | 'none'): void => {
  if (session.status !== 'open') throw new Refusal(400, 'invalid_request_error', `this page is ${session.status}`)
  const form = wishes.get(session) ?? {}
  const customer = String(session.customer)
  const data = objectOf(form, 'subscription_data')
  const trialDays = Number(textOf(data, 'trial_period_days') ?? 0)
  const mayOmitCard = trialDays > 0 && session.payment_method_collection === 'if_required'
  if (card === 'none' && !mayOmitCard) throw invalid('This page asks for a card.')
  if (card === 'declined' && trialDays === 0) throw cardDeclined()
  if (card !== 'none') account.cards.set(customer, card)
  const endBehavior = objectOf(objectOf(data, 'trial_settings'), 'end_behavior')
  const subscription = startSubscription(account, {
    customer,
    prices: listOf(form, 'line_items').flatMap((item) => account.prices.get(textOf(item, 'price') ?? '') ?? []),
    trialDays,
    missingCard: textOf(endBehavior, 'missing_payment_method') ?? 'create_invoice',
    metadata: metadataOf(data),
  })
  session.status = 'complete'
  session.url = null
  session.subscription = subscription.id
  session.payment_status = trialDays > 0 ? 'no_payment_required' : 'paid'
  emit(account, 'checkout.session.completed', session)
}
