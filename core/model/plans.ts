// Every plan, what it allows and what it costs: the one data file. The server's limits, Stripe's catalogue
// (`npm run billing:setup`) and the price list all come from here.
//
// Limits stop what an organization adds: uploads, builds, projects, private repositories and grants, members. They
// never stop a reader, and nothing published is ever deleted: `buildLogDays` is the only limit that takes something
// away, and it takes the output of builds. Packages, every generation, build history and audit log stay on every plan;
// an upload that nobody finishes ends after a day on every plan.

export const PLAN_IDS = ['free', 'pro', 'team', 'self_hosted'] as const
export type PlanId = (typeof PLAN_IDS)[number]

/** `null`: unlimited. */
export interface PlanLimits {
  /** Every file an organization uploaded or built, each content counted once however many projects have it. */
  readonly storageBytes: number | null
  /** Time packagers worked on its jobs, in a month of its subscription, or of the calendar where it has none. */
  readonly buildMinutes: number | null
  /** Jobs at work at the same moment; more wait for their turn and are not refused. */
  readonly concurrentBuilds: number | null
  readonly projects: number | null
  readonly privateRepositories: number | null
  readonly members: number | null
  /** Days a job's log is kept after the job ended. */
  readonly buildLogDays: number | null
}

export interface Plan {
  readonly id: PlanId
  readonly name: string
  readonly limits: PlanLimits
  /** null: not sold. A price is found by its lookup key, so no id of Stripe's stands in the source. */
  readonly price: { readonly lookupKey: string; readonly monthlyCents: number } | null
  /** 0: none. An organization has one trial in its life. */
  readonly trialDays: number
  /**
   * What replaces the two limits for an organization that chose to pay for use beyond its plan: a ceiling still, so
   * that a runaway pipeline has an end. null: the plan does not offer it.
   */
  readonly ceilings: { readonly storageBytes: number; readonly buildMinutes: number } | null
}

const GIB = 1024 ** 3

export const CURRENCY = 'usd'

/** From the smallest to the largest. */
export const PLANS: readonly Plan[] = [
  {
    id: 'free',
    name: 'Free',
    limits: {
      storageBytes: 2 * GIB,
      buildMinutes: 100,
      concurrentBuilds: 2,
      projects: 3,
      privateRepositories: 0,
      members: 3,
      buildLogDays: 14,
    },
    price: null,
    trialDays: 0,
    ceilings: null,
  },
  {
    id: 'pro',
    name: 'Pro',
    limits: {
      storageBytes: 50 * GIB,
      buildMinutes: 2000,
      concurrentBuilds: 8,
      projects: 25,
      privateRepositories: 10,
      members: 10,
      buildLogDays: 90,
    },
    price: { lookupKey: 'distropack_pro_monthly', monthlyCents: 2900 },
    trialDays: 14,
    ceilings: { storageBytes: 500 * GIB, buildMinutes: 20_000 },
  },
  {
    id: 'team',
    name: 'Team',
    limits: {
      storageBytes: 250 * GIB,
      buildMinutes: 10_000,
      concurrentBuilds: 30,
      projects: null,
      privateRepositories: null,
      members: 50,
      buildLogDays: 365,
    },
    price: { lookupKey: 'distropack_team_monthly', monthlyCents: 9900 },
    trialDays: 0,
    ceilings: { storageBytes: 5000 * GIB, buildMinutes: 100_000 },
  },
  {
    // What every organization has where billing is off.
    id: 'self_hosted',
    name: 'Self-hosted',
    limits: {
      storageBytes: null,
      buildMinutes: null,
      concurrentBuilds: null,
      projects: null,
      privateRepositories: null,
      members: null,
      buildLogDays: null,
    },
    price: null,
    trialDays: 0,
    ceilings: null,
  },
]

export const METER_IDS = ['build_minutes', 'storage_gib_days'] as const
export type MeterId = (typeof METER_IDS)[number]

/**
 * Use beyond a plan, for those who chose to pay for it. Stripe is told of nothing else: what is included stands above
 * and nowhere in Stripe, so a change of plans moves no metered price. One price for every plan.
 */
export interface Meter {
  readonly id: MeterId
  readonly title: string
  /** Stripe's name of its events. */
  readonly eventName: string
  readonly lookupKey: string
  /** Of one unit, in hundredths of a cent: 80 is 0.8 cents. */
  readonly unitCentHundredths: number
}

export const METERS: readonly Meter[] = [
  {
    id: 'build_minutes',
    title: 'Build minutes beyond the plan',
    eventName: 'distropack_build_minutes',
    lookupKey: 'distropack_build_minutes',
    unitCentHundredths: 80,
  },
  {
    // A GiB, or a part of one, above the plan on one day.
    id: 'storage_gib_days',
    title: 'Storage beyond the plan, per GiB and day',
    eventName: 'distropack_storage_gib_days',
    lookupKey: 'distropack_storage_gib_days',
    unitCentHundredths: 30,
  },
]

/** One unit of the meter `storage_gib_days`. */
export const STORAGE_UNIT_BYTES = GIB

/**
 * How long what an organization had stays allowed after it came over its limits without adding anything: a smaller
 * plan, a cancellation, a payment that failed.
 */
export const GRACE_DAYS = 14

export const planOf = (id: PlanId): Plan => {
  const plan = PLANS.find((each) => each.id === id)
  if (!plan) throw new Error(`no plan ${id}`)
  return plan
}

/** Positive when `a` is the larger plan. */
export const comparePlans = (a: PlanId, b: PlanId): number => PLAN_IDS.indexOf(a) - PLAN_IDS.indexOf(b)
