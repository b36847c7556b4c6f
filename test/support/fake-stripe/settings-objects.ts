// The portal and the addresses for events.
import type Stripe from 'stripe'
import { type Account, newId } from './account.ts'
import { type FormObject, metadataOf, objectOf, textOf, textsOf } from './form.ts'

const isOn = (form: FormObject): boolean => textOf(form, 'enabled') === 'true'

const featuresOf = (form: FormObject): Stripe.BillingPortal.Configuration.Features => {
  const cancel = objectOf(form, 'subscription_cancel')
  return {
    customer_update: {
      allowed_updates: textsOf(objectOf(form, 'customer_update'), 'allowed_updates'),
      enabled: isOn(objectOf(form, 'customer_update')),
    },
    invoice_history: { enabled: isOn(objectOf(form, 'invoice_history')) },
    payment_method_update: {
      enabled: isOn(objectOf(form, 'payment_method_update')),
      payment_method_configuration: null,
    },
    subscription_cancel: {
      cancellation_reason: { enabled: false, feedback_options: null, options: [] },
      enabled: isOn(cancel),
      mode: textOf(cancel, 'mode') ?? 'at_period_end',
      proration_behavior: 'none',
    },
    subscription_pause: { duration: { interval_options: [], type: 'indefinite' }, enabled: false },
    subscription_update: {
      billing_cycle_anchor: null,
      default_allowed_updates: [],
      enabled: isOn(objectOf(form, 'subscription_update')),
      proration_behavior: 'none',
      schedule_at_period_end: { conditions: [] },
      trial_update_behavior: 'continue_trial',
    },
  }
}

export const newConfiguration = (account: Account, form: FormObject): Stripe.BillingPortal.Configuration => ({
  id: newId(account, 'bpc'),
  object: 'billing_portal.configuration',
  active: true,
  application: null,
  business_profile: { headline: null, privacy_policy_url: null, terms_of_service_url: null },
  created: account.nowSeconds,
  default_return_url: null,
  features: featuresOf(objectOf(form, 'features')),
  is_default: false,
  livemode: false,
  login_page: { enabled: false, url: null },
  metadata: metadataOf(form),
  name: textOf(form, 'name') ?? null,
  updated: account.nowSeconds,
})

export const newPortalSession = (account: Account, form: FormObject): Stripe.BillingPortal.Session => {
  const id = newId(account, 'bps')
  return {
    id,
    object: 'billing_portal.session',
    configuration: textOf(form, 'configuration') ?? 'bpc_default',
    created: account.nowSeconds,
    customer: textOf(form, 'customer') ?? '',
    customer_account: null,
    flow: null,
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: textOf(form, 'return_url') ?? null,
    url: `https://portal.stripe.test/${id}?configuration=${textOf(form, 'configuration') ?? 'bpc_default'}`,
  }
}

export const newEndpoint = (account: Account, form: FormObject): Stripe.WebhookEndpoint => ({
  id: newId(account, 'we'),
  object: 'webhook_endpoint',
  api_version: textOf(form, 'api_version') ?? null,
  application: null,
  created: account.nowSeconds,
  description: textOf(form, 'description') ?? null,
  enabled_events: textsOf(form, 'enabled_events'),
  livemode: false,
  metadata: metadataOf(form),
  secret: `whsec_${newId(account, 'fake')}`,
  status: 'enabled',
  url: textOf(form, 'url') ?? '',
})
