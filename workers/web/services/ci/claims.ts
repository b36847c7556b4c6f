// Do a token's claims satisfy a publisher's matchers? No I/O, no clock.
import { type Budget, type Limits, REQUEST_LIMITS } from '@distropack/core/budget.ts'
import type { ClaimMatcher } from '@distropack/core/contract/ci.ts'
import { matchesWildcard } from '@distropack/core/text/wildcard.ts'

export type Claims = Readonly<Record<string, unknown>>

/** A claim as text. Lists and objects match nothing: what a matcher means by them would be a guess. */
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined

/** What one identity may cost, for all publishers it is held against. */
export const CLAIM_LIMITS: Limits = { ...REQUEST_LIMITS, steps: 20_000_000 }

/** @throws StreamFault when the budget is spent: patterns of many stars against a long claim. */
export const isMatched = (matcher: ClaimMatcher, claims: Claims, budget: Budget): boolean => {
  const text = Object.hasOwn(claims, matcher.claim) ? textOf(claims[matcher.claim]) : undefined
  if (text === undefined) return false
  if (matcher.kind === 'equals') return text === matcher.value
  if (matcher.kind === 'in') return matcher.values.includes(text)
  // A star stays within one segment, so that `refs/tags/*` does not admit `refs/tags/../heads/main`-like names.
  return matchesWildcard(matcher.pattern, text, budget)
}

export const areMatched = (matchers: readonly ClaimMatcher[], claims: Claims, budget: Budget): boolean =>
  matchers.length > 0 && matchers.every((matcher) => isMatched(matcher, claims, budget))

/** What is kept of an identity: what names the run, and nothing an issuer may have put in besides. */
const KEPT = [
  'repository',
  'repository_id',
  'repository_owner_id',
  'workflow_ref',
  'ref',
  'sha',
  'environment',
  'run_id',
  'run_attempt',
  'actor',
  'project_path',
  'project_id',
  'pipeline_id',
  'job_id',
  'organization_slug',
  'pipeline_slug',
  'build_number',
  'build_branch',
  'build_commit',
] as const
const MAX_KEPT_CHARACTERS = 500

export const keptClaims = (claims: Claims): Record<string, string> =>
  Object.fromEntries(
    KEPT.flatMap((name) => {
      const text = textOf(claims[name])
      return text === undefined ? [] : [[name, text.slice(0, MAX_KEPT_CHARACTERS)] as const]
    }),
  )
