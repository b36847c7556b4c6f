// What must follow a change and is not in D1: a row here in the change's own batch, gone when it was done.
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const outbox = sqliteTable(
  'outbox',
  {
    id: text().primaryKey(),
    /**
     * `grant`: the object that opens private repositories to a token. `publisher`: the repository's next generation.
     * `request`: a stored request whose build may not have come to be.
     */
    kind: text({ enum: ['grant', 'publisher', 'request'] }).notNull(),
    /** A token's sha256; a project's id; a build's id. */
    subject: text().notNull(),
    attempts: integer().notNull().default(0),
    /** Until then it is the business of the request that wrote it, or of nobody. */
    notBeforeMs: integer().notNull(),
    /** What went wrong last. */
    trouble: text(),
    createdAtMs: integer().notNull(),
  },
  (table) => [index('outbox_by_time').on(table.notBeforeMs), index('outbox_by_subject').on(table.kind, table.subject)],
)
