// What is known of paying organizations, and what they used. A subscription here is derived from the provider's
// objects and can be made again from them; the storage count and build times are our own.
import type { MeasuredLimit } from '@distropack/core/billing/quota.ts'
import type { SubscriptionStatus } from '@distropack/core/contract/billing.ts'
import type { MeterId, PlanId } from '@distropack/core/model/plans.ts'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { organizations } from '../schema.ts'

const organizationId = () => text().references(() => organizations.id, { onDelete: 'cascade' })

/** An organization as Stripe's customer: made with the first checkout, kept for good. */
export const billingCustomers = sqliteTable('billing_customers', {
  organizationId: organizationId().primaryKey(),
  /** null: Stripe's was deleted; the next checkout makes another. */
  stripeCustomerId: text().unique(),
  /** It had its trial. */
  trialUsedAtMs: integer(),
  createdAtMs: integer().notNull(),
  /** When its subscriptions were last fetched. */
  syncedAtMs: integer(),
})

/** The one subscription that counts, as last fetched. */
export const subscriptions = sqliteTable(
  'subscriptions',
  {
    organizationId: organizationId().primaryKey(),
    stripeSubscriptionId: text().notNull(),
    plan: text().$type<PlanId>().notNull(),
    status: text().$type<SubscriptionStatus>().notNull(),
    usageBased: integer({ mode: 'boolean' }).notNull(),
    periodStartMs: integer().notNull(),
    periodEndMs: integer().notNull(),
    /** The period before, whose last use may still have to be reported. */
    previousPeriodStartMs: integer(),
    trialEndsAtMs: integer(),
    cancelAtMs: integer(),
    endedAtMs: integer(),
    pastDueSinceMs: integer(),
    gracedPlan: text().$type<PlanId>(),
    graceUntilMs: integer(),
    /** When use beyond the plan was last looked at. */
    meteredAtMs: integer().notNull().default(0),
    /** Grows with every write: who fetched before somebody else wrote must fetch again. */
    version: integer().notNull(),
  },
  (table) => [index('subscriptions_by_metering').on(table.usageBased, table.meteredAtMs)],
)

/** Every event once, by Stripe's id; ones we have no use for are kept as `ignored`. */
export const stripeEvents = sqliteTable(
  'stripe_events',
  {
    id: text().primaryKey(),
    type: text().notNull(),
    state: text({ enum: ['received', 'handled', 'ignored'] }).notNull(),
    /** As it was signed. */
    payload: text().notNull(),
    createdAtMs: integer().notNull(),
    receivedAtMs: integer().notNull(),
    attempts: integer().notNull(),
    nextAttemptAtMs: integer().notNull(),
    lastError: text(),
    settledAtMs: integer(),
  },
  (table) => [index('stripe_events_by_state').on(table.state, table.nextAttemptAtMs)],
)

/** Distinct contents of all projects of an organization, counted as they are added. */
export const storageUsage = sqliteTable('storage_usage', {
  organizationId: organizationId().primaryKey(),
  storedBytes: integer().notNull(),
})

/** How long a packager worked on a job that came to an end; one row a job, written with that end. */
export const buildUsage = sqliteTable(
  'build_usage',
  {
    jobId: text().primaryKey(),
    organizationId: organizationId().notNull(),
    endedAtMs: integer().notNull(),
    durationMs: integer().notNull(),
    /** As the plan promised when the job ended; a smaller plan takes nothing back. null: for good, or gone already. */
    logUntilMs: integer(),
  },
  (table) => [
    // Sums over a period are read from the index alone.
    index('build_usage_by_organization').on(table.organizationId, table.endedAtMs, table.durationMs),
    index('build_usage_by_log').on(table.logUntilMs),
  ],
)

/**
 * Use beyond a plan on its way to Stripe: the part from one total of a period to the next. A second report from the
 * same total cannot be written, so what is sent adds up to the last total, whoever counts at the same time.
 */
export const meterReports = sqliteTable(
  'meter_reports',
  {
    organizationId: organizationId().notNull(),
    meter: text().$type<MeterId>().notNull(),
    /** Of the subscription's period; of storage, of the day. */
    periodStartMs: integer().notNull(),
    fromTotal: integer().notNull(),
    toTotal: integer().notNull(),
    /** The moment Stripe is told, inside of the period. */
    atMs: integer().notNull(),
    state: text({ enum: ['pending', 'sent', 'refused'] }).notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.meter, table.periodStartMs, table.fromTotal] }),
    index('meter_reports_by_state').on(table.state, table.createdAtMs),
  ],
)

/** What was told of a limit in a period, so that it is told once. */
export const quotaNotices = sqliteTable(
  'quota_notices',
  {
    organizationId: organizationId().notNull(),
    limit: text().$type<MeasuredLimit>().notNull(),
    level: text({ enum: ['near', 'over'] }).notNull(),
    periodStartMs: integer().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.organizationId, table.limit, table.level, table.periodStartMs] })],
)
