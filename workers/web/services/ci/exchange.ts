// An identity token becomes a token of fifteen minutes, for one project, to publish with: once, and only when a
// publisher that the project trusts admits the run.
import { createBudget } from '@distropack/core/budget.ts'
import { catchStreamFaults } from '@distropack/core/bytes/stream-fault.ts'
import type { CiIdentity } from '@distropack/core/contract/api.ts'
import type { exchangedSchema, exchangeSchema } from '@distropack/core/contract/ci.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, lt, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { insertWhen } from '../../db/insert-when.ts'
import { apiTokens, organizations, projects } from '../../db/schema.ts'
import { knownIdentities, spentIdentities, trustedPublishers } from '../../db/tables/ci.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import { newToken } from '../access/tokens.ts'
import { logEvent } from '../platform/log.ts'
import { notingGrants, settleOutbox } from '../platform/outbox.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import { areMatched, CLAIM_LIMITS, type Claims, keptClaims } from './claims.ts'
import { refuseWholeWorld } from './shared-issuers.ts'
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

/**
 * What of a token is spent: who issued it and its jti, which is one token's alone (RFC 7519, 4.1.7); without a jti what
 * was signed. Never its text: a signature can be spelt in many ways.
 */
const spentAs = (token: string, issuer: string, { jti }: Claims): Promise<string> =>
  typeof jti === 'string' && jti !== ''
    ? sha256Hex(JSON.stringify(['jti', issuer, jti]))
    : sha256Hex(JSON.stringify(['signed', token.slice(0, token.lastIndexOf('.'))]))

interface Admitted {
  readonly project: Candidates['project']
  readonly publisher: Publisher
  readonly identity: CiIdentity
  readonly spent: typeof spentIdentities.$inferSelect
}

/**
 * One batch: the identity is spent and its token is there, or neither. Of two that come at once the first row decides;
 * and a publisher that is trusted no more admits nobody.
 */
const admit = async (
  platform: Platform,
  { project, publisher, identity, spent }: Admitted,
  expiresAtMs: number,
): Promise<string | undefined> => {
  const { db, nowMs } = platform
  const { organizationId, id: projectId } = project
  const { subject } = identity
  const whose = { kind: 'ci', organizationId, projectId, userId: null } as const
  const { row, secret } = await newToken(platform, {
    ...whose,
    name: publisher.name,
    scopes: ['publish'],
    expiresAtMs,
    identity,
  })
  const isMine = and(eq(trustedPublishers.id, publisher.id), eq(projects.organizationId, organizationId))
  const isTrusted = sql`exists (
    select 1 from ${trustedPublishers} join ${projects} on ${projects.id} = ${trustedPublishers.projectId} where ${isMine}
  )`
  const isUnspent = sql`not exists (select 1 from ${spentIdentities} where ${spentIdentities.tokenSha256} = ${spent.tokenSha256})`
  const isMade = sql`exists (select 1 from ${apiTokens} where ${apiTokens.id} = ${row.id})`
  const known = and(eq(knownIdentities.publisherId, publisher.id), eq(knownIdentities.subject, subject))
  const isNew = sql`${isMade} and not exists (select 1 from ${knownIdentities} where ${known})`
  const who = { kind: 'ci', id: publisher.id, name: subject } as const
  const audited = { organizationId, projectId, action: 'identity.accepted', subject, after: identity } as const
  const recorded = await prepareAudit({ ...platform, who }, audited, isNew)
  const making = insertWhen(db, apiTokens, row, sql`${isTrusted} and ${isUnspent}`).returning({ id: apiTokens.id })
  const first = { publisherId: publisher.id, subject, firstSeenAtMs: nowMs() }
  const [made, noted] = await db.batch([
    making,
    notingGrants(platform, eq(apiTokens.id, row.id)),
    ...recorded.statements,
    insertWhen(db, knownIdentities, first, isNew),
    insertWhen(db, spentIdentities, spent, isMade),
    db.update(trustedPublishers).set({ lastUsedAtMs: nowMs() }).where(eq(trustedPublishers.id, publisher.id)),
  ])
  await settleOutbox(platform, noted)
  if (made.length === 0) return undefined
  await recorded.tell()
  return secret
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
  const budget = createBudget(CLAIM_LIMITS)
  // A budget that is spent admits nobody, and says so to nobody: which projects there are is not to be told.
  const held = await catchStreamFaults(async () =>
    ok(candidates?.publishers.find((each) => refuseWholeWorld(each).ok && areMatched(each.claims, claims, budget))),
  )
  const publisher = held.ok ? held.value : undefined
  if (!candidates || !publisher) {
    logEvent('identity.refused', { projectId: candidates?.project.id, issuer, requestId: platform.requestId })
    return refused(`${unknown}: ${describeRun(claims)}.`)
  }
  const identity = { issuer, subject: claims.sub, publisherId: publisher.id, claims: keptClaims(claims) }
  const spent = {
    tokenSha256: await spentAs(token, issuer, claims),
    expiresAtMs: claims.exp * 1000 + KEPT_AFTER_EXPIRY_MS,
  }
  const expiresAtMs = nowMs + LIFETIME_MS
  const admitted = { project: candidates.project, publisher, identity, spent }
  const secret = await admit(platform, admitted, expiresAtMs)
  if (secret === undefined) return refused('This identity token was used before: ask the CI for a new one.')
  return ok({ secret, expiresAtMs, organization, project, publisher: publisher.name })
}

/** For the sweep. */
export const forgetSpentIdentities = async ({ db, nowMs }: Platform): Promise<void> => {
  await db.delete(spentIdentities).where(lt(spentIdentities.expiresAtMs, nowMs()))
}
