// What Stripe answers when it does not do what was asked, in our words. Everything unexpected stays thrown.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type Stripe from 'stripe'

/** By its name, as the SDK's own errors say it: the classes come with the whole SDK. */
const isStripeError = (error: unknown, ...types: readonly string[]): error is Stripe.errors.StripeError =>
  error instanceof Error && 'type' in error && types.includes(String(error.type))

const isInvalid = (error: unknown): error is Stripe.errors.StripeError =>
  isStripeError(error, 'StripeInvalidRequestError')

/** Stripe's words for a card are written for its holder. 402 is also a card that wants its holder to confirm. */
const isPaymentRefused = (error: unknown): error is Stripe.errors.StripeError =>
  isStripeError(error, 'StripeCardError') || (isInvalid(error) && error.statusCode === 402)

const isPassing = (error: unknown): boolean =>
  isStripeError(error, 'StripeConnectionError', 'StripeAPIError', 'StripeRateLimitError')

export const isMissing = (error: unknown): boolean => isInvalid(error) && error.code === 'resource_missing'

/** Not signed with our secret, not signed at all, or too long ago. */
export const isBadSignature = (error: unknown): boolean => isStripeError(error, 'StripeSignatureVerificationError')

/**
 * A meter event Stripe has already: proof that it was delivered, and its answer to the same identifier again
 * ("An event already exists with identifier …", 400).
 */
export const isKnownMeterEvent = (error: unknown): boolean =>
  isInvalid(error) && (error.code === 'duplicate_meter_event' || /already exists with identifier/i.test(error.message))

export const isInvalidRequest = isInvalid

/** The call's value; `payment_failed` and `provider_unavailable` as faults. @throws everything that is our mistake. */
export const askStripe = async <T>(call: () => Promise<T>): Promise<Result<T, Fault>> => {
  try {
    return ok(await call())
  } catch (error) {
    if (isPassing(error)) {
      return err(fault('provider_unavailable', 'The payment provider does not answer. Try again in a minute.'))
    }
    if (isPaymentRefused(error)) {
      const reason = error.message.replace(/\.?$/, '.')
      return err(fault('payment_failed', `The payment was refused: ${reason} Nothing was changed; check the card.`))
    }
    throw error
  }
}
