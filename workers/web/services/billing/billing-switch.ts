// An organization's standing: the one place where the switch, the subscription's row and the clock meet.
import {
  type Standing,
  type SubscriptionFacts,
  selfHostedStanding,
  standingOf,
} from '@distropack/core/billing/account-status.ts'
import { eq } from 'drizzle-orm'
import { isBillingOn } from '../../billing/stripe.ts'
import { subscriptions } from '../../db/tables/billing.ts'
import type { Platform } from '../platform/platform.ts'

export { isBillingOn } from '../../billing/stripe.ts'

export type SubscriptionRow = typeof subscriptions.$inferSelect

/** undefined: it never subscribed. */
export const readSubscription = async (
  { db }: Platform,
  organizationId: string,
): Promise<SubscriptionRow | undefined> =>
  (await db.select().from(subscriptions).where(eq(subscriptions.organizationId, organizationId)))[0]

export const standingNow = ({ nowMs }: Platform, facts: SubscriptionFacts | undefined): Standing =>
  standingOf(facts, nowMs())

export const readStanding = async (platform: Platform, organizationId: string): Promise<Standing> =>
  isBillingOn(platform.env)
    ? standingNow(platform, await readSubscription(platform, organizationId))
    : selfHostedStanding(platform.nowMs())
