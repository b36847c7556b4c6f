// What plans allow, through a subscription's whole life. No clock, no database: facts and moments in, answers out.
import { describe, expect, it } from 'vitest'
import { GRACE_DAYS, PLAN_IDS, PLANS, planOf } from '../model/plans.ts'
import { DAY_MS, periodOf, type SubscriptionFacts, selfHostedStanding, standingOf } from './account-status.ts'
import { type Ask, allowedNow, judge, type Usage } from './quota.ts'
import { bannerOf, explainShortfall } from './words.ts'

const GIB = 1024 ** 3
const START = Date.UTC(2027, 0, 31, 12)
const END = Date.UTC(2027, 1, 28, 12)

const pro: SubscriptionFacts = {
  plan: 'pro',
  status: 'active',
  usageBased: false,
  periodStartMs: START,
  periodEndMs: END,
  trialEndsAtMs: null,
  cancelAtMs: null,
  endedAtMs: null,
  pastDueSinceMs: null,
  gracedPlan: null,
  graceUntilMs: null,
}
const none: Usage = { storageBytes: 0, buildMinutes: 0, projects: 0, privateRepositories: 0, members: 1 }
const ASKS: readonly Ask[] = [
  { kind: 'upload', sizeBytes: 1 },
  { kind: 'build' },
  { kind: 'project' },
  { kind: 'private_repository' },
  { kind: 'private_grant' },
  { kind: 'member' },
]

const may = (ask: Ask, facts: SubscriptionFacts | undefined, usage: Partial<Usage>, nowMs = START): boolean =>
  judge(ask, standingOf(facts, nowMs), { ...none, ...usage }) === undefined

describe('the plans', () => {
  it('grow from one to the next in every limit', () => {
    const limits = (['free', 'pro', 'team', 'self_hosted'] as const).map((id) => planOf(id).limits)
    expect(PLANS.map(({ id }) => id)).toEqual([...PLAN_IDS])
    for (const key of Object.keys(limits[0]!) as (keyof (typeof limits)[number])[]) {
      const values = limits.map((each) => each[key] ?? Number.POSITIVE_INFINITY)
      expect(values).toEqual([...values].sort((a, b) => a - b))
    }
  })

  it('allow what is within them to the last unit, and nothing beyond', () => {
    const { limits } = planOf('pro')
    const storageBytes = limits.storageBytes ?? 0
    expect(may({ kind: 'upload', sizeBytes: 10 }, pro, { storageBytes: storageBytes - 10 })).toBe(true)
    expect(may({ kind: 'upload', sizeBytes: 11 }, pro, { storageBytes: storageBytes - 10 })).toBe(false)
    expect(may({ kind: 'build' }, pro, { buildMinutes: 1999.99 })).toBe(true)
    expect(may({ kind: 'build' }, pro, { buildMinutes: 2000 })).toBe(false)
    expect(may({ kind: 'project' }, pro, { projects: 24 })).toBe(true)
    expect(may({ kind: 'project' }, pro, { projects: 25 })).toBe(false)
    expect(may({ kind: 'private_repository' }, pro, { privateRepositories: 10 })).toBe(false)
    expect(may({ kind: 'private_grant' }, pro, { privateRepositories: 10 })).toBe(true)
    expect(may({ kind: 'private_grant' }, pro, { privateRepositories: 11 })).toBe(false)
    expect(may({ kind: 'member' }, pro, { members: 10 })).toBe(false)
  })

  it('of a self-hosted platform refuse nothing', () => {
    const huge: Usage = { storageBytes: 1e18, buildMinutes: 1e9, projects: 1e6, privateRepositories: 1e6, members: 1e6 }
    expect(ASKS.map((ask) => judge(ask, selfHostedStanding(START), huge))).toEqual(ASKS.map(() => undefined))
  })
})

