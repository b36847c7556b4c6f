// Stripe's side of the plans: products, prices, meters, the portal and the address for events, made from the data file.
// Run as often as wanted: what is right stays, what differs is replaced. A price cannot change in Stripe: a new one takes
// over its lookup key, and who has the old one keeps it.
import {
  METER_METADATA,
  PLAN_METADATA,
  PORTAL_METADATA,
  STRIPE_EVENTS,
  STRIPE_WEBHOOK_PATH,
} from '@distropack/core/contract/stripe.ts'
import { CURRENCY, METERS, type Meter, PLANS } from '@distropack/core/model/plans.ts'
import Stripe from 'stripe'

type Note = (line: string) => void

const KIND_METADATA = 'distropack_product'

interface WantedPrice {
  readonly product: { readonly key: string; readonly name: string }
  readonly lookupKey: string
  /** Of one unit, in cents; a decimal for metered ones. */
  readonly cents: string
  readonly metadata: Readonly<Record<string, string>>
  readonly meterId?: string
}

const ensureProduct = async (stripe: Stripe, { key, name }: WantedPrice['product'], note: Note): Promise<string> => {
  for await (const product of stripe.products.list({ active: true, limit: 100 })) {
    if (product.metadata[KIND_METADATA] === key) return product.id
  }
  note(`product ${name}: made`)
  return (await stripe.products.create({ name, metadata: { [KIND_METADATA]: key } })).id
}

const isSame = (price: Stripe.Price, wanted: WantedPrice): boolean =>
  price.currency === CURRENCY &&
  Number(price.unit_amount_decimal ?? price.unit_amount) === Number(wanted.cents) &&
  (price.recurring?.meter ?? undefined) === wanted.meterId

const ensurePrice = async (stripe: Stripe, wanted: WantedPrice, note: Note): Promise<void> => {
  const { lookupKey, cents, meterId, metadata } = wanted
  const [found] = (await stripe.prices.list({ lookup_keys: [lookupKey], active: true, limit: 1 })).data
  if (found && isSame(found, wanted)) return
  await stripe.prices.create({
    product: await ensureProduct(stripe, wanted.product, note),
    currency: CURRENCY,
    unit_amount_decimal: Stripe.Decimal.from(cents),
    recurring: { interval: 'month', ...(meterId ? { meter: meterId, usage_type: 'metered' as const } : {}) },
    // Automatic tax needs to know; exclusive is what price lists for companies mean.
    tax_behavior: 'exclusive',
    lookup_key: lookupKey,
    transfer_lookup_key: true,
    metadata,
  })
  note(`price ${lookupKey}: ${found ? 'replaced' : 'made'}, ${cents} ${CURRENCY} cents`)
}

const ensureMeter = async (stripe: Stripe, { eventName, title }: Meter, note: Note): Promise<string> => {
  for await (const meter of stripe.billing.meters.list({ status: 'active', limit: 100 })) {
    if (meter.event_name === eventName) return meter.id
  }
  note(`meter ${eventName}: made`)
  const made = await stripe.billing.meters.create({
    display_name: title,
    event_name: eventName,
    default_aggregation: { formula: 'sum' },
    customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' },
    value_settings: { event_payload_key: 'value' },
  })
  return made.id
}

const ensurePrices = async (stripe: Stripe, note: Note): Promise<void> => {
  for (const { id, name, price } of PLANS) {
    if (!price) continue
    const product = { key: id, name: `DistroPack ${name}` }
    const cents = String(price.monthlyCents)
    await ensurePrice(stripe, { product, lookupKey: price.lookupKey, cents, metadata: { [PLAN_METADATA]: id } }, note)
  }
  for (const meter of METERS) {
    const meterId = await ensureMeter(stripe, meter, note)
    const { id, title, lookupKey, unitCentHundredths } = meter
    const cents = String(unitCentHundredths / 100)
    const product = { key: id, name: title }
    await ensurePrice(stripe, { product, lookupKey, cents, metadata: { [METER_METADATA]: id }, meterId }, note)
  }
}

/** Plans are changed in DistroPack: the portal cannot change subscriptions of several prices. */
const PORTAL: Stripe.BillingPortal.ConfigurationCreateParams = {
  metadata: { [PORTAL_METADATA]: '1' },
  features: {
    customer_update: { enabled: true, allowed_updates: ['address', 'email', 'name', 'tax_id'] },
    invoice_history: { enabled: true },
    payment_method_update: { enabled: true },
    subscription_cancel: { enabled: true, mode: 'at_period_end' },
    subscription_update: { enabled: false },
  },
}

const ensurePortal = async (stripe: Stripe, note: Note): Promise<void> => {
  for await (const { id, metadata } of stripe.billingPortal.configurations.list({ active: true, limit: 100 })) {
    if (!metadata?.[PORTAL_METADATA]) continue
    await stripe.billingPortal.configurations.update(id, PORTAL)
    return
  }
  await stripe.billingPortal.configurations.create(PORTAL)
  note('portal: configured')
}

/** The secret of a new address; Stripe shows it once. */
const ensureWebhook = async (stripe: Stripe, publicUrl: string, note: Note): Promise<string | undefined> => {
  const url = `${publicUrl}${STRIPE_WEBHOOK_PATH}`
  const enabled = [...STRIPE_EVENTS]
  for await (const endpoint of stripe.webhookEndpoints.list({ limit: 100 })) {
    if (endpoint.url !== url) continue
    await stripe.webhookEndpoints.update(endpoint.id, { enabled_events: enabled })
    return undefined
  }
  const made = await stripe.webhookEndpoints.create({ url, enabled_events: enabled, description: 'DistroPack' })
  note(`events: sent to ${url}`)
  return made.secret
}

export interface SetUp {
  /** STRIPE_WEBHOOK_SECRET, when the address for events is new. */
  readonly webhookSecret: string | undefined
}

/** @param publicUrl PUBLIC_URL of the platform, without a trailing slash. */
export const setUpStripe = async (stripe: Stripe, publicUrl: string, note: Note): Promise<SetUp> => {
  await ensurePrices(stripe, note)
  await ensurePortal(stripe, note)
  return { webhookSecret: await ensureWebhook(stripe, publicUrl, note) }
}
