// Stripe's objects, whole: every field that its own types ask for, so that a change of the SDK's types is noticed here.
import type Stripe from 'stripe'
import { type Account, newId } from './account.ts'

export const newCustomer = (account: Account, metadata: Stripe.Metadata, name: string | null): Stripe.Customer => ({
  id: newId(account, 'cus'),
  object: 'customer',
  balance: 0,
  created: account.nowSeconds,
  default_source: null,
  description: null,
  email: null,
  invoice_settings: {
    custom_fields: null,
    default_payment_method: null,
    footer: null,
    rendering_options: null,
  },
  livemode: false,
  metadata,
  name,
  shipping: null,
})

export const newProduct = (account: Account, name: string, metadata: Stripe.Metadata): Stripe.Product => ({
  id: newId(account, 'prod'),
  object: 'product',
  active: true,
  created: account.nowSeconds,
  description: null,
  images: [],
  livemode: false,
  marketing_features: [],
  metadata,
  name,
  package_dimensions: null,
  shippable: null,
  tax_details: null,
  type: 'service',
  updated: account.nowSeconds,
  url: null,
})

export interface PriceFacts {
  readonly product: string
  readonly currency: string
  readonly unitAmount: number | null
  /** As it is written on the wire: a decimal is a string. */
  readonly unitAmountDecimal: string
  readonly lookupKey: string | null
  readonly meter: string | null
  readonly taxBehavior: Stripe.Price.TaxBehavior
  readonly metadata: Stripe.Metadata
}

export const newPrice = (account: Account, facts: PriceFacts): Stripe.Price => ({
  id: newId(account, 'price'),
  object: 'price',
  active: true,
  billing_scheme: 'per_unit',
  created: account.nowSeconds,
  currency: facts.currency,
  custom_unit_amount: null,
  livemode: false,
  lookup_key: facts.lookupKey,
  metadata: facts.metadata,
  nickname: null,
  product: facts.product,
  recurring: {
    interval: 'month',
    interval_count: 1,
    meter: facts.meter,
    trial_period_days: null,
    usage_type: facts.meter ? 'metered' : 'licensed',
  },
  tax_behavior: facts.taxBehavior,
  tiers_mode: null,
  transform_quantity: null,
  type: 'recurring',
  unit_amount: facts.unitAmount,
  unit_amount_decimal: facts.unitAmountDecimal as unknown as Stripe.Decimal,
})

export const newMeter = (account: Account, eventName: string, displayName: string): Stripe.Billing.Meter => ({
  id: newId(account, 'mtr'),
  object: 'billing.meter',
  created: account.nowSeconds,
  customer_mapping: { event_payload_key: 'stripe_customer_id', type: 'by_id' },
  default_aggregation: { formula: 'sum' },
  display_name: displayName,
  event_name: eventName,
  event_time_window: null,
  livemode: false,
  status: 'active',
  status_transitions: { deactivated_at: null },
  updated: account.nowSeconds,
  value_settings: { event_payload_key: 'value' },
})

const planOf = (price: Stripe.Price): Stripe.Plan => ({
  id: price.id,
  object: 'plan',
  active: price.active,
  amount: price.unit_amount,
  amount_decimal: price.unit_amount_decimal,
  billing_scheme: 'per_unit',
  created: price.created,
  currency: price.currency,
  interval: 'month',
  interval_count: 1,
  livemode: false,
  metadata: price.metadata,
  meter: price.recurring?.meter ?? null,
  nickname: null,
  product: price.product,
  tiers_mode: null,
  transform_usage: null,
  trial_period_days: null,
  usage_type: price.recurring?.usage_type ?? 'licensed',
})

export const newItem = (
  account: Account,
  subscription: string,
  price: Stripe.Price,
  period: { readonly start: number; readonly end: number },
): Stripe.SubscriptionItem => ({
  id: newId(account, 'si'),
  object: 'subscription_item',
  billing_thresholds: null,
  created: account.nowSeconds,
  current_period_end: period.end,
  current_period_start: period.start,
  current_trial: null,
  discounts: [],
  metadata: {},
  plan: planOf(price),
  price,
  ...(price.recurring?.meter ? {} : { quantity: 1 }),
  subscription,
  tax_rates: [],
})

export const repriceItem = (item: Stripe.SubscriptionItem, price: Stripe.Price): void => {
  item.price = price
  item.plan = planOf(price)
}

export const listOf = <T>(url: string, data: T[], hasMore = false): Stripe.ApiList<T> => ({
  object: 'list',
  data,
  has_more: hasMore,
  url,
})

export const newSubscription = (
  account: Account,
  facts: { readonly customer: string; readonly metadata: Stripe.Metadata; readonly missingCard: string },
): Stripe.Subscription => ({
  id: newId(account, 'sub'),
  object: 'subscription',
  application: null,
  application_fee_percent: null,
  automatic_tax: { disabled_reason: null, enabled: true, liability: { type: 'self' } },
  billing_cycle_anchor: account.nowSeconds,
  billing_cycle_anchor_config: null,
  billing_mode: { flexible: null, type: 'flexible' },
  billing_schedules: [],
  billing_thresholds: null,
  cancel_at: null,
  cancel_at_period_end: false,
  canceled_at: null,
  cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
  collection_method: 'charge_automatically',
  created: account.nowSeconds,
  currency: 'usd',
  customer: facts.customer,
  customer_account: null,
  days_until_due: null,
  default_payment_method: null,
  default_source: null,
  description: null,
  discounts: [],
  ended_at: null,
  invoice_settings: {
    account_tax_ids: null,
    custom_fields: null,
    description: null,
    footer: null,
    issuer: { type: 'self' },
  },
  items: listOf('/v1/subscription_items', []),
  latest_invoice: null,
  livemode: false,
  managed_payments: null,
  metadata: facts.metadata,
  next_pending_invoice_item_invoice: null,
  on_behalf_of: null,
  pause_collection: null,
  payment_settings: null,
  pending_invoice_item_interval: null,
  pending_setup_intent: null,
  pending_update: null,
  schedule: null,
  start_date: account.nowSeconds,
  status: 'active',
  test_clock: null,
  transfer_data: null,
  trial_end: null,
  trial_settings: { end_behavior: { billing_cycle_anchor: null, missing_payment_method: facts.missingCard } },
  trial_start: null,
})
