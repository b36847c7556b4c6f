// What tokens may read of private repositories, as the file server finds it: one object a token in the store, because
// the file server has no database. A grant follows every change of its token, of its user's memberships and of names.
import { type Grant, objectKey } from '@distropack/core/contract/objects.ts'
import { and, eq, isNotNull, lt, type SQL } from 'drizzle-orm'
import { apiTokens, organizations, projects } from '../db/schema.ts'
import { members } from '../db/tables/members.ts'
import type { Platform } from './platform.ts'

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
  return rows.map(({ organization }) => ({ organization, project: null }))
}

/** Writes what the token opens now, or takes its grant away. In force with the next request of a reader. */
export const writeGrant = async (platform: Platform, token: TokenRow): Promise<void> => {
  const key = objectKey.grant(token.secretSha256)
  const isDead = token.revokedAtMs !== null || (token.expiresAtMs !== null && token.expiresAtMs <= platform.nowMs())
  const reach = isDead ? [] : await reachOf(platform, token)
  if (reach.length === 0) return platform.bucket.delete(key)
  const grant: Grant = { reach, expiresAtMs: token.expiresAtMs }
  await platform.bucket.put(key, JSON.stringify(grant), { httpMetadata: { contentType: 'application/json' } })
}

/** The grants of these tokens, written anew. */
export const refreshGrants = async (platform: Platform, which: SQL): Promise<void> => {
  const rows = await platform.db.select().from(apiTokens).where(which)
  for (const row of rows) await writeGrant(platform, row)
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

/** Before their tokens go with their user. */
export const dropGrants = async (platform: Platform, which: SQL): Promise<void> => {
  const rows = await platform.db.select({ secretSha256: apiTokens.secretSha256 }).from(apiTokens).where(which)
  if (rows.length > 0) await platform.bucket.delete(rows.map(({ secretSha256 }) => objectKey.grant(secretSha256)))
}
