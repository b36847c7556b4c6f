// Answers to requests that carried an Idempotency-Key, kept for a day. Sealed, for an answer may hold a new secret.
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const idempotentAnswers = sqliteTable(
  'idempotent_answers',
  {
    /** Whose key it is: keys of two callers never meet. */
    actorId: text().notNull(),
    key: text().notNull(),
    /** Method, path and body. */
    requestSha256: text().notNull(),
    /** null while the first request is at work. */
    status: integer(),
    sealedBody: text(),
    createdAtMs: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.actorId, table.key] }),
    index('idempotent_answers_by_age').on(table.createdAtMs),
  ],
)
