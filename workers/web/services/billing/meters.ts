// Use beyond a plan, told to Stripe: counted into reports that cannot overlap, sent at least once, counted there once by
// their identifiers.
import { DAY_MS, type Period, periodOf } from '@distropack/core/billing/account-status.ts'
import { METERS, type MeterId, planOf, STORAGE_UNIT_BYTES } from '@distropack/core/model/plans.ts'
import { and, asc, eq, inArray, lt, max } from 'drizzle-orm'
import type Stripe from 'stripe'
import { openStripe } from '../../billing/stripe.ts'
import { isInvalidRequest, isKnownMeterEvent } from '../../billing/trouble.ts'
import { billingCustomers, meterReports, subscriptions } from '../../db/tables/billing.ts'
import { logError, logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import type { SubscriptionRow } from './billing-switch.ts'
import { readUsage } from './usage.ts'

/** Organizations looked at in one sweep, those first that waited longest. */
const ORGANIZATIONS_AT_ONCE = 50
const REPORTS_AT_ONCE = 50
const COUNT_EVERY_MS = 10 * 60_000
/** A period that is over is looked at so long: jobs that ended in its last minutes, an event that came late. */
const LATE_MS = 2 * DAY_MS

interface Total {
  readonly organizationId: string
  readonly meter: MeterId
  readonly period: Period
  readonly total: number
}

/** Reports what the total has grown by. Of two that count at the same time one cannot write. */
const reportUpTo = async ({ db, nowMs }: Platform, { organizationId, meter, period, total }: Total): Promise<void> => {
  const same = and(
    eq(meterReports.organizationId, organizationId),
    eq(meterReports.meter, meter),
    eq(meterReports.periodStartMs, period.startMs),
  )
  const [last] = await db
    .select({ total: max(meterReports.toTotal) })
    .from(meterReports)
    .where(same)
  const fromTotal = last?.total ?? 0
  if (total <= fromTotal) return
  const atMs = Math.min(nowMs(), period.endMs - 1000)
  const row = { organizationId, meter, periodStartMs: period.startMs, fromTotal, toTotal: total, atMs }
  await db
    .insert(meterReports)
    .values({ ...row, state: 'pending', createdAtMs: nowMs() })
    .onConflictDoNothing()
}

const reportBuilds = async (platform: Platform, row: SubscriptionRow, period: Period): Promise<void> => {
  const included = planOf(row.plan).limits.buildMinutes
  if (included === null) return
  const { buildMinutes } = await readUsage(platform, row.organizationId, period)
  const total = Math.ceil(Math.max(0, buildMinutes - included))
  await reportUpTo(platform, { organizationId: row.organizationId, meter: 'build_minutes', period, total })
}

/** The day's largest excess seen: each day is its own total. */
const reportStorage = async (platform: Platform, row: SubscriptionRow): Promise<void> => {
  const included = planOf(row.plan).limits.storageBytes
  if (included === null) return
  const startMs = Math.floor(platform.nowMs() / DAY_MS) * DAY_MS
  const day = { startMs, endMs: startMs + DAY_MS }
  const { storageBytes } = await readUsage(platform, row.organizationId, day)
  const total = Math.ceil(Math.max(0, storageBytes - included) / STORAGE_UNIT_BYTES)
  await reportUpTo(platform, { organizationId: row.organizationId, meter: 'storage_gib_days', period: day, total })
}

const countBeyondPlan = async (platform: Platform, row: SubscriptionRow): Promise<void> => {
  const now = platform.nowMs()
  const { previousPeriodStartMs, periodStartMs, organizationId } = row
  // Noted before it is done: one in trouble must not stand first for ever.
  const mine = eq(subscriptions.organizationId, organizationId)
  await platform.db.update(subscriptions).set({ meteredAtMs: now }).where(mine)
  if (previousPeriodStartMs !== null && now < periodStartMs + LATE_MS) {
    await reportBuilds(platform, row, { startMs: previousPeriodStartMs, endMs: periodStartMs })
  }
  await reportBuilds(platform, row, periodOf(row, now))
  await reportStorage(platform, row)
}

/** Every organization that pays for use beyond its plan, in turn. Nothing is billed while a trial runs. */
export const countUse = async (platform: Platform): Promise<void> => {
  const rows = await platform.db
    .select()
    .from(subscriptions)
    .where(
      and(
        eq(subscriptions.usageBased, true),
        lt(subscriptions.meteredAtMs, platform.nowMs() - COUNT_EVERY_MS),
        inArray(subscriptions.status, ['active', 'past_due']),
      ),
    )
    .orderBy(asc(subscriptions.meteredAtMs))
    .limit(ORGANIZATIONS_AT_ONCE)
  for (const row of rows) await countBeyondPlan(platform, row)
}

type ReportRow = typeof meterReports.$inferSelect

const eventOf = (report: ReportRow, customer: string): Stripe.Billing.MeterEventCreateParams => {
  const meter = METERS.find(({ id }) => id === report.meter)
  if (!meter) throw new Error(`no meter ${report.meter}`)
  return {
    event_name: meter.eventName,
    identifier: `${report.organizationId}.${report.meter}.${report.periodStartMs}.${report.fromTotal}`,
    timestamp: Math.floor(report.atMs / 1000),
    payload: { stripe_customer_id: customer, value: String(report.toTotal - report.fromTotal) },
  }
}

const send = async (stripe: Stripe, report: ReportRow, customer: string): Promise<'sent' | 'refused'> => {
  try {
    await stripe.billing.meterEvents.create(eventOf(report, customer))
    return 'sent'
  } catch (error) {
    // It came through before, and our note of it was lost.
    if (isKnownMeterEvent(error)) return 'sent'
    if (!isInvalidRequest(error)) throw error
    logError('billing.meter_refused', error, { organizationId: report.organizationId, meter: report.meter })
    return 'refused'
  }
}

/** What is counted and not told yet. @throws when Stripe does not answer: the rest waits for the next sweep. */
export const sendReports = async (platform: Platform): Promise<number> => {
  const { db } = platform
  const waiting = await db
    .select({ report: meterReports, customer: billingCustomers.stripeCustomerId })
    .from(meterReports)
    .innerJoin(billingCustomers, eq(billingCustomers.organizationId, meterReports.organizationId))
    .where(eq(meterReports.state, 'pending'))
    .orderBy(asc(meterReports.createdAtMs))
    .limit(REPORTS_AT_ONCE)
  if (waiting.length === 0) return 0
  const stripe = await openStripe(platform.env)
  for (const { report, customer } of waiting) {
    const state = customer ? await send(stripe, report, customer) : 'refused'
    const same = and(
      eq(meterReports.organizationId, report.organizationId),
      eq(meterReports.meter, report.meter),
      eq(meterReports.periodStartMs, report.periodStartMs),
      eq(meterReports.fromTotal, report.fromTotal),
      eq(meterReports.state, 'pending'),
    )
    await db.update(meterReports).set({ state }).where(same)
  }
  logEvent('billing.metered', { reports: waiting.length })
  return waiting.length
}
