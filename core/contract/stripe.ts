// Names that DistroPack and a Stripe account agree on: written by the set-up, read by the Worker.

/** Where Stripe sends its events; outside the versioned API, and not in its document. */
export const STRIPE_WEBHOOK_PATH = '/api/stripe/webhook'

/** What changes a customer's standing. Events of other types are kept and left alone. */
export const STRIPE_EVENTS = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'customer.deleted',
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'customer.subscription.paused',
  'customer.subscription.resumed',
  'customer.subscription.trial_will_end',
  'invoice.paid',
  'invoice.payment_failed',
  'invoice.payment_action_required',
  'invoice.marked_uncollectible',
  'invoice.voided',
] as const

/** On customers and subscriptions: whose they are. */
export const ORGANIZATION_METADATA = 'distropack_organization_id'
/** On prices: a price that was replaced by a newer one loses its lookup key, and its subscribers keep it. */
export const PLAN_METADATA = 'distropack_plan'
export const METER_METADATA = 'distropack_meter'
/** On the portal's configuration that is ours. */
export const PORTAL_METADATA = 'distropack_portal'
