// CI systems a project trusts, whom they admitted, and which identity tokens were spent.
import type { ClaimMatcher } from '@distropack/core/contract/ci.ts'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { projects } from '../schema.ts'

export const trustedPublishers = sqliteTable(
  'trusted_publishers',
  {
    id: text().primaryKey(),
    projectId: text()
      .notNull()
      .references(() => projects.id),
    name: text().notNull(),
    provider: text().notNull(),
    issuer: text().notNull(),
    claims: text({ mode: 'json' }).$type<readonly ClaimMatcher[]>().notNull(),
    lastUsedAtMs: integer(),
    createdAtMs: integer().notNull(),
  },
  (table) => [
    index('trusted_publishers_by_project').on(table.projectId, table.issuer),
    index('trusted_publishers_by_issuer').on(table.issuer),
  ],
)

/** Subjects a publisher has admitted before: a new one is worth a notice. */
export const knownIdentities = sqliteTable(
  'known_identities',
  {
    publisherId: text()
      .notNull()
      .references(() => trustedPublishers.id, { onDelete: 'cascade' }),
    subject: text().notNull(),
    firstSeenAtMs: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.publisherId, table.subject] })],
)

/**
 * Identity tokens that were exchanged: each is taken once. Kept until it would have expired. The digest is of issuer and
 * jti, or of the signed part where there is no jti; never of the token's own text, which can be spelt in many ways.
 */
export const spentIdentities = sqliteTable(
  'spent_identities',
  {
    tokenSha256: text().primaryKey(),
    expiresAtMs: integer().notNull(),
  },
  (table) => [index('spent_identities_by_expiry').on(table.expiresAtMs)],
)
