// From Stripe's objects to an organization's row: always by fetching, never by what an event says. Whoever fetched
// before somebody else wrote fetches again, so the last write is never older than the one before it.
import { GRACE_MS, isLive, type SubscriptionFacts } from '@distropack/core/billing/account-status.ts'
import { comparePlans, type PlanId } from '@distropack/core/model/plans.ts'
import { and, eq } from 'drizzle-orm'
import type Stripe from 'stripe'
import { type FetchedCustomer, type FetchedFacts, fetchCustomer } from '../../billing/subscription-facts.ts'
import { billingCustomers, subscriptions } from '../../db/tables/billing.ts'
import { logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { record } from '../platform/record.ts'
import { readSubscription, type SubscriptionRow } from './billing-switch.ts'
import { recognizeCustomer } from './customers.ts'

type Grace = Pick<SubscriptionFacts, 'gracedPlan' | 'graceUntilMs'>
const NO_GRACE: Grace = { gracedPlan: null, graceUntilMs: null }
/** Writers that overtake each other this often do not exist. */
const MAX_ROUNDS = 8

const graceOfEnd = ({ plan, endedAtMs, endedUnpaid, pastDueSinceMs }: FetchedFacts, nowMs: number): Grace => {
  const endedMs = endedAtMs ?? nowMs
  // The days in which payment was tried again were the grace; its end gives no second one.
  const fromMs = endedUnpaid ? Math.min(pastDueSinceMs ?? endedMs, endedMs) : endedMs
  return { gracedPlan: plan, graceUntilMs: fromMs + GRACE_MS }
}

/** What stays allowed for a while after a larger plan was left. */
export const graceOf = (before: SubscriptionFacts | undefined, after: FetchedFacts, nowMs: number): Grace => {
  if (after.status === 'canceled') return graceOfEnd(after, nowMs)
  if (!before) return NO_GRACE
  const isSmaller = isLive(before) && comparePlans(before.plan, after.plan) > 0
  const grace: Grace = isSmaller
    ? { gracedPlan: before.plan, graceUntilMs: nowMs + GRACE_MS }
    : { gracedPlan: before.gracedPlan, graceUntilMs: before.graceUntilMs }
  const isOutgrown = (plan: PlanId): boolean => comparePlans(plan, after.plan) <= 0
  return grace.gracedPlan === null || isOutgrown(grace.gracedPlan) ? NO_GRACE : grace
}

const rowOf = (
  organizationId: string,
  before: SubscriptionRow | undefined,
  after: FetchedFacts,
  nowMs: number,
): SubscriptionRow => {
  const { id, endedUnpaid: _, trialStartedAtMs: __, ...facts } = after
  const isNewPeriod = before !== undefined && after.periodStartMs > before.periodStartMs
  return {
    organizationId,
    stripeSubscriptionId: id,
    ...facts,
    ...graceOf(before, after, nowMs),
    previousPeriodStartMs: isNewPeriod ? before.periodStartMs : (before?.previousPeriodStartMs ?? null),
    meteredAtMs: before?.meteredAtMs ?? 0,
    version: (before?.version ?? 0) + 1,
  }
}

/** False: somebody else wrote since `before` was read. */
const replaceRow = async (
  { db }: Platform,
  before: SubscriptionRow | undefined,
  { meteredAtMs, ...after }: SubscriptionRow,
): Promise<boolean> => {
  if (!before) {
    const inserted = await db
      .insert(subscriptions)
      .values({ ...after, meteredAtMs })
      .onConflictDoNothing()
      .returning({ version: subscriptions.version })
    return inserted.length > 0
  }
  const same = and(eq(subscriptions.organizationId, before.organizationId), eq(subscriptions.version, before.version))
  return (
    (await db.update(subscriptions).set(after).where(same).returning({ version: subscriptions.version })).length > 0
  )
}

/** Nothing to write: many events at once are then one write, and not each other's competitors. */
const isSame = (before: SubscriptionRow | undefined, after: SubscriptionRow): boolean =>
  before !== undefined &&
  (Object.keys(after) as (keyof SubscriptionRow)[]).every((key) => key === 'version' || before[key] === after[key])

const factsForPeople = (row: SubscriptionRow | undefined) =>
  row && { plan: row.plan, status: row.status, usageBased: row.usageBased, cancelAtMs: row.cancelAtMs }

const noteChange = async (
  platform: Platform,
  before: SubscriptionRow | undefined,
  after: SubscriptionRow,
): Promise<void> => {
  const [was, is] = [factsForPeople(before), factsForPeople(after)]
  if (JSON.stringify(was) === JSON.stringify(is)) return
  const { organizationId, stripeSubscriptionId: subject } = after
  await record(platform, { organizationId, action: 'billing.changed', subject, before: was, after: is })
}

const noteCustomer = async (
  { db, nowMs }: Platform,
  organizationId: string,
  { liveSubscriptions, trialUsedAtMs }: FetchedCustomer,
): Promise<void> => {
  if (liveSubscriptions > 1) logEvent('billing.subscribed_twice', { organizationId, liveSubscriptions })
  const trial = trialUsedAtMs === null ? {} : { trialUsedAtMs }
  await db
    .update(billingCustomers)
    .set({ syncedAtMs: nowMs(), ...trial })
    .where(eq(billingCustomers.organizationId, organizationId))
}

/** Brings an organization's row up to what Stripe has now. */
export const syncOrganization = async (
  platform: Platform,
  stripe: Stripe,
  organizationId: string,
  customerId: string,
): Promise<void> => {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = await readSubscription(platform, organizationId)
    const fetched = await fetchCustomer(stripe, customerId)
    await noteCustomer(platform, organizationId, fetched)
    if (!fetched.facts) return
    const after = rowOf(organizationId, before, fetched.facts, platform.nowMs())
    if (isSame(before, after)) return
    if (!(await replaceRow(platform, before, after))) continue
    return noteChange(platform, before, after)
  }
  throw new Error(`the subscription of ${organizationId} changes faster than it can be read`)
}

/** Whatever happened to this customer, fetched and written down. `stranger`: none of our organizations is meant. */
export const syncCustomer = async (
  platform: Platform,
  stripe: Stripe,
  customerId: string,
): Promise<'synced' | 'stranger'> => {
  const recognized = await recognizeCustomer(platform, stripe, customerId)
  if (recognized === 'stranger') return 'stranger'
  if (recognized !== 'forgotten') await syncOrganization(platform, stripe, recognized.organizationId, customerId)
  return 'synced'
}
