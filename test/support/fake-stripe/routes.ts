// The API's addresses, as far as DistroPack uses them.
import type Stripe from 'stripe'
import { type Account, DAY, emit, newId } from './account.ts'
import { expireSession, openSession } from './checkout.ts'
import { type FormObject, metadataOf, objectOf, textOf, textsOf } from './form.ts'
import { listOf, newCustomer, newMeter, newPrice, newProduct } from './objects.ts'
import { invalid, missing } from './refusal.ts'
import { newConfiguration, newEndpoint, newPortalSession } from './settings-objects.ts'
import { previewChange, updateSubscription } from './subscription-change.ts'
import { endSubscription } from './subscription-end.ts'

interface Call {
  readonly account: Account
  /** Of the path's `:id`. */
  readonly id: string
  /** Body or query, whichever the method has. */
  readonly form: FormObject
}
type Handler = (call: Call) => object

const find = <T>(map: ReadonlyMap<string, T>, kind: string, id: string): T => {
  const found = map.get(id)
  if (!found) throw missing(kind, id)
  return found
}

/** Newest first, paged as Stripe pages. */
const page = <T extends { id: string }>(url: string, all: readonly T[], form: FormObject): Stripe.ApiList<T> => {
  const newestFirst = [...all].reverse()
  const after = textOf(form, 'starting_after')
  const start = after === undefined ? 0 : newestFirst.findIndex(({ id }) => id === after) + 1
  if (after !== undefined && start === 0) throw missing(url.split('/').at(-1) ?? '', after, 'starting_after')
  const limit = Number(textOf(form, 'limit') ?? 10)
  return listOf(url, newestFirst.slice(start, start + limit), newestFirst.length > start + limit)
}

const matches = (form: FormObject, key: string, value: unknown): boolean => {
  const wanted = textOf(form, key)
  return wanted === undefined || wanted === 'all' || wanted === String(value)
}

const createPrice = ({ account, form }: Call): Stripe.Price => {
  const key = textOf(form, 'lookup_key') ?? null
  const holder = [...account.prices.values()].find(({ lookup_key }) => key !== null && lookup_key === key)
  if (holder && textOf(form, 'transfer_lookup_key') !== 'true')
    throw invalid(`A price already uses the lookup key ${key}.`)
  if (holder) holder.lookup_key = null
  const unitAmount = textOf(form, 'unit_amount')
  const price = newPrice(account, {
    product: textOf(form, 'product') ?? '',
    currency: textOf(form, 'currency') ?? 'usd',
    unitAmount: unitAmount === undefined ? null : Number(unitAmount),
    unitAmountDecimal: textOf(form, 'unit_amount_decimal') ?? unitAmount ?? '0',
    lookupKey: key,
    meter: textOf(objectOf(form, 'recurring'), 'meter') ?? null,
    taxBehavior: textOf(form, 'tax_behavior') ?? 'unspecified',
    metadata: metadataOf(form),
  })
  account.prices.set(price.id, price)
  return price
}

const listPrices = ({ account, form }: Call): object => {
  const keys = textsOf(form, 'lookup_keys')
  const found = [...account.prices.values()].filter(
    ({ lookup_key, active }) =>
      (keys.length === 0 || keys.includes(lookup_key ?? '')) && matches(form, 'active', active),
  )
  return page('/v1/prices', found, form)
}

const createMeterEvent = ({ account, form }: Call): Stripe.Billing.MeterEvent => {
  const eventName = textOf(form, 'event_name') ?? ''
  const payload = objectOf(form, 'payload')
  const identifier = textOf(form, 'identifier') ?? newId(account, 'me')
  const customer = textOf(payload, 'stripe_customer_id') ?? ''
  const value = textOf(payload, 'value') ?? ''
  const timestamp = Number(textOf(form, 'timestamp') ?? account.nowSeconds)
  if (![...account.meters.values()].some((meter) => meter.event_name === eventName)) {
    throw invalid(`No active meter found for event_name ${eventName}`)
  }
  if (!account.customers.has(customer)) throw missing('customer', customer, 'payload[stripe_customer_id]')
  if (!/^\d+$/.test(value)) throw invalid('The value must be a whole number.')
  if (timestamp < account.nowSeconds - 35 * DAY || timestamp > account.nowSeconds + 300) {
    throw invalid('The timestamp must be within the past 35 days or up to 5 minutes in the future.')
  }
  if (account.meterEvents.some((event) => event.identifier === identifier)) {
    throw invalid(`An event already exists with identifier ${identifier}.`)
  }
  account.meterEvents.push({ identifier, eventName, customer, value: Number(value), timestamp })
  return {
    object: 'billing.meter_event',
    created: account.nowSeconds,
    event_name: eventName,
    identifier,
    livemode: false,
    payload: { stripe_customer_id: customer, value },
    timestamp,
  }
}

