// Brings a D1 database up to date the way `wrangler d1 migrations apply` does, without a process of its own.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The part of a D1 binding this needs. */
export interface MigratableDatabase {
  prepare(sql: string): { all<T>(): Promise<{ results: T[] }>; bind(...values: unknown[]): unknown }
  batch(statements: unknown[]): Promise<unknown>
}

/** drizzle-kit ends every statement but the last with this line. */
const BREAKPOINT = '--> statement-breakpoint'

// The table wrangler keeps (its packages/wrangler/src/d1/migrations/helpers.ts), so that either may go on after the other.
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`

const statementsOf = (sql: string): readonly string[] =>
  sql
    .split(BREAKPOINT)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')

/** Names of the migrations it applied, in order. Each is one batch: wholly there, or not at all. */
export const migrate = async (database: MigratableDatabase, folder: string): Promise<readonly string[]> => {
  await database.batch([database.prepare(CREATE_TABLE)])
  const { results } = await database.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()
  const applied = new Set(results.map(({ name }) => name))
  const names = existsSync(folder) ? (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort() : []
  const fresh = names.filter((name) => !applied.has(name))
  for (const name of fresh) {
    const sql = await readFile(join(folder, name), 'utf8')
    const mark = database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name)
    await database.batch([...statementsOf(sql).map((statement) => database.prepare(statement)), mark])
  }
  return fresh
}
