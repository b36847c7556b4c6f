// API tokens: random, stored hashed, shown once, rotated with an overlap, revocable at once. Three kinds: of an
// organization (or one project of it), of a person, and of one CI run.

import type {
  createdTokenSchema,
  createPersonalTokenSchema,
  createTokenSchema,
  tokenSchema,
  whoamiSchema,
} from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { insertWhen, type Statement } from '../../db/insert-when.ts'
import { newestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { apiTokens, organizations, projects } from '../../db/schema.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import { mayUse } from '../billing/entitlements.ts'
import { newId, newSecret } from '../platform/ids.ts'
import { notingGrants, settleClosing, settleOutbox } from '../platform/outbox.ts'
import type { Platform } from '../platform/platform.ts'
import { type AuditedAction, prepareAudit } from '../platform/record.ts'
import { type Actor, findUser, openOrganization, type TokenActor, type UserActor } from './access.ts'

type Token = z.infer<typeof tokenSchema>
type CreatedToken = z.infer<typeof createdTokenSchema>
export type TokenRow = typeof apiTokens.$inferSelect

export interface TokenOwner {
  readonly id: string
  readonly slug: string
}

interface Names {
  readonly organization: string | null
  readonly project: string | null
}

const describeToken = (row: TokenRow, names: Names): Token => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  organization: names.organization,
  project: names.project,
  scopes: [...row.scopes],
  createdAtMs: row.createdAtMs,
  expiresAtMs: row.expiresAtMs,
  lastUsedAtMs: row.lastUsedAtMs,
})

export type NewToken = Pick<TokenRow, 'kind' | 'organizationId' | 'projectId' | 'userId' | 'name' | 'scopes'> &
  Partial<Pick<TokenRow, 'expiresAtMs' | 'identity'>>

type TokenAction = 'token.created' | 'token.rotated' | 'token.revoked'

/** undefined: of a person alone, which is no organization's business. */
const deedOf = (
  action: TokenAction,
  { id, organizationId, projectId, name, scopes, expiresAtMs }: TokenRow,
): AuditedAction | undefined =>
  organizationId === null
    ? undefined
    : {
        organizationId,
        ...(projectId ? { projectId } : {}),
        action,
        subject: id,
        after: { name, scopes, expiresAtMs },
      }

const NO_DEED: { readonly statements: readonly Statement[]; readonly tell: () => Promise<void> } = {
  statements: [],
  tell: async () => {},
}

const prepareTokenAudit = async (platform: Platform, action: TokenAction, row: TokenRow, when?: SQL) => {
  const audited = deedOf(action, row)
  return audited ? prepareAudit(platform, audited, when) : NO_DEED
}

/** A row that is nowhere yet, and the secret nobody can read again. */
export const newToken = async (
  { nowMs }: Platform,
  token: NewToken,
): Promise<{ readonly row: TokenRow; readonly secret: string }> => {
  const secret = newSecret()
  const row: TokenRow = {
    identity: null,
    expiresAtMs: null,
    ...token,
    id: newId('tok', nowMs()),
    secretSha256: await sha256Hex(secret),
    createdAtMs: nowMs(),
    lastUsedAtMs: null,
    revokedAtMs: null,
  }
  return { row, secret }
}

/** The row, its grant, and the secret. */
const issueToken = async (platform: Platform, token: NewToken): Promise<{ row: TokenRow; secret: string }> => {
  const { db } = platform
  const { row, secret } = await newToken(platform, token)
  const recorded = await prepareTokenAudit(platform, 'token.created', row)
  const [, noted] = await db.batch([
    db.insert(apiTokens).values(row),
    notingGrants(platform, eq(apiTokens.id, row.id)),
    ...recorded.statements,
  ])
  // Its grant may come a moment later; the secret is shown once, and now.
  await settleOutbox(platform, noted)
  await recorded.tell()
  return { row, secret }
}

export const createToken = async (
  platform: Platform,
  owner: TokenOwner,
  request: z.infer<typeof createTokenSchema>,
): Promise<Result<CreatedToken, Fault>> => {
  let projectId: string | null = null
  if (request.project !== undefined) {
    const inOrganization = and(eq(projects.organizationId, owner.id), eq(projects.slug, request.project))
    const [project] = await platform.db.select({ id: projects.id }).from(projects).where(inOrganization)
    if (!project) return err(fault('not_found', `There is no project "${owner.slug}/${request.project}".`))
    projectId = project.id
  }
  const may = await mayUse(platform, owner.id, { kind: 'private_grant' })
  if (!may.ok) return may
  const { name, scopes, expiresAtMs = null } = request
  const whose = { kind: 'organization', organizationId: owner.id, projectId, userId: null } as const
  const { row, secret } = await issueToken(platform, { ...whose, name, scopes, expiresAtMs })
  return ok({ ...describeToken(row, { organization: owner.slug, project: request.project ?? null }), secret })
}

/** It may what its user may, and no more than its scopes say. */
export const createPersonalToken = async (
  platform: Platform,
  user: UserActor,
  request: z.infer<typeof createPersonalTokenSchema>,
): Promise<Result<CreatedToken, Fault>> => {
  const { name, scopes, expiresAtMs = null, organization = null } = request
  const opened =
    organization === null ? null : await openOrganization(platform, user, organization, 'organization.read')
  if (opened && !opened.ok) return opened
  const organizationId = opened?.value.id ?? null
  const may = organizationId ? await mayUse(platform, organizationId, { kind: 'private_grant' }) : ok(undefined)
  if (!may.ok) return may
  const whose = { kind: 'personal', organizationId, projectId: null, userId: user.userId } as const
  const { row, secret } = await issueToken(platform, { ...whose, name, scopes, expiresAtMs })
  return ok({ ...describeToken(row, { organization, project: null }), secret })
}

