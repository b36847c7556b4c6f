// An invoice and its lines, whole.
import type Stripe from 'stripe'
import { type Account, customerIdOf, newId, type PendingLine } from './account.ts'
import { listOf } from './objects.ts'

export interface InvoiceFacts {
  readonly subscription: Stripe.Subscription
  readonly reason: Stripe.Invoice.BillingReason
  readonly lines: readonly PendingLine[]
  readonly period: { readonly start: number; readonly end: number }
}

const newLine = (
  account: Account,
  invoice: string,
  line: PendingLine,
  { subscription, period }: InvoiceFacts,
): Stripe.InvoiceLineItem => ({
  id: newId(account, 'il'),
  object: 'line_item',
  amount: line.amount,
  currency: 'usd',
  description: line.description,
  discount_amounts: null,
  discountable: true,
  discounts: [],
  invoice,
  livemode: false,
  metadata: {},
  parent: null,
  period: { start: period.start, end: period.end },
  pretax_credit_amounts: null,
  pricing: {
    price_details: { price: line.priceId, product: '' },
    type: 'price_details',
    unit_amount_decimal: null,
  },
  quantity: 1,
  quantity_decimal: null,
  subscription: subscription.id,
  subtotal: line.amount,
  taxes: null,
})

export const sumOf = (lines: readonly { readonly amount: number }[]): number =>
  lines.reduce((sum, { amount }) => sum + amount, 0)

export const newInvoice = (account: Account, facts: InvoiceFacts): Stripe.Invoice => {
  const id = newId(account, 'in')
  const { subscription, reason, lines, period } = facts
  const total = sumOf(lines)
  const due = Math.max(0, total)
  return {
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Fake',
    account_tax_ids: null,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    automatic_tax: { disabled_reason: null, enabled: true, liability: null, provider: 'stripe', status: 'complete' },
    automatically_finalizes_at: null,
    billing_reason: reason,
    collection_method: 'charge_automatically',
    created: account.nowSeconds,
    currency: 'usd',
    custom_fields: null,
    customer: customerIdOf(subscription),
    customer_account: null,
    customer_address: null,
    customer_email: null,
    customer_name: null,
    customer_phone: null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: `https://invoice.stripe.test/${id}`,
    invoice_pdf: `https://invoice.stripe.test/${id}.pdf`,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: listOf(
      `/v1/invoices/${id}/lines`,
      lines.map((line) => newLine(account, id, line, facts)),
    ),
    livemode: false,
    metadata: {},
    next_payment_attempt: null,
    number: `FAKE-${id.slice(-6)}`,
    on_behalf_of: null,
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: period.end,
    period_start: period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: total,
    subtotal_excluding_tax: total,
    test_clock: null,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  }
}
