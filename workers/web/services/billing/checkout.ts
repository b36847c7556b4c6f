// The way to a first subscription: a page of Stripe's, with tax ids, tax and a trial. What comes of it arrives as events.

import { isLive } from '@distropack/core/billing/account-status.ts'
import { billingPageUrl, type ChoosePlan } from '@distropack/core/contract/billing.ts'
import { ORGANIZATION_METADATA } from '@distropack/core/contract/stripe.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { planOf } from '@distropack/core/model/plans.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type Stripe from 'stripe'
import { findPrices } from '../../billing/prices.ts'
import { openStripe } from '../../billing/stripe.ts'
import { askStripe } from '../../billing/trouble.ts'
import type { Platform } from '../platform/platform.ts'
import { readSubscription } from './billing-switch.ts'
import { type CustomerRow, ensureCustomer, readCustomer } from './customers.ts'
import { syncOrganization } from './sync.ts'

export interface Organization {
  readonly id: string
  readonly slug: string
}

export const pageOf = ({ env }: Platform, { slug }: Organization): string =>
  billingPageUrl(env.DASHBOARD_URL || env.PUBLIC_URL, slug)

/** An organization has one trial in its life. */
const trialOf = (plan: ChoosePlan['plan'], customer: CustomerRow | undefined) => {
  const { trialDays } = planOf(plan)
  if (trialDays === 0 || (customer?.trialUsedAtMs ?? null) !== null) return {}
  return {
    trial_period_days: trialDays,
    // No card, no subscription when the trial ends: nobody is charged by surprise.
    trial_settings: { end_behavior: { missing_payment_method: 'cancel' as const } },
  }
}

interface Wish {
  readonly isTaxed: boolean
  readonly organization: Organization
  readonly choice: ChoosePlan
  readonly customer: string
  readonly page: string
}

const openSession = async (
  stripe: Stripe,
  { organization, choice, customer, page, isTaxed }: Wish,
  trial: ReturnType<typeof trialOf>,
): Promise<Stripe.Checkout.Session> => {
  const prices = await findPrices(stripe, choice)
  const metadata = { [ORGANIZATION_METADATA]: organization.id }
  return stripe.checkout.sessions.create({
    mode: 'subscription',
    customer,
    client_reference_id: organization.id,
    metadata,
    line_items: [{ price: prices.plan, quantity: 1 }, ...prices.meters.map((price) => ({ price }))],
    // Flexible: taking a metered price away bills what was used until then.
    subscription_data: { metadata, billing_mode: { type: 'flexible' }, ...trial },
    payment_method_collection: 'if_required',
    allow_promotion_codes: true,
    automatic_tax: { enabled: isTaxed },
    tax_id_collection: { enabled: true },
    // Stripe asks for both when tax ids and tax of a known customer are collected.
    customer_update: { address: 'auto', name: 'auto' },
    success_url: `${page}?checkout=done`,
    cancel_url: `${page}?checkout=left`,
  })
}

/** A page left open in another tab must not make a second subscription. */
const closeOpenSessions = async (stripe: Stripe, customer: string): Promise<void> => {
  const open = await stripe.checkout.sessions.list({ customer, status: 'open', limit: 100 })
  for (const { id } of open.data) await stripe.checkout.sessions.expire(id)
}

/** `conflict` when the organization has a subscription: it is changed, not bought again. */
export const startCheckout = async (
  platform: Platform,
  organization: Organization,
  choice: ChoosePlan,
): Promise<Result<{ url: string }, Fault>> => {
  const stripe = await openStripe(platform.env)
  const customer = await ensureCustomer(platform, stripe, organization)
  if (!customer.ok) return customer
  // What was bought a moment ago may not have been told yet.
  const synced = await askStripe(() => syncOrganization(platform, stripe, organization.id, customer.value))
  if (!synced.ok) return synced
  const subscription = await readSubscription(platform, organization.id)
  if (subscription && isLive(subscription)) {
    return err(fault('conflict', `"${organization.slug}" has the plan ${planOf(subscription.plan).name}: change it.`))
  }
  const trial = trialOf(choice.plan, await readCustomer(platform, organization.id))
  const page = pageOf(platform, organization)
  const wish = { organization, choice, customer: customer.value, page, isTaxed: platform.env.STRIPE_TAX !== 'off' }
  const session = await askStripe(async () => {
    await closeOpenSessions(stripe, customer.value)
    return openSession(stripe, wish, trial)
  })
  if (!session.ok) return session
  if (!session.value.url) throw new Error(`checkout ${session.value.id} has no address`)
  return ok({ url: session.value.url })
}
