// `npm run billing:setup`: brings a Stripe account to what the plans' data file says. docs/billing.md tells when.
import Stripe from 'stripe'
import { setUpStripe } from './billing/catalogue.ts'

const { STRIPE_SECRET_KEY, PUBLIC_URL } = process.env
if (!STRIPE_SECRET_KEY || !PUBLIC_URL) {
  console.error(
    'Set STRIPE_SECRET_KEY (of the account to set up) and PUBLIC_URL (of the platform), then run this again.',
  )
  process.exit(1)
}

const stripe = new Stripe(STRIPE_SECRET_KEY, { telemetry: false })
const { webhookSecret } = await setUpStripe(stripe, PUBLIC_URL.replace(/\/+$/, ''), (line) => console.log(line))
console.log('Stripe has everything the plans need.')
if (webhookSecret) {
  console.log(`Keep this now, Stripe does not show it again:\n  STRIPE_WEBHOOK_SECRET=${webhookSecret}`)
}
