// D1 through drizzle, and the limits every query must respect.
import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'
import * as schema from './schema.ts'

export type Database = DrizzleD1Database<typeof schema>

/** D1 takes 100 bound parameters a statement. */
export const MAX_BOUND_PARAMETERS = 100

/** By binding, which lives as long as its isolate: to read the tables and their names takes a millisecond of CPU. */
const opened = new WeakMap<D1Database, Database>()

export const openDatabase = (d1: D1Database): Database => {
  const before = opened.get(d1)
  if (before) return before
  const database = drizzle(d1, { schema, casing: 'snake_case' })
  opened.set(d1, database)
  return database
}

/** Pieces of a list that fit one statement when each item binds `parametersEach` parameters. */
export const chunksForStatement = <T>(items: readonly T[], parametersEach: number, otherParameters = 0): T[][] => {
  const size = Math.max(1, Math.floor((MAX_BOUND_PARAMETERS - otherParameters) / parametersEach))
  return Array.from({ length: Math.ceil(items.length / size) }, (_, chunk) =>
    items.slice(chunk * size, (chunk + 1) * size),
  )
}
