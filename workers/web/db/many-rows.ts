// Many rows in one statement: their values travel as one JSON parameter, of which D1 takes two megabytes, where bound
// one by one they would be a hundred a statement.
import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Database } from './client.ts'
import type { Statement } from './insert-when.ts'

/** Characters; a character has up to four bytes, and names are mostly ASCII. */
const MAX_JSON_CHARACTERS = 400_000

/** Pieces of a list whose JSON fits one parameter. */
export const chunksForJson = <T>(items: readonly T[]): T[][] => {
  const chunks: T[][] = []
  let characters = Number.POSITIVE_INFINITY
  for (const item of items) {
    const length = JSON.stringify(item).length + 1
    if (characters + length > MAX_JSON_CHARACTERS) {
      chunks.push([])
      characters = 0
    }
    chunks.at(-1)?.push(item)
    characters += length
  }
  return chunks
}

/** For `IN`: these values, as many as there are. */
export const anyOf = (values: readonly (string | number)[]): SQL =>
  sql`(select value from json_each(${JSON.stringify(values)}))`

/** For `(a, b) IN`: these tuples. */
export const anyTuple = (tuples: readonly (readonly (string | number)[])[]): SQL => {
  const width = tuples[0]?.length ?? 1
  const values = Array.from({ length: width }, (_, at) => sql.raw(`value ->> ${at}`))
  return sql`(select ${sql.join(values, sql`, `)} from json_each(${JSON.stringify(tuples)}))`
}

/** Rows that are there already stay as they are. */
export const insertMany = <T extends SQLiteTable>(
  db: Database,
  table: T,
  rows: readonly T['$inferSelect'][],
): Statement[] => {
  const columns = Object.entries(getTableColumns(table))
  const encoded = (rows as readonly Readonly<Record<string, unknown>>[]).map((row) =>
    columns.map(([name, column]) => {
      const value = row[name] ?? null
      return value === null ? null : column.mapToDriverValue(value)
    }),
  )
  const values = columns.map((_, at) => sql.raw(`value ->> ${at}`))
  return chunksForJson(encoded).map((chunk) =>
    db
      .insert(table)
      .select(sql`select ${sql.join(values, sql`, `)} from json_each(${JSON.stringify(chunk)}) where true`)
      .onConflictDoNothing(),
  )
}
