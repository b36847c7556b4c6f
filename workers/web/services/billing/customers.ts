// Organizations as Stripe's customers: one each, made when it is first needed.
import { GRACE_MS } from '@distropack/core/billing/account-status.ts'
import { ORGANIZATION_METADATA } from '@distropack/core/contract/stripe.ts'
import type { Fault } from '@distropack/core/fault.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { and, eq, ne, sql } from 'drizzle-orm'
import type Stripe from 'stripe'
import { askStripe, isMissing } from '../../billing/trouble.ts'
import { organizations } from '../../db/schema.ts'
import { billingCustomers, subscriptions } from '../../db/tables/billing.ts'
import { logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'

export type CustomerRow = typeof billingCustomers.$inferSelect

export const readCustomer = async ({ db }: Platform, organizationId: string): Promise<CustomerRow | undefined> =>
  (await db.select().from(billingCustomers).where(eq(billingCustomers.organizationId, organizationId)))[0]

const findByCustomer = async ({ db }: Platform, customerId: string): Promise<string | undefined> => {
  const same = eq(billingCustomers.stripeCustomerId, customerId)
  const [row] = await db.select({ id: billingCustomers.organizationId }).from(billingCustomers).where(same)
  return row?.id
}

/** The first one stays; one that is gone is replaced. */
const keepCustomer = async ({ db, nowMs }: Platform, organizationId: string, customerId: string): Promise<void> => {
  const row = { organizationId, stripeCustomerId: customerId, createdAtMs: nowMs() }
  await db
    .insert(billingCustomers)
    .values(row)
    .onConflictDoUpdate({
      target: billingCustomers.organizationId,
      set: { stripeCustomerId: sql`coalesce(${billingCustomers.stripeCustomerId}, ${customerId})` },
    })
}

/** Gone with everything it had: our row ends with it, and the next checkout makes another. Its trial stays used. */
const forgetCustomer = async ({ db, nowMs }: Platform, organizationId: string): Promise<void> => {
  const now = nowMs()
  const mine = eq(subscriptions.organizationId, organizationId)
  await db.batch([
    db
      .update(billingCustomers)
      .set({ stripeCustomerId: null, createdAtMs: now })
      .where(eq(billingCustomers.organizationId, organizationId)),
    db
      .update(subscriptions)
      .set({
        status: 'canceled',
        endedAtMs: now,
        gracedPlan: sql`${subscriptions.plan}`,
        graceUntilMs: now + GRACE_MS,
        version: sql`${subscriptions.version} + 1`,
      })
      .where(and(mine, ne(subscriptions.status, 'canceled'))),
  ])
  logEvent('billing.customer_deleted', { organizationId })
}

const retrieve = async (
  stripe: Stripe,
  customerId: string,
): Promise<Stripe.Customer | Stripe.DeletedCustomer | undefined> => {
  try {
    return await stripe.customers.retrieve(customerId)
  } catch (error) {
    // Of another account, or of the other mode of this one: nothing that may touch our rows.
    if (isMissing(error)) return undefined
    throw error
  }
}

/** For a customer whose row was not written: a request that died between Stripe's answer and our write. */
const adopt = async (platform: Platform, customer: Stripe.Customer): Promise<string | undefined> => {
  const organizationId = customer.metadata[ORGANIZATION_METADATA]
  if (!organizationId) return undefined
  const mine = eq(organizations.id, organizationId)
  const [organization] = await platform.db.select({ id: organizations.id }).from(organizations).where(mine)
  if (!organization) return undefined
  await keepCustomer(platform, organizationId, customer.id)
  return findByCustomer(platform, customer.id)
}

/** The customer as ours; `stranger`: none of our organizations is meant; `forgotten`: it was, and is deleted. */
export type Recognized = { readonly organizationId: string } | 'stranger' | 'forgotten'

export const recognizeCustomer = async (platform: Platform, stripe: Stripe, id: string): Promise<Recognized> => {
  const known = await findByCustomer(platform, id)
  const customer = await retrieve(stripe, id)
  if (!customer) return 'stranger'
  if (customer.deleted && !known) return 'stranger'
  if (customer.deleted) {
    await forgetCustomer(platform, known ?? '')
    return 'forgotten'
  }
  const organizationId = known ?? (await adopt(platform, customer))
  return organizationId ? { organizationId } : 'stranger'
}

/** The organization's customer id at Stripe; made when there is none. */
export const ensureCustomer = async (
  platform: Platform,
  stripe: Stripe,
  organization: { readonly id: string; readonly slug: string },
): Promise<Result<string, Fault>> => {
  const row = await readCustomer(platform, organization.id)
  if (row?.stripeCustomerId) return ok(row.stripeCustomerId)
  // Two requests at once make one customer: the key names what stood before.
  const idempotencyKey = `customer-${organization.id}-${row?.createdAtMs ?? 0}`
  const made = await askStripe(() =>
    stripe.customers.create(
      { name: organization.slug, metadata: { [ORGANIZATION_METADATA]: organization.id } },
      { idempotencyKey },
    ),
  )
  if (!made.ok) return made
  await keepCustomer(platform, organization.id, made.value.id)
  return ok((await readCustomer(platform, organization.id))?.stripeCustomerId ?? made.value.id)
}
