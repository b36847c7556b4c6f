// Who wants to hear of what, and every notice that was sent or is to be.
import type { WebhookEvent } from '@distropack/core/contract/webhooks.ts'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { organizations, projects } from '../schema.ts'

export const webhooks = sqliteTable(
  'webhooks',
  {
    id: text().primaryKey(),
    organizationId: text()
      .notNull()
      .references(() => organizations.id, { onDelete: 'cascade' }),
    /** null: of every project. */
    projectId: text().references(() => projects.id),
    kind: text({ enum: ['json', 'slack', 'mail'] }).notNull(),
    /** Sealed: a chat's address is as good as a password. */
    sealedAddress: text().notNull(),
    /** What may be shown of it: scheme and host, or the mailbox. */
    shownAddress: text().notNull(),
    sealedSecret: text(),
    events: text({ mode: 'json' }).$type<readonly WebhookEvent[]>().notNull(),
    enabled: integer({ mode: 'boolean' }).notNull(),
    failures: integer().notNull().default(0),
    createdAtMs: integer().notNull(),
  },
  (table) => [index('webhooks_by_organization').on(table.organizationId, table.id)],
)

export const deliveries = sqliteTable(
  'webhook_deliveries',
  {
    id: text().primaryKey(),
    webhookId: text()
      .notNull()
      .references(() => webhooks.id, { onDelete: 'cascade' }),
    event: text().notNull(),
    payload: text().notNull(),
    state: text({ enum: ['waiting', 'delivered', 'failed'] }).notNull(),
    attempts: integer().notNull().default(0),
    status: integer(),
    answer: text(),
    /** While waiting: not before this; a message that was lost is sent again after it. */
    nextAttemptAtMs: integer(),
    createdAtMs: integer().notNull(),
  },
  (table) => [
    index('webhook_deliveries_by_webhook').on(table.webhookId, table.id),
    index('webhook_deliveries_by_state').on(table.state, table.nextAttemptAtMs),
  ],
)
