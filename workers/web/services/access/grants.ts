// What tokens may read of private repositories, as the file server finds it: one object a token in the store, because
// the file server has no database. A grant follows every change of its token, of its user's memberships and of names:
// each is noted in the outbox with the change, and done by comparing with D1.
import { type Grant, objectKey } from '@distropack/core/contract/objects.ts'
import { and, eq, isNotNull, lt } from 'drizzle-orm'
import { apiTokens, organizations, projects } from '../../db/schema.ts'
import { members } from '../../db/tables/members.ts'
import type { Platform } from '../platform/platform.ts'

type TokenRow = typeof apiTokens.$inferSelect

const reachOf = async ({ db }: Platform, token: TokenRow): Promise<Grant['reach']> => {
  if (token.userId === null) {
    const owner = eq(organizations.id, token.organizationId ?? '')
    const [organization] = await db.select({ slug: organizations.slug }).from(organizations).where(owner)
    if (!organization) return []
    if (token.projectId === null) return [{ organization: organization.slug, project: null }]
    const [project] = await db.select({ slug: projects.slug }).from(projects).where(eq(projects.id, token.projectId))
    return project ? [{ organization: organization.slug, project: project.slug }] : []
  }
  const rows = await db
    .select({ organization: organizations.slug })
    .from(members)
    .innerJoin(organizations, eq(organizations.id, members.organizationId))
    .where(
      and(
        eq(members.userId, token.userId),
        token.organizationId === null ? undefined : eq(members.organizationId, token.organizationId),
      ),
    )
    .orderBy(organizations.slug)
  return rows.map(({ organization }) => ({ organization, project: null }))
}

/** The grant that D1 says this token has now, as it is stored; null: none. */
const grantInD1 = async (platform: Platform, secretSha256: string): Promise<string | null> => {
  const [token] = await platform.db.select().from(apiTokens).where(eq(apiTokens.secretSha256, secretSha256))
  const isDead =
    !token || token.revokedAtMs !== null || (token.expiresAtMs !== null && token.expiresAtMs <= platform.nowMs())
  const reach = isDead ? [] : await reachOf(platform, token)
  if (!token || reach.length === 0) return null
  const grant: Grant = { reach, expiresAtMs: token.expiresAtMs }
  return JSON.stringify(grant)
}

const MAX_ROUNDS = 5

/**
 * Makes the grant what D1 says, and looks again once it is written: what was revoked in between must not come back by
 * this hand. In force with the next request of a reader.
 */
export const compareGrant = async (platform: Platform, secretSha256: string): Promise<void> => {
  const key = objectKey.grant(secretSha256)
  let wanted = await grantInD1(platform, secretSha256)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (wanted === null) await platform.bucket.delete(key)
    else await platform.bucket.put(key, wanted, { httpMetadata: { contentType: 'application/json' } })
    const now = await grantInD1(platform, secretSha256)
    if (now === wanted) return
    wanted = now
  }
  throw new Error(`the token changed ${MAX_ROUNDS} times while its grant was written`)
}

/** Expired tokens open nothing by their date alone; this takes away what is left of them. */
export const dropExpiredGrants = async (platform: Platform, limit: number): Promise<number> => {
  const nowMs = platform.nowMs()
  const expired = await platform.db
    .select()
    .from(apiTokens)
    .where(and(isNotNull(apiTokens.expiresAtMs), lt(apiTokens.expiresAtMs, nowMs), eq(apiTokens.kind, 'ci')))
    .limit(limit)
  for (const token of expired) {
    await platform.bucket.delete(objectKey.grant(token.secretSha256))
    await platform.db.delete(apiTokens).where(eq(apiTokens.id, token.id))
  }
  return expired.length
}
