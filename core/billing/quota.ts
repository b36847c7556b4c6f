// May or may not, and why. What an organization adds is measured against its limits; what readers do never is.
import type { PlanLimits } from '../model/plans.ts'
import type { Standing } from './account-status.ts'

export type Ask =
  /** An upload of so many bytes the organization does not have yet. */
  | { readonly kind: 'upload'; readonly sizeBytes: number }
  /** The start of a build, and of each of its jobs. */
  | { readonly kind: 'build' }
  | { readonly kind: 'project' }
  /** A repository that becomes private, or is made so. */
  | { readonly kind: 'private_repository' }
  /** A new way into a private repository. */
  | { readonly kind: 'private_grant' }
  | { readonly kind: 'member' }

/** What an organization has, in the units of the limits. */
export type Usage = Readonly<
  Record<'storageBytes' | 'buildMinutes' | 'projects' | 'privateRepositories' | 'members', number>
>
export type MeasuredLimit = keyof Usage

export interface Shortfall {
  readonly limit: MeasuredLimit
  readonly used: number
  readonly allowed: number
  /** What the ask would have added; 0: it is over already. */
  readonly wanted: number
}

/** What counts for one limit now: the graced one for what came over the smaller plan's without adding anything. */
export const allowedNow = ({ limits, graced }: Standing, limit: MeasuredLimit, used: number): number | null => {
  const own = limits[limit]
  if (own === null || !graced || used <= own) return own
  const earlier = graced.limits[limit]
  return earlier === null ? null : Math.max(own, earlier)
}

interface Measure {
  readonly limit: MeasuredLimit
  readonly wanted: number
  readonly fits: (used: number, allowed: number) => boolean
}

const adds = (limit: MeasuredLimit, wanted: number): Measure => ({
  limit,
  wanted,
  fits: (used, allowed) => used + wanted <= allowed,
})
const isNotOver = (limit: MeasuredLimit): Measure => adds(limit, 0)
/** For what is used up bit by bit, and nobody knows how much a start will take. */
const hasRoom = (limit: MeasuredLimit): Measure => ({ limit, wanted: 0, fits: (used, allowed) => used < allowed })

const measuresOf = (ask: Ask, usage: Usage): readonly Measure[] => {
  switch (ask.kind) {
    case 'upload':
      return [adds('storageBytes', ask.sizeBytes)]
    case 'build':
      // A build whose result could not be kept is not begun.
      return [hasRoom('buildMinutes'), isNotOver('storageBytes')]
    case 'project':
      return [adds('projects', 1)]
    case 'private_repository':
      return [adds('privateRepositories', 1)]
    case 'private_grant':
      // Where nothing is private, a token opens nothing that is not open to all.
      if (usage.privateRepositories === 0) return []
      return [isNotOver('privateRepositories'), isNotOver('storageBytes')]
    case 'member':
      return [adds('members', 1)]
  }
}

const shortfallOf = (standing: Standing, usage: Usage, { limit, wanted, fits }: Measure): Shortfall[] => {
  const used = usage[limit]
  const allowed = allowedNow(standing, limit, used)
  return allowed === null || fits(used, allowed) ? [] : [{ limit, used, allowed, wanted }]
}

/** The first limit that stands in the way; undefined: it may. */
export const judge = (ask: Ask, standing: Standing, usage: Usage): Shortfall | undefined =>
  measuresOf(ask, usage).flatMap((measure) => shortfallOf(standing, usage, measure))[0]

const MEASURED: readonly MeasuredLimit[] = [
  'storageBytes',
  'buildMinutes',
  'projects',
  'privateRepositories',
  'members',
]

/** Limits that are passed by the plan's own measure, grace or not. */
export const limitsPassed = (limits: PlanLimits, usage: Usage): readonly MeasuredLimit[] =>
  MEASURED.filter((limit) => usage[limit] > (limits[limit] ?? Number.POSITIVE_INFINITY))

const NEAR_SHARE = 0.8

/** What fills up by itself, so that somebody would want to know before it is full. */
export const nearLimits = (limits: PlanLimits, usage: Usage): readonly MeasuredLimit[] =>
  (['storageBytes', 'buildMinutes'] as const).filter((limit) => {
    const allowed = limits[limit]
    return allowed !== null && usage[limit] >= allowed * NEAR_SHARE
  })