describe('a subscription', () => {
  it('that never was, or whose first payment was not made, is the plan Free', () => {
    const plans = [
      undefined,
      { ...pro, status: 'incomplete' } as const,
      { ...pro, status: 'incomplete_expired' } as const,
    ]
    expect(plans.map((facts) => standingOf(facts, START).plan.id)).toEqual(['free', 'free', 'free'])
  })

  it('on trial has the plan, but not the ceilings of pay by use', () => {
    const trial = { ...pro, status: 'trialing', usageBased: true, trialEndsAtMs: START + 14 * DAY_MS } as const
    expect(standingOf(trial, START).limits).toEqual(planOf('pro').limits)
    expect(standingOf({ ...trial, status: 'active' }, START).limits.buildMinutes).toBe(20_000)
    expect(bannerOf(trial, standingOf(trial, START), none, START)).toMatchObject({ kind: 'trial' })
  })

  it('whose payment failed keeps its plan through the grace and then falls to Free', () => {
    const late = { ...pro, status: 'past_due', pastDueSinceMs: START } as const
    const usage = { ...none, storageBytes: 10 * GIB }
    const lastDay = START + GRACE_DAYS * DAY_MS - 1
    expect(may({ kind: 'upload', sizeBytes: 1 }, late, usage, lastDay)).toBe(true)
    expect(bannerOf(late, standingOf(late, lastDay), usage, lastDay)).toMatchObject({
      kind: 'payment_failed',
      untilMs: lastDay + 1,
    })
    expect(may({ kind: 'upload', sizeBytes: 1 }, late, usage, lastDay + 1)).toBe(false)
    expect(bannerOf(late, standingOf(late, lastDay + 1), usage, lastDay + 1)).toMatchObject({ kind: 'stopped' })
    // What a Free organization may, it still may.
    expect(may({ kind: 'upload', sizeBytes: 1 }, late, { storageBytes: GIB }, lastDay + 1)).toBe(true)
  })

  it('that ended keeps for a while what it had over Free, and gives nothing new beyond Free', () => {
    const ended: SubscriptionFacts = {
      ...pro,
      status: 'canceled',
      endedAtMs: END,
      gracedPlan: 'pro',
      graceUntilMs: END + GRACE_DAYS * DAY_MS,
    }
    const had = { storageBytes: 10 * GIB, projects: 2 }
    expect(may({ kind: 'upload', sizeBytes: GIB }, ended, had, END)).toBe(true)
    // Two projects are within Free's three, so the third is allowed and the fourth is not, grace or not.
    expect(may({ kind: 'project' }, ended, had, END)).toBe(true)
    expect(may({ kind: 'project' }, ended, { ...had, projects: 3 }, END)).toBe(false)
    expect(bannerOf(ended, standingOf(ended, END), { ...none, ...had }, END)).toMatchObject({
      kind: 'over_limits',
      limits: ['storageBytes'],
    })
    expect(may({ kind: 'upload', sizeBytes: 1 }, ended, had, END + GRACE_DAYS * DAY_MS)).toBe(false)
  })

  it('never allows more in its grace than the plan it came from', () => {
    const ended: SubscriptionFacts = { ...pro, status: 'canceled', gracedPlan: 'pro', graceUntilMs: END }
    const allowed = allowedNow(standingOf(ended, START), 'storageBytes', 40 * GIB)
    expect(allowed).toBe(planOf('pro').limits.storageBytes)
  })

  it('that will end says so', () => {
    const ending = { ...pro, cancelAtMs: END }
    expect(bannerOf(ending, standingOf(ending, START), none, START)).toMatchObject({ kind: 'ends', untilMs: END })
  })
})

describe('the period of build minutes', () => {
  it('is the calendar month without a subscription', () => {
    const period = periodOf(undefined, Date.UTC(2027, 10, 30, 23))
    expect(period).toEqual({ startMs: Date.UTC(2027, 10, 1), endMs: Date.UTC(2027, 11, 1) })
  })

  it('rolls on by itself while word of the renewal is late', () => {
    expect(periodOf(pro, START)).toEqual({ startMs: START, endMs: END })
    expect(periodOf(pro, END)).toEqual({ startMs: END, endMs: Date.UTC(2027, 2, 28, 12) })
    const january: SubscriptionFacts = {
      ...pro,
      periodStartMs: Date.UTC(2026, 11, 31),
      periodEndMs: Date.UTC(2027, 0, 31),
    }
    expect(periodOf(january, Date.UTC(2027, 1, 1)).endMs).toBe(Date.UTC(2027, 1, 28))
  })
})

describe('a refusal', () => {
  it('says which limit, how much is used, what the plan allows, and where to get more', () => {
    const standing = standingOf(undefined, START)
    const shortfall = judge({ kind: 'upload', sizeBytes: 300 * 1024 ** 2 }, standing, {
      ...none,
      storageBytes: 1.9 * GIB,
    })
    expect(shortfall && explainShortfall(shortfall, standing, 'https://web.test/acme/billing')).toBe(
      'Storage: 1.9 GiB of 2 GiB of the plan Free are in use, and this needs 0.3 GiB more. ' +
        'A larger plan: https://web.test/acme/billing',
    )
  })

  it('of a build says when minutes start anew', () => {
    const standing = standingOf(pro, START)
    const shortfall = judge({ kind: 'build' }, standing, { ...none, buildMinutes: 2000.4 })
    expect(shortfall && explainShortfall(shortfall, standing, 'x')).toBe(
      'Build minutes: 2000 of 2000 of the plan Pro are in use. They start anew on 2027-02-28. A larger plan: x',
    )
  })
})