/** Tokens of an organization, or of a user. */
export type TokensOf = { readonly organizationId: string } | { readonly userId: string }

/** Where a token is kept. */
export const ownersOf = ({ userId, organizationId, tokenId }: TokenActor): TokensOf => {
  if (userId !== null) return { userId }
  if (organizationId !== null) return { organizationId }
  throw new Error(`the token ${tokenId} is nobody's`)
}

const within = (of: TokensOf): SQL | undefined =>
  'userId' in of
    ? eq(apiTokens.userId, of.userId)
    : and(eq(apiTokens.organizationId, of.organizationId), isNull(apiTokens.userId))

const selectTokens = ({ db }: Platform) =>
  db
    .select({ token: apiTokens, organization: organizations.slug, project: projects.slug })
    .from(apiTokens)
    .leftJoin(organizations, eq(organizations.id, apiTokens.organizationId))
    .leftJoin(projects, eq(projects.id, apiTokens.projectId))

export const listTokens = async (platform: Platform, of: TokensOf, page: PageQuery): Promise<Page<Token>> => {
  const { rows, nextCursor } = await readPage(
    page,
    newestFirst(apiTokens.id),
    ({ beyond, order, limit }) =>
      selectTokens(platform)
        .where(and(within(of), isNull(apiTokens.revokedAtMs), beyond))
        .orderBy(order)
        .limit(limit),
    ({ token }) => token.id,
  )
  const items = rows.map(({ token, ...names }) => describeToken(token, names))
  return { items, nextCursor }
}

const isInForce = (tokenId: string): SQL =>
  sql`exists (select 1 from ${apiTokens} where ${apiTokens.id} = ${tokenId} and ${apiTokens.revokedAtMs} is null)`

const noToken = (tokenId: string) => err(fault('not_found', `There is no token "${tokenId}".`))

/**
 * In force with the next request: tokens are looked up, never cached. Asked again, it finishes what the first time left
 * of the grant.
 */
export const revokeToken = async (platform: Platform, of: TokensOf, tokenId: string): Promise<Result<void, Fault>> => {
  const { db, nowMs } = platform
  const mine = and(eq(apiTokens.id, tokenId), within(of))
  const [found] = await db.select().from(apiTokens).where(mine)
  if (!found) return noToken(tokenId)
  const recorded = await prepareTokenAudit(platform, 'token.revoked', found, isInForce(tokenId))
  const [noted] = await db.batch([
    notingGrants(platform, mine),
    ...recorded.statements,
    db
      .update(apiTokens)
      .set({ revokedAtMs: nowMs() })
      .where(and(mine, isNull(apiTokens.revokedAtMs))),
  ])
  if (found.revokedAtMs === null) await recorded.tell()
  return settleClosing(platform, noted)
}

/**
 * A new secret with the old one's reach; the old one goes on for the overlap, so that nothing fails in between. Of one
 * that was revoked meanwhile there is no next.
 */
export const rotateToken = async (
  platform: Platform,
  of: TokensOf,
  tokenId: string,
  overlapSeconds: number,
): Promise<Result<CreatedToken, Fault>> => {
  const { db } = platform
  const now = platform.nowMs()
  const mine = and(eq(apiTokens.id, tokenId), within(of), isNull(apiTokens.revokedAtMs))
  const [found] = await selectTokens(platform).where(mine)
  if (!found) return noToken(tokenId)
  const { token: old, ...names } = found
  if (old.expiresAtMs !== null && old.expiresAtMs <= now) {
    return err(fault('conflict', `The token "${tokenId}" has expired. Make a new one.`))
  }
  // As long a life as the old one was given, from now.
  const expiresAtMs = old.expiresAtMs === null ? null : now + (old.expiresAtMs - old.createdAtMs)
  const { kind, organizationId, projectId, userId, name, scopes } = old
  const { row, secret } = await newToken(platform, {
    kind,
    organizationId,
    projectId,
    userId,
    name,
    scopes,
    expiresAtMs,
  })
  const endsAtMs = Math.min(old.expiresAtMs ?? Number.POSITIVE_INFINITY, now + overlapSeconds * 1000)
  const recorded = await prepareTokenAudit(platform, 'token.rotated', row, isInForce(tokenId))
  const [made, noted] = await db.batch([
    insertWhen(db, apiTokens, row, isInForce(tokenId)).returning({ id: apiTokens.id }),
    notingGrants(platform, inArray(apiTokens.id, [row.id, old.id])),
    ...recorded.statements,
    db.update(apiTokens).set({ expiresAtMs: endsAtMs }).where(mine),
  ])
  await settleOutbox(platform, noted)
  if (made.length === 0) return noToken(tokenId)
  await recorded.tell()
  return ok({ ...describeToken(row, names), secret })
}

/** Who asks, in their own words. */
export const describeActor = async (
  platform: Platform,
  actor: Exclude<Actor, { kind: 'operator' }>,
): Promise<z.infer<typeof whoamiSchema>> => {
  if (actor.kind === 'user') {
    const { email, isOperator } = actor
    return { kind: 'user', email, organization: null, project: null, scopes: ['admin'], isOperator }
  }
  const [names] = await selectTokens(platform).where(eq(apiTokens.id, actor.tokenId))
  const user = actor.userId === null ? undefined : await findUser(platform, actor.userId)
  return {
    kind: actor.tokenKind,
    email: user?.email ?? null,
    organization: names?.organization ?? null,
    project: names?.project ?? null,
    scopes: [...actor.scopes],
    isOperator: false,
  }
}
