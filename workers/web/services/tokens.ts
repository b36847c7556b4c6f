// API tokens: random, stored hashed, shown once, revocable.
import type { createdTokenSchema, createTokenSchema, tokenSchema, whoamiSchema } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, desc, eq, isNull, lt } from 'drizzle-orm'
import type { z } from 'zod'
import { apiTokens, projects } from '../db/schema.ts'
import { sha256Hex } from '../storage/sha256.ts'
import type { Actor } from './access.ts'
import { newId, newSecret } from './ids.ts'
import type { Platform } from './platform.ts'

type Token = z.infer<typeof tokenSchema>

interface TokenOwner {
  readonly id: string
  readonly slug: string
}

type TokenRow = typeof apiTokens.$inferSelect
const describeToken = (row: TokenRow, owner: TokenOwner, project: string | null): Token => ({
  id: row.id,
  name: row.name,
  organization: owner.slug,
  project,
  scopes: [...row.scopes],
  createdAtMs: row.createdAtMs,
  expiresAtMs: row.expiresAtMs,
  lastUsedAtMs: row.lastUsedAtMs,
})

export const createToken = async (
  { db, nowMs }: Platform,
  owner: TokenOwner,
  request: z.infer<typeof createTokenSchema>,
): Promise<Result<z.infer<typeof createdTokenSchema>, Fault>> => {
  let projectId: string | null = null
  if (request.project !== undefined) {
    const inOrganization = and(eq(projects.organizationId, owner.id), eq(projects.slug, request.project))
    const [project] = await db.select({ id: projects.id }).from(projects).where(inOrganization)
    if (!project) return err(fault('not_found', `There is no project "${owner.slug}/${request.project}".`))
    projectId = project.id
  }
  const secret = newSecret()
  const row: TokenRow = {
    id: newId('tok', nowMs()),
    organizationId: owner.id,
    projectId,
    name: request.name,
    secretSha256: await sha256Hex(secret),
    scopes: request.scopes,
    createdAtMs: nowMs(),
    expiresAtMs: request.expiresAtMs ?? null,
    lastUsedAtMs: null,
    revokedAtMs: null,
  }
  await db.insert(apiTokens).values(row)
  return ok({ ...describeToken(row, owner, request.project ?? null), secret })
}

export const listTokens = async (
  { db }: Platform,
  owner: TokenOwner,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ items: Token[]; nextCursor: string | null }> => {
  const rows = await db
    .select({ token: apiTokens, project: projects.slug })
    .from(apiTokens)
    .leftJoin(projects, eq(projects.id, apiTokens.projectId))
    .where(
      and(
        eq(apiTokens.organizationId, owner.id),
        isNull(apiTokens.revokedAtMs),
        page.cursor ? lt(apiTokens.id, page.cursor) : undefined,
      ),
    )
    .orderBy(desc(apiTokens.id))
    .limit(page.limit + 1)
  const items = rows.slice(0, page.limit).map(({ token, project }) => describeToken(token, owner, project))
  return { items, nextCursor: rows.length > page.limit ? (items.at(-1)?.id ?? null) : null }
}

export const revokeToken = async (
  { db, nowMs }: Platform,
  owner: TokenOwner,
  tokenId: string,
): Promise<Result<void, Fault>> => {
  const revoked = await db
    .update(apiTokens)
    .set({ revokedAtMs: nowMs() })
    .where(and(eq(apiTokens.id, tokenId), eq(apiTokens.organizationId, owner.id), isNull(apiTokens.revokedAtMs)))
    .returning({ id: apiTokens.id })
  return revoked.length > 0 ? ok(undefined) : err(fault('not_found', `There is no token "${tokenId}".`))
}

/** What a token opens, in its holder's words. */
export const describeReach = async (
  { db }: Platform,
  { organization, projectId, scopes }: Extract<Actor, { kind: 'token' }>,
): Promise<z.infer<typeof whoamiSchema>> => {
  const [project] = projectId ? await db.select().from(projects).where(eq(projects.id, projectId)) : []
  return { organization, project: project?.slug ?? null, scopes: [...scopes] }
}
