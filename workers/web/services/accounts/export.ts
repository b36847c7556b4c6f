// All that is kept about one person, without what would open something.
import type { accountExportSchema } from '@distropack/core/contract/api.ts'
import { asc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import { apiTokens, organizations } from '../../db/schema.ts'
import { passkeys, sessions, signIns, users } from '../../db/tables/accounts.ts'
import { auditEntries } from '../../db/tables/audit.ts'
import { members } from '../../db/tables/members.ts'
import type { UserActor } from '../access/access.ts'
import type { Platform } from '../platform/platform.ts'

/** Deeds shown; the audit log of each organization holds them all. */
const MAX_DEEDS = 1000

export const exportAccount = async (
  { db }: Platform,
  { userId }: UserActor,
): Promise<z.infer<typeof accountExportSchema>> => {
  const [user] = await db.select().from(users).where(eq(users.id, userId))
  if (!user) throw new Error(`user ${userId} is gone while signed in`)
  const [sessionRows, signInRows, passkeyRows, tokenRows, memberRows, actions] = await db.batch([
    db
      .select({
        id: sessions.id,
        createdAt: sessions.createdAt,
        expiresAt: sessions.expiresAt,
        ipAddress: sessions.ipAddress,
        userAgent: sessions.userAgent,
      })
      .from(sessions)
      .where(eq(sessions.userId, userId)),
    db
      .select({ provider: signIns.providerId, createdAt: signIns.createdAt })
      .from(signIns)
      .where(eq(signIns.userId, userId)),
    db.select({ name: passkeys.name, createdAt: passkeys.createdAt }).from(passkeys).where(eq(passkeys.userId, userId)),
    db
      .select({
        id: apiTokens.id,
        name: apiTokens.name,
        createdAtMs: apiTokens.createdAtMs,
        lastUsedAtMs: apiTokens.lastUsedAtMs,
      })
      .from(apiTokens)
      .where(eq(apiTokens.userId, userId)),
    db
      .select({ organization: organizations.slug, role: members.role, joinedAtMs: members.createdAtMs })
      .from(members)
      .innerJoin(organizations, eq(organizations.id, members.organizationId))
      .where(eq(members.userId, userId)),
    db
      .select({ atMs: auditEntries.atMs, action: auditEntries.action, subject: auditEntries.subject })
      .from(auditEntries)
      .where(eq(auditEntries.actorId, userId))
      .orderBy(asc(auditEntries.id))
      .limit(MAX_DEEDS),
  ])
  const { id, name, email, emailVerified, twoFactorEnabled, createdAt } = user
  return {
    user: {
      id,
      name,
      email,
      emailVerified,
      twoFactorEnabled: twoFactorEnabled === true,
      createdAtMs: createdAt.getTime(),
    },
    organizations: memberRows,
    sessions: sessionRows.map((row) => ({
      id: row.id,
      createdAtMs: row.createdAt.getTime(),
      expiresAtMs: row.expiresAt.getTime(),
      ipAddress: row.ipAddress,
      userAgent: row.userAgent,
    })),
    signIns: signInRows.map(({ provider, createdAt: at }) => ({ provider, createdAtMs: at.getTime() })),
    passkeys: passkeyRows.map(({ name: called, createdAt: at }) => ({
      name: called,
      createdAtMs: at?.getTime() ?? null,
    })),
    tokens: tokenRows,
    actions,
  }
}