const listInvoices = ({ account, form }: Call): object => {
  const found = [...account.invoices.values()].filter(
    ({ customer, status, parent }) =>
      matches(form, 'customer', customer) &&
      matches(form, 'status', status) &&
      matches(form, 'subscription', parent?.subscription_details?.subscription),
  )
  return page('/v1/invoices', found, form)
}

const keepIn = <T extends { id: string }>(map: Map<string, T>, made: T): T => {
  map.set(made.id, made)
  return made
}

const expectCustomer = ({ account, form }: Call): void => {
  const id = textOf(form, 'customer') ?? ''
  if (!account.customers.has(id)) throw missing('customer', id, 'customer')
}

export const ROUTES: Readonly<Record<string, Handler>> = {
  'POST /v1/customers': ({ account, form }) => {
    const made = newCustomer(account, metadataOf(form), textOf(form, 'name') ?? null)
    account.customers.set(made.id, made)
    emit(account, 'customer.created', made)
    return made
  },
  'GET /v1/customers/:id': ({ account, id }) => find(account.customers, 'customer', id),
  'POST /v1/products': ({ account, form }) =>
    keepIn(account.products, newProduct(account, textOf(form, 'name') ?? '', metadataOf(form))),
  'GET /v1/products': ({ account, form }) => page('/v1/products', [...account.products.values()], form),
  'POST /v1/prices': createPrice,
  'GET /v1/prices': listPrices,
  'POST /v1/billing/meters': ({ account, form }) =>
    keepIn(account.meters, newMeter(account, textOf(form, 'event_name') ?? '', textOf(form, 'display_name') ?? '')),
  'GET /v1/billing/meters': ({ account, form }) => page('/v1/billing/meters', [...account.meters.values()], form),
  'POST /v1/billing/meter_events': createMeterEvent,
  'POST /v1/checkout/sessions': ({ account, form }) => openSession(account, form),
  'GET /v1/checkout/sessions': ({ account, form }) => {
    const found = [...account.sessions.values()].filter(
      ({ customer, status }) => matches(form, 'customer', customer) && matches(form, 'status', status),
    )
    return page('/v1/checkout/sessions', found, form)
  },
  'POST /v1/checkout/sessions/:id/expire': ({ account, id }) => {
    const session = find(account.sessions, 'checkout.session', id)
    expireSession(account, session)
    return session
  },
  'GET /v1/subscriptions': (call) => {
    expectCustomer(call)
    const { account, form } = call
    const found = [...account.subscriptions.values()].filter(
      ({ customer, status }) => matches(form, 'customer', customer) && matches(form, 'status', status),
    )
    return page('/v1/subscriptions', found, form)
  },
  'GET /v1/subscriptions/:id': ({ account, id }) => find(account.subscriptions, 'subscription', id),
  'POST /v1/subscriptions/:id': ({ account, id, form }) => {
    const subscription = find(account.subscriptions, 'subscription', id)
    updateSubscription(account, subscription, form)
    return subscription
  },
  'DELETE /v1/subscriptions/:id': ({ account, id }) => {
    const subscription = find(account.subscriptions, 'subscription', id)
    endSubscription(account, subscription, 'cancellation_requested')
    return subscription
  },
  'GET /v1/invoices': listInvoices,
  'POST /v1/invoices/create_preview': ({ account, form }) =>
    previewChange(account, find(account.subscriptions, 'subscription', textOf(form, 'subscription') ?? ''), form),
  'POST /v1/billing_portal/sessions': (call) => {
    expectCustomer(call)
    return newPortalSession(call.account, call.form)
  },
  'GET /v1/billing_portal/configurations': ({ account, form }) =>
    page('/v1/billing_portal/configurations', [...account.configurations.values()], form),
  'POST /v1/billing_portal/configurations': ({ account, form }) =>
    keepIn(account.configurations, newConfiguration(account, form)),
  'POST /v1/billing_portal/configurations/:id': ({ account, id, form }) => {
    const kept = find(account.configurations, 'configuration', id)
    return keepIn(account.configurations, { ...newConfiguration(account, form), id: kept.id })
  },
  'GET /v1/webhook_endpoints': ({ account, form }) =>
    page('/v1/webhook_endpoints', [...account.endpoints.values()], form),
  'POST /v1/webhook_endpoints': ({ account, form }) => keepIn(account.endpoints, newEndpoint(account, form)),
  'POST /v1/webhook_endpoints/:id': ({ account, id, form }) => {
    const kept = find(account.endpoints, 'webhook_endpoint', id)
    kept.enabled_events = textsOf(form, 'enabled_events')
    return kept
  },
}
