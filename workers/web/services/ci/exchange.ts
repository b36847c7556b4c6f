// An identity token becomes a token of fifteen minutes, for one project, to publish with: once, and only when a
// publisher that the project trusts admits the run.
import type { CiIdentity } from '@distropack/core/contract/api.ts'
import type { exchangedSchema, exchangeSchema } from '@distropack/core/contract/ci.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, lt } from 'drizzle-orm'
import type { z } from 'zod'
import { organizations, projects } from '../../db/schema.ts'
import { knownIdentities, spentIdentities, trustedPublishers } from '../../db/tables/ci.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import { logEvent } from '../log.ts'
import type { Platform } from '../platform.ts'
import { record } from '../record.ts'
import { issueToken } from '../tokens.ts'
import { areMatched, type Claims, keptClaims } from './claims.ts'
import { claimedIssuer, verifyIdentity } from './verify.ts'

const LIFETIME_MS = 15 * 60 * 1000
/** After its expiry a token is refused for that; the tolerance of clocks is less than this. */
const KEPT_AFTER_EXPIRY_MS = 5 * 60 * 1000

type Publisher = typeof trustedPublishers.$inferSelect
type Exchange = z.infer<typeof exchangeSchema>

/** What an identity token must be made for. */
export const audienceOf = ({ env }: Platform): string => env.PUBLIC_URL

const refused = (message: string): Result<never, Fault> => err(fault('identity_refused', message))

interface Candidates {
  readonly project: { readonly id: string; readonly organizationId: string }
  readonly publishers: readonly Publisher[]
}

const findCandidates = async ({ db }: Platform, { organization, project }: Exchange, issuer: string) => {
  const rows = await db
    .select({ project: { id: projects.id, organizationId: projects.organizationId }, publisher: trustedPublishers })
    .from(trustedPublishers)
    .innerJoin(projects, eq(projects.id, trustedPublishers.projectId))
    .innerJoin(organizations, eq(organizations.id, projects.organizationId))
    .where(and(eq(organizations.slug, organization), eq(projects.slug, project), eq(trustedPublishers.issuer, issuer)))
  const [first] = rows
  const found: Candidates | undefined = first && {
    project: first.project,
    publishers: rows.map(({ publisher }) => publisher),
  }
  return found
}

const isTrustedSomewhere = async ({ db }: Platform, issuer: string): Promise<boolean> => {
  const same = eq(trustedPublishers.issuer, issuer)
  return (await db.select({ id: trustedPublishers.id }).from(trustedPublishers).where(same).limit(1)).length > 0
}

/** False when it was spent before: the insert itself decides between two that come at once. */
const spend = async ({ db }: Platform, token: string, expiresAtMs: number): Promise<boolean> => {
  const spent = await db
    .insert(spentIdentities)
    .values({ tokenSha256: await sha256Hex(token), expiresAtMs: expiresAtMs + KEPT_AFTER_EXPIRY_MS })
    .onConflictDoNothing()
    .returning({ tokenSha256: spentIdentities.tokenSha256 })
  return spent.length > 0
}

const noteIdentity = async (
  platform: Platform,
  { project }: Candidates,
  publisher: Publisher,
  identity: CiIdentity,
): Promise<void> => {
  const { db, nowMs } = platform
  const { subject } = identity
  const first = await db
    .insert(knownIdentities)
    .values({ publisherId: publisher.id, subject, firstSeenAtMs: nowMs() })
    .onConflictDoNothing()
    .returning({ subject: knownIdentities.subject })
  await db.update(trustedPublishers).set({ lastUsedAtMs: nowMs() }).where(eq(trustedPublishers.id, publisher.id))
  if (first.length === 0) return
  const { organizationId, id: projectId } = project
  const who = { kind: 'ci', id: publisher.id, name: subject } as const
  await record(
    { ...platform, who },
    { organizationId, projectId, action: 'identity.accepted', subject, after: identity },
  )
}

const describeRun = (claims: Claims): string => {
  const kept = Object.entries(keptClaims(claims)).map(([name, value]) => `${name}=${value}`)
  return kept.length > 0 ? kept.join(', ') : `sub=${String(claims.sub)}`
}

export const exchangeIdentity = async (
  platform: Platform,
  request: Exchange,
): Promise<Result<z.infer<typeof exchangedSchema>, Fault>> => {
  const { organization, project, token } = request
  const issuer = claimedIssuer(token)?.replace(/\/+$/, '')
  if (!issuer) return refused('The identity token is not a JWT that names its issuer.')
  const candidates = await findCandidates(platform, request, issuer)
  // Whether there is such a project, or which publishers it trusts, is nobody else's business: one answer for all. A
  // token of an issuer that some project trusts is verified and told its claims, whatever the project it names.
  const unknown = `${organization}/${project} trusts no publisher that admits this run`
  if (!candidates && !(await isTrustedSomewhere(platform, issuer))) return refused(`${unknown} (issuer ${issuer}).`)
  const nowMs = platform.nowMs()
  const verified = await verifyIdentity(token, { issuer, audience: audienceOf(platform), nowMs })
  if (!verified.ok) return verified
  const claims = verified.value
  const publisher = candidates?.publishers.find((each) => areMatched(each.claims, claims))
  if (!candidates || !publisher) {
    logEvent('identity.refused', { projectId: candidates?.project.id, issuer, requestId: platform.requestId })
    return refused(`${unknown}: ${describeRun(claims)}.`)
  }
  if (!(await spend(platform, token, claims.exp * 1000))) {
    return refused('This identity token was used before: ask the CI for a new one.')
  }
  const identity = { issuer, subject: claims.sub, publisherId: publisher.id, claims: keptClaims(claims) }
  await noteIdentity(platform, candidates, publisher, identity)
  const { organizationId, id: projectId } = candidates.project
  const whose = { kind: 'ci', organizationId, projectId, userId: null } as const
  const expiresAtMs = nowMs + LIFETIME_MS
  const made = await issueToken(platform, {
    ...whose,
    name: publisher.name,
    scopes: ['publish'],
    expiresAtMs,
    identity,
  })
  return ok({ secret: made.secret, expiresAtMs, organization, project, publisher: publisher.name })
}

/** For the sweep. */
export const forgetSpentIdentities = async ({ db, nowMs }: Platform): Promise<void> => {
  await db.delete(spentIdentities).where(lt(spentIdentities.expiresAtMs, nowMs()))
}
