// What the cron does for billing: what was left lying, what was never told, what has to be told, and logs whose time is
// over. Each part by itself: one that is in trouble does not hold up the others.
import { and, asc, eq, inArray, isNotNull, isNull, lt, lte, or } from 'drizzle-orm'
import { openStripe } from '../../billing/stripe.ts'
import { chunksForStatement } from '../../db/client.ts'
import { jobLogLines } from '../../db/schema.ts'
import { billingCustomers, buildUsage } from '../../db/tables/billing.ts'
import { logError } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { isBillingOn } from './billing-switch.ts'
import { settleKeptEvents } from './events.ts'
import { countUse, sendReports } from './meters.ts'
import { syncOrganization } from './sync.ts'

/** An event that never came is made up for after this long. */
const SYNC_EVERY_MS = 6 * 60 * 60_000
const CUSTOMERS_AT_ONCE = 10
const LOGS_AT_ONCE = 100

const syncStale = async (platform: Platform): Promise<void> => {
  const before = platform.nowMs() - SYNC_EVERY_MS
  const stale = await platform.db
    .select()
    .from(billingCustomers)
    .where(
      and(
        isNotNull(billingCustomers.stripeCustomerId),
        or(isNull(billingCustomers.syncedAtMs), lt(billingCustomers.syncedAtMs, before)),
      ),
    )
    .orderBy(asc(billingCustomers.syncedAtMs))
    .limit(CUSTOMERS_AT_ONCE)
  if (stale.length === 0) return
  const stripe = await openStripe(platform.env)
  for (const { organizationId, stripeCustomerId } of stale) {
    // Noted before it is done: one that cannot be fetched must not stand first for ever.
    const mine = eq(billingCustomers.organizationId, organizationId)
    await platform.db.update(billingCustomers).set({ syncedAtMs: platform.nowMs() }).where(mine)
    const syncing = syncOrganization(platform, stripe, organizationId, stripeCustomerId ?? '')
    await syncing.catch((error: unknown) => logError('billing.sync_broke', error, { organizationId }))
  }
}

/** Lines of logs, never a job or what it made. */
const dropOldLogs = async ({ db, nowMs }: Platform): Promise<void> => {
  const over = await db
    .select({ jobId: buildUsage.jobId })
    .from(buildUsage)
    .where(lte(buildUsage.logUntilMs, nowMs()))
    .limit(LOGS_AT_ONCE)
  for (const chunk of chunksForStatement(over, 1)) {
    const ids = chunk.map(({ jobId }) => jobId)
    await db.batch([
      db.delete(jobLogLines).where(inArray(jobLogLines.jobId, ids)),
      db.update(buildUsage).set({ logUntilMs: null }).where(inArray(buildUsage.jobId, ids)),
    ])
  }
}

const STEPS: readonly (readonly [name: string, step: (platform: Platform) => Promise<unknown>])[] = [
  ['events', settleKeptEvents],
  ['sync', syncStale],
  ['count', countUse],
  ['report', sendReports],
  ['logs', dropOldLogs],
]

export const sweepBilling = async (platform: Platform): Promise<void> => {
  if (!isBillingOn(platform.env)) return
  for (const [step, run] of STEPS) {
    await run(platform).catch((error: unknown) => logError('billing.sweep_broke', error, { step }))
  }
}
