// The end of a subscription, whoever wanted it.
import type Stripe from 'stripe'
import { type Account, emit } from './account.ts'

export const endSubscription = (
  account: Account,
  subscription: Stripe.Subscription,
  reason: Stripe.Subscription.CancellationDetails.Reason | null,
): void => {
  subscription.status = 'canceled'
  subscription.ended_at = account.nowSeconds
  subscription.canceled_at ??= account.nowSeconds
  subscription.cancellation_details = { comment: null, feedback: null, feedback_option: null, reason }
  emit(account, 'customer.subscription.deleted', subscription)
}
