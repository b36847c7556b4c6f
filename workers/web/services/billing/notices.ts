// What the audit log, and whoever listens to it, is told of limits: that one is nearly reached, and that one stopped
// something. Once a period each, however often it is asked.

import type { Standing } from '@distropack/core/billing/account-status.ts'
import { type MeasuredLimit, nearLimits, type Shortfall, type Usage } from '@distropack/core/billing/quota.ts'
import { nameOfLimit } from '@distropack/core/billing/words.ts'
import { quotaNotices } from '../../db/tables/billing.ts'
import type { Platform } from '../platform/platform.ts'
import { record } from '../platform/record.ts'

interface Notice {
  readonly limit: MeasuredLimit
  readonly level: 'near' | 'over'
  readonly used: number
  readonly allowed: number | null
}

const tell = async (
  platform: Platform,
  organizationId: string,
  periodStartMs: number,
  { limit, level, used, allowed }: Notice,
): Promise<void> => {
  const fresh = await platform.db
    .insert(quotaNotices)
    .values({ organizationId, limit, level, periodStartMs, createdAtMs: platform.nowMs() })
    .onConflictDoNothing()
    .returning({ limit: quotaNotices.limit })
  if (fresh.length === 0) return
  await record(platform, {
    organizationId,
    action: `quota.${level}`,
    subject: nameOfLimit(limit),
    after: { used, allowed },
  })
}

export const tellOfLimits = async (
  platform: Platform,
  organizationId: string,
  { standing, usage, shortfall }: { standing: Standing; usage: Usage; shortfall: Shortfall | undefined },
): Promise<void> => {
  const near = nearLimits(standing.limits, usage).filter((limit) => limit !== shortfall?.limit)
  const notices: Notice[] = [
    ...near.map((limit) => ({ limit, level: 'near' as const, used: usage[limit], allowed: standing.limits[limit] })),
    ...(shortfall ? [{ ...shortfall, level: 'over' as const }] : []),
  ]
  for (const notice of notices) await tell(platform, organizationId, standing.period.startMs, notice)
}
