// Stripe's own entry point: no token, the signature is what opens it. The body stays as it came, for that is what was signed.
import { STRIPE_WEBHOOK_PATH } from '@distropack/core/contract/stripe.ts'
import { fault } from '@distropack/core/fault.ts'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { isBillingOn } from '../../../services/billing/billing-switch.ts'
import { receiveEvent } from '../../../services/billing/events.ts'
import type { ApiContext } from '../../context.ts'
import { answerFaults, need } from '../../faults.ts'

/** Far above any event; a row of D1 takes 2 MB. */
const MAX_EVENT_BYTES = 512 * 1024

export const stripeWebhook = new Hono<ApiContext>()

stripeWebhook.post(
  STRIPE_WEBHOOK_PATH,
  bodyLimit({
    maxSize: MAX_EVENT_BYTES,
    onError: (context) => answerFaults(context, [fault('body_too_large', 'An event is not that large.')]),
  }),
  async (context) => {
    if (!isBillingOn(context.env)) return context.notFound()
    const signature = context.req.header('stripe-signature') ?? ''
    const outcome = need(await receiveEvent(context.get('platform'), await context.req.text(), signature))
    return context.json({ outcome })
  },
)
