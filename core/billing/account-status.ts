// What an organization may have right now, from what is known of its subscription. Pure: the same facts and the same
// moment give the same answer, so a repeated or late message of the payment provider changes nothing here.
import type { SubscriptionStatus } from '../contract/billing.ts'
import { GRACE_DAYS, type Plan, type PlanId, type PlanLimits, planOf } from '../model/plans.ts'

export const DAY_MS = 24 * 60 * 60 * 1000
export const GRACE_MS = GRACE_DAYS * DAY_MS

export interface SubscriptionFacts {
  readonly plan: PlanId
  readonly status: SubscriptionStatus
  /** It pays for use beyond the plan. */
  readonly usageBased: boolean
  readonly periodStartMs: number
  readonly periodEndMs: number
  readonly trialEndsAtMs: number | null
  /** It will end then. */
  readonly cancelAtMs: number | null
  readonly endedAtMs: number | null
  /** The oldest invoice that is still unpaid. */
  readonly pastDueSinceMs: number | null
  /** The larger plan it came from, and how long what was within that one is still allowed. */
  readonly gracedPlan: PlanId | null
  readonly graceUntilMs: number | null
}

/** From the first moment to the last, which is not in it. */
export interface Period {
  readonly startMs: number
  readonly endMs: number
}

export interface Standing {
  readonly plan: Plan
  readonly limits: PlanLimits
  /** For what was over `limits` already when the plan became smaller. */
  readonly graced: { readonly limits: PlanLimits; readonly untilMs: number } | null
  /** In which build minutes are counted. */
  readonly period: Period
}

const LIVE: ReadonlySet<SubscriptionStatus> = new Set(['trialing', 'active', 'past_due', 'unpaid'])
/** It stands with the provider: it can be changed, cancelled, and stands in the way of a second one. */
export const isLive = ({ status }: SubscriptionFacts): boolean => LIVE.has(status)

export const isPastDue = ({ status }: SubscriptionFacts): boolean => status === 'past_due' || status === 'unpaid'

export const pastDueGraceEndsMs = ({ pastDueSinceMs }: SubscriptionFacts): number => (pastDueSinceMs ?? 0) + GRACE_MS

/** The same day of the next month, or that month's last. */
const nextMonth = (ms: number): number => {
  const date = new Date(ms)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + 1)
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  return date.setUTCDate(Math.min(day, lastDay))
}

const calendarMonth = (nowMs: number): Period => {
  const date = new Date(nowMs)
  const startMs = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  return { startMs, endMs: nextMonth(startMs) }
}

/** The subscription's own period; where word of a renewal is late, the one that must follow. */
export const periodOf = (facts: SubscriptionFacts | undefined, nowMs: number): Period => {
  if (!facts || !isLive(facts)) return calendarMonth(nowMs)
  let period: Period = { startMs: facts.periodStartMs, endMs: facts.periodEndMs }
  while (period.endMs <= nowMs) period = { startMs: period.endMs, endMs: nextMonth(period.endMs) }
  return period
}

/** Use beyond the plan is not billed while a trial runs, so a trial has the plan's own limits. */
const limitsOf = (plan: Plan, { usageBased, status }: SubscriptionFacts): PlanLimits =>
  usageBased && status !== 'trialing' && plan.ceilings ? { ...plan.limits, ...plan.ceilings } : plan.limits

const planInForce = (facts: SubscriptionFacts | undefined, nowMs: number): PlanId => {
  if (!facts || !isLive(facts)) return 'free'
  return isPastDue(facts) && nowMs >= pastDueGraceEndsMs(facts) ? 'free' : facts.plan
}

const gracedOf = (facts: SubscriptionFacts, nowMs: number): Standing['graced'] => {
  const { gracedPlan, graceUntilMs } = facts
  if (gracedPlan === null || graceUntilMs === null || nowMs >= graceUntilMs) return null
  return { limits: planOf(gracedPlan).limits, untilMs: graceUntilMs }
}

/** @param facts undefined: it never subscribed. */
export const standingOf = (facts: SubscriptionFacts | undefined, nowMs: number): Standing => {
  const plan = planOf(planInForce(facts, nowMs))
  return {
    plan,
    limits: facts && plan.id === facts.plan ? limitsOf(plan, facts) : plan.limits,
    graced: facts ? gracedOf(facts, nowMs) : null,
    period: periodOf(facts, nowMs),
  }
}

/** Where billing is off: everything, for ever. */
export const selfHostedStanding = (nowMs: number): Standing => {
  const plan = planOf('self_hosted')
  return { plan, limits: plan.limits, graced: null, period: calendarMonth(nowMs) }
}
