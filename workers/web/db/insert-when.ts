// A row that is inserted only where something holds at that moment: for batches, whose later statements must not happen
// without what their first ones found.
import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { BatchItem, BatchResponse } from 'drizzle-orm/batch'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Database } from './client.ts'

/** One statement of a batch. */
export type Statement = BatchItem<'sqlite'>

/** Columns that are left out are null: this knows no defaults. */
export const insertWhen = <T extends SQLiteTable>(db: Database, table: T, row: T['$inferSelect'], when: SQL) => {
  const given = row as Readonly<Record<string, unknown>>
  const values = Object.entries(getTableColumns(table)).map(
    ([name, column]) => sql`${sql.param(given[name] ?? null, column)}`,
  )
  return db.insert(table).select(sql`select ${sql.join(values, sql`, `)} where ${when}`)
}

/** A batch whose first statements only have to happen; the answers are those of the others. */
export const batchAfter = async <const T extends readonly [Statement, ...Statement[]]>(
  db: Database,
  first: readonly Statement[],
  rest: T,
): Promise<BatchResponse<T>> => {
  const all = [...first, ...rest] as unknown as [Statement, ...Statement[]]
  return (await db.batch(all)).slice(first.length) as BatchResponse<T>
}
