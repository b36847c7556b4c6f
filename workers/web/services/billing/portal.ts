// Stripe's customer portal (card, address, tax ids, invoices, cancellation) and the list of invoices.

import type { InvoiceView } from '@distropack/core/contract/billing.ts'
import { PORTAL_METADATA } from '@distropack/core/contract/stripe.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type Stripe from 'stripe'
import { openStripe } from '../../billing/stripe.ts'
import { askStripe, isMissing } from '../../billing/trouble.ts'
import type { Page, PageQuery } from '../../db/page.ts'
import type { Platform } from '../platform/platform.ts'
import { type Organization, pageOf } from './checkout.ts'
import { ensureCustomer, readCustomer } from './customers.ts'

/** The set-up's configuration; an account that has none uses its default. */
const findConfiguration = async (stripe: Stripe): Promise<{ configuration?: string }> => {
  const { data } = await stripe.billingPortal.configurations.list({ active: true, limit: 100 })
  const ours = data.find(({ metadata }) => metadata?.[PORTAL_METADATA])
  return ours ? { configuration: ours.id } : {}
}

export const openPortal = async (
  platform: Platform,
  organization: Organization,
): Promise<Result<{ url: string }, Fault>> => {
  const stripe = await openStripe(platform.env)
  const customer = await ensureCustomer(platform, stripe, organization)
  if (!customer.ok) return customer
  const session = await askStripe(async () =>
    stripe.billingPortal.sessions.create({
      customer: customer.value,
      return_url: pageOf(platform, organization),
      ...(await findConfiguration(stripe)),
    }),
  )
  return session.ok ? ok({ url: session.value.url }) : session
}

const STATUSES: readonly InvoiceView['status'][] = ['draft', 'open', 'paid', 'uncollectible', 'void']

const viewInvoice = (invoice: Stripe.Invoice): InvoiceView => ({
  id: invoice.id,
  number: invoice.number,
  status: STATUSES.find((status) => status === invoice.status) ?? 'draft',
  currency: invoice.currency,
  totalCents: invoice.total,
  dueCents: invoice.amount_remaining,
  createdAtMs: invoice.created * 1000,
  periodStartMs: invoice.period_start * 1000,
  periodEndMs: invoice.period_end * 1000,
  pageUrl: invoice.hosted_invoice_url ?? null,
  pdfUrl: invoice.invoice_pdf ?? null,
})

type InvoicePage = Page<InvoiceView>

/** Newest first; the cursor is the last invoice's id. Stripe takes at most 100 at a time. */
export const listInvoices = async (
  platform: Platform,
  organization: Organization,
  page: PageQuery,
): Promise<Result<InvoicePage, Fault>> => {
  const customer = (await readCustomer(platform, organization.id))?.stripeCustomerId
  if (!customer) return ok({ items: [], nextCursor: null })
  const stripe = await openStripe(platform.env)
  const after = page.cursor === undefined ? {} : { starting_after: page.cursor }
  try {
    const limit = Math.min(100, page.limit)
    const listed = await askStripe(() => stripe.invoices.list({ customer, limit, ...after }))
    if (!listed.ok) return listed
    const items = listed.value.data.map(viewInvoice)
    return ok({ items, nextCursor: listed.value.has_more ? (items.at(-1)?.id ?? null) : null })
  } catch (error) {
    if (!isMissing(error)) throw error
    return err(fault('request_invalid', 'cursor: this is no invoice of the list before.', { key: 'cursor' }))
  }
}
