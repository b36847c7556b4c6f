// Migrations against SQLite itself, through the few calls of D1 they use.
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type MigratableDatabase, migrate } from './migrate.ts'

const MIGRATIONS = join(import.meta.dirname, '../../migrations')

interface Statement {
  readonly sql: string
  readonly values: readonly string[]
}

let folder: string
let sqlite: DatabaseSync
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'distropack-migrations-'))
  sqlite = new DatabaseSync(':memory:')
})
afterEach(() => rmSync(folder, { recursive: true }))

const database = (): MigratableDatabase => ({
  prepare: (sql) => ({
    sql,
    values: [],
    bind: (...values) => ({ sql, values }),
    all: async <T>() => ({ results: sqlite.prepare(sql).all() as T[] }),
  }),
  // As D1: one transaction.
  batch: async (statements) => {
    sqlite.exec('BEGIN')
    try {
      for (const { sql, values } of statements as Statement[]) sqlite.prepare(sql).run(...values)
      sqlite.exec('COMMIT')
    } catch (error) {
      sqlite.exec('ROLLBACK')
      throw error
    }
  },
})

const names = (): unknown[] =>
  sqlite
    .prepare('SELECT name FROM d1_migrations ORDER BY id')
    .all()
    .map(({ name }) => name)

it('applies each migration once, in order of its name', async () => {
  writeFileSync(join(folder, '0001_more.sql'), 'ALTER TABLE a ADD COLUMN y;')
  writeFileSync(join(folder, '0000_first.sql'), 'CREATE TABLE a (x);\n--> statement-breakpoint\nCREATE TABLE b (x);')
  writeFileSync(join(folder, 'notes.txt'), 'not a migration')
  expect(await migrate(database(), folder)).toEqual(['0000_first.sql', '0001_more.sql'])
  expect(await migrate(database(), folder)).toEqual([])
  expect(names()).toEqual(['0000_first.sql', '0001_more.sql'])
  sqlite.exec('INSERT INTO a (x, y) VALUES (1, 2); INSERT INTO b (x) VALUES (1)')
})

it('leaves nothing of a migration that fails half-way', async () => {
  writeFileSync(join(folder, '0000_bad.sql'), 'CREATE TABLE a (x);\n--> statement-breakpoint\nCREATE NONSENSE;')
  await expect(migrate(database(), folder)).rejects.toThrow(/syntax/)
  expect(names()).toEqual([])
  expect(() => sqlite.exec('SELECT * FROM a')).toThrow(/no such table/)
})

it('does nothing without a folder', async () => {
  expect(await migrate(database(), join(folder, 'absent'))).toEqual([])
})

it('keeps a project’s signing keys when their table gets another shape', async () => {
  const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'))
  const rotation = files.find((name) => name.endsWith('_key_rotation.sql'))!
  for (const file of files.filter((name) => name < rotation)) copyFileSync(join(MIGRATIONS, file), join(folder, file))
  await migrate(database(), folder)
  sqlite.exec('PRAGMA foreign_keys = OFF')
  for (const kind of ['openpgp', 'rsa'])
    sqlite.prepare('INSERT INTO signing_keys VALUES (?, ?, ?, ?, ?, ?)').run('prj_1', kind, `${kind}-name`, 'p', 's', 1)
  copyFileSync(join(MIGRATIONS, rotation), join(folder, rotation))
  await migrate(database(), folder)
  const rows = sqlite.prepare('SELECT kind, name, state FROM signing_keys ORDER BY kind').all()
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { kind: 'openpgp', name: 'openpgp-name', state: 'signing' },
    { kind: 'rsa', name: 'rsa-name', state: 'signing' },
  ])
  const more = sqlite.prepare("INSERT INTO signing_keys VALUES ('prj_1', 'rsa', ?, ?, 'p', 's', 1)")
  more.run('next', 'next')
  expect(() => more.run('another', 'next')).toThrow(/UNIQUE/)
  more.run('older', 'retired')
  more.run('oldest', 'retired')
})
