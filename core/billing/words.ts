// Sentences about limits and subscriptions: what people read in a refusal and at the top of the billing page.
import type { Banner } from '../contract/billing.ts'
import {
  DAY_MS,
  isLive,
  isPastDue,
  pastDueGraceEndsMs,
  type Standing,
  type SubscriptionFacts,
} from './account-status.ts'
import { limitsPassed, type MeasuredLimit, nearLimits, type Shortfall, type Usage } from './quota.ts'

const GIB = 1024 ** 3
const MIB = 1024 ** 2
const rounded = (n: number): number => Number(n.toFixed(1))

const showBytes = (bytes: number): string => {
  if (bytes >= GIB / 10) return `${rounded(bytes / GIB)} GiB`
  return bytes >= MIB / 10 ? `${rounded(bytes / MIB)} MiB` : `${bytes} bytes`
}

const WORDS: Readonly<Record<MeasuredLimit, string>> = {
  storageBytes: 'storage',
  buildMinutes: 'build minutes',
  projects: 'projects',
  privateRepositories: 'private repositories',
  members: 'members',
}

/** "1.9 GiB", "100". */
const showAmount = (limit: MeasuredLimit, amount: number): string =>
  limit === 'storageBytes' ? showBytes(amount) : String(Math.floor(amount))

const showDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

export const nameOfLimit = (limit: MeasuredLimit): string => WORDS[limit]

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Which limit, how much is used, what the plan allows, where more is to be had. */
export const explainShortfall = (
  { limit, used, allowed, wanted }: Shortfall,
  { plan, period }: Pick<Standing, 'plan' | 'period'>,
  link: string,
): string => {
  const amounts = `${showAmount(limit, used)} of ${showAmount(limit, allowed)}`
  const more = limit === 'storageBytes' && wanted > 0 ? `, and this needs ${showBytes(wanted)} more` : ''
  const wait = limit === 'buildMinutes' ? ` They start anew on ${showDay(period.endMs)}.` : ''
  return `${capital(WORDS[limit])}: ${amounts} of the plan ${plan.name} are in use${more}.${wait} A larger plan: ${link}`
}

const listLimits = (limits: readonly MeasuredLimit[]): string => limits.map((limit) => WORDS[limit]).join(', ')

const pastDueBanner = (facts: SubscriptionFacts, over: readonly MeasuredLimit[], nowMs: number): Banner => {
  const untilMs = pastDueGraceEndsMs(facts)
  const isOver = nowMs >= untilMs
  const message = isOver
    ? 'The last payment failed and was not made up for: the limits of the plan Free apply. Readers notice nothing.'
    : `The last payment failed. Everything works until ${showDay(untilMs)}; pay the open invoice or change the card.`
  return { kind: isOver ? 'stopped' : 'payment_failed', message, untilMs: isOver ? null : untilMs, limits: [...over] }
}

const overBanner = (standing: Standing, over: readonly MeasuredLimit[]): Banner => {
  const { plan, graced } = standing
  const what = `This organization has more than the plan ${plan.name} allows (${listLimits(over)})`
  const limits = [...over]
  if (!graced) {
    const message = `${what}: nothing can be added there. Everything stays readable.`
    return { kind: 'stopped', message, untilMs: null, limits }
  }
  const message = `${what}. Until ${showDay(graced.untilMs)} the earlier limits hold; everything stays readable after it.`
  return { kind: 'over_limits', message, untilMs: graced.untilMs, limits }
}

const datedBanner = ({ status, cancelAtMs, trialEndsAtMs }: SubscriptionFacts, nowMs: number): Banner | null => {
  if (cancelAtMs !== null) {
    const message = `The subscription ends on ${showDay(cancelAtMs)}. It can be taken up again until then.`
    return { kind: 'ends', message, untilMs: cancelAtMs, limits: [] }
  }
  if (status !== 'trialing' || trialEndsAtMs === null) return null
  const days = Math.max(0, Math.ceil((trialEndsAtMs - nowMs) / DAY_MS))
  const message = `The trial ends in ${days} ${days === 1 ? 'day' : 'days'}.`
  return { kind: 'trial', message, untilMs: trialEndsAtMs, limits: [] }
}

/** The one thing to tell first; null: nothing is out of the ordinary. */
export const bannerOf = (
  facts: SubscriptionFacts | undefined,
  standing: Standing,
  usage: Usage,
  nowMs: number,
): Banner | null => {
  const over = limitsPassed(standing.limits, usage)
  if (facts && isPastDue(facts)) return pastDueBanner(facts, over, nowMs)
  if (over.length > 0) return overBanner(standing, over)
  const dated = facts && isLive(facts) ? datedBanner(facts, nowMs) : null
  if (dated) return dated
  const near = nearLimits(standing.limits, usage)
  if (near.length === 0) return null
  const message = `Four fifths of the plan ${standing.plan.name} are used (${listLimits(near)}).`
  return { kind: 'near_limits', message, untilMs: null, limits: [...near] }
}
