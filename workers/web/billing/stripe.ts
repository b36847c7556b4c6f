// The switch, and the one way to Stripe: its own SDK over fetch. Nothing else in the Worker knows an address or a key.
import type Stripe from 'stripe'
import type { Env } from '../env.ts'

/** Off unless BILLING is "stripe": then nothing is limited, asked or shown. Any other word is a mistake, and told. */
export const isBillingOn = ({ BILLING = 'off' }: Env): boolean => {
  if (BILLING === 'stripe') return true
  if (BILLING === 'off' || BILLING === '') return false
  throw new Error(`BILLING is "${BILLING}"; write "stripe" or "off"`)
}

/** A person waits for most calls: two attempts of ten seconds, then a clear answer. */
const TIMEOUT_MS = 10_000
const RETRIES = 1

const addressOf = (base: string | undefined): Stripe.StripeConfig => {
  if (!base) return {}
  const { hostname, port, protocol } = new URL(base)
  return {
    host: hostname,
    port: port || (protocol === 'http:' ? 80 : 443),
    protocol: protocol === 'http:' ? 'http' : 'https',
  }
}

/** Loaded when it is first needed: a platform without billing starts without it. */
export const openStripe = async ({ STRIPE_SECRET_KEY, STRIPE_API_BASE }: Env): Promise<Stripe> => {
  if (!STRIPE_SECRET_KEY) throw new Error('BILLING is "stripe" and STRIPE_SECRET_KEY is not set')
  const { default: Sdk } = await import('stripe')
  return new Sdk(STRIPE_SECRET_KEY, {
    ...addressOf(STRIPE_API_BASE),
    httpClient: Sdk.createFetchHttpClient(),
    maxNetworkRetries: RETRIES,
    timeout: TIMEOUT_MS,
    // No timings of our calls to anybody.
    telemetry: false,
  })
}
