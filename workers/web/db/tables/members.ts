// Who belongs to an organization, and who is asked to.
import type { Role } from '@distropack/core/model/permissions.ts'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { organizations } from '../schema.ts'
import { users } from './accounts.ts'

export const members = sqliteTable(
  'members',
  {
    organizationId: text()
      .notNull()
      .references(() => organizations.id, { onDelete: 'cascade' }),
    userId: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text().$type<Role>().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.organizationId, table.userId] }), index('members_by_user').on(table.userId)],
)

export const invitations = sqliteTable(
  'invitations',
  {
    id: text().primaryKey(),
    /** null: an invitation to this instance alone, from its operator. */
    organizationId: text().references(() => organizations.id, { onDelete: 'cascade' }),
    email: text().notNull(),
    role: text().$type<Role>().notNull(),
    invitedBy: text().notNull(),
    /** Of the words in its mail, with which an account may be made. null: of an earlier release. */
    secretSha256: text(),
    state: text({ enum: ['open', 'accepted', 'revoked'] }).notNull(),
    createdAtMs: integer().notNull(),
    expiresAtMs: integer().notNull(),
  },
  (table) => [
    index('invitations_by_email').on(table.email, table.state),
    index('invitations_by_organization').on(table.organizationId, table.id),
  ],
)
