// What happened, by whom. Rows are only added: no reference to users or projects, so that what they did outlives them.
import type { AuditAction, AuditActor } from '@distropack/core/contract/audit.ts'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const auditEntries = sqliteTable(
  'audit_entries',
  {
    id: text().primaryKey(),
    organizationId: text().notNull(),
    projectId: text(),
    atMs: integer().notNull(),
    action: text().$type<AuditAction>().notNull(),
    actorKind: text().$type<AuditActor['kind']>().notNull(),
    actorId: text().notNull(),
    actorName: text().notNull(),
    /** What it was done to: an id or a name. */
    subject: text().notNull(),
    before: text({ mode: 'json' }).$type<unknown>(),
    after: text({ mode: 'json' }).$type<unknown>(),
    requestId: text().notNull(),
  },
  (table) => [
    index('audit_entries_by_organization').on(table.organizationId, table.id),
    index('audit_entries_by_action').on(table.organizationId, table.action, table.id),
    index('audit_entries_by_actor').on(table.organizationId, table.actorId, table.id),
  ],
)
