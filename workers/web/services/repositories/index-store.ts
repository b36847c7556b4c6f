// The publisher's own tables: where each row of each index stream stands, the pointer files of the newest
// generation, hash states. All of it can be made again from D1; it is here so that a publish reads only what it changes.
import type { Sha256State } from '@distropack/core/bytes/sha256-state.ts'
import type { IndexFile } from '@distropack/core/format.ts'
import type { Content } from '@distropack/core/model/content.ts'
import type { Segment } from '@distropack/core/segments/stream.ts'
import type { CheckpointStore } from './measure.ts'

/** What a generation's tree says of a path. */
export type Pointer = Content & { readonly pin?: true; readonly packagePath?: string }

/** One index stream of one format in one channel. */
export interface StreamAddress {
  /** `root/channel` */
  readonly scope: string
  readonly stream: string
}

export interface StoredRow {
  readonly artifactId: string
  readonly rowGroup: string | null
  readonly version: string
  /** The blob of the segment that holds it. */
  readonly segment: string
  /** Rows of a stream never change their order: a row's place is behind all rows of a lower number. */
  readonly number: number
  readonly bytes: number
}

/** Collected while a generation is prepared, carried out together when everything it names is stored. */
export type Change = (sql: SqlStorage) => void

const TABLES = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS streams (
  scope TEXT, stream TEXT, segments TEXT NOT NULL, PRIMARY KEY (scope, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream_rows (
  scope TEXT, stream TEXT, artifact_id TEXT, row_group TEXT, version TEXT NOT NULL,
  segment TEXT NOT NULL, number INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (scope, stream, artifact_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_by_group ON stream_rows (scope, stream, row_group);
CREATE INDEX IF NOT EXISTS rows_by_number ON stream_rows (scope, stream, number);
CREATE INDEX IF NOT EXISTS rows_by_segment ON stream_rows (scope, stream, segment, number);
CREATE TABLE IF NOT EXISTS pointers (path TEXT PRIMARY KEY, scope TEXT NOT NULL, content TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pointers_by_scope ON pointers (scope);
CREATE TABLE IF NOT EXISTS checkpoints (chain TEXT PRIMARY KEY, state TEXT, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS made (
  scope TEXT, name TEXT, inputs TEXT NOT NULL, files TEXT NOT NULL, PRIMARY KEY (scope, name)) WITHOUT ROWID;
`
/** A file that was not measured for so many generations will be measured whole the next time. */
const CHECKPOINT_GENERATIONS = 8
/** SQLite in a Durable Object takes 100 bound parameters. */
const FIND_AT_ONCE = 90

export interface IndexStore {
  meta(name: string): string | undefined
  setMeta(name: string, value: string): void
  generation(): number
  scopes(): readonly string[]
  streams(scope: string): ReadonlyMap<string, readonly Segment[]>
  findRow(at: StreamAddress, artifactId: string): StoredRow | undefined
  findGroup(at: StreamAddress, group: string): readonly StoredRow[]
  /** Where the row stands among the raw bytes of its segment. */
  offsetOf(at: StreamAddress, row: StoredRow): number
  /** No row of the stream has this number or a higher one. */
  nextRowNumber(at: StreamAddress): number
  /** Whether an address of a newest version does not say which package file it shows, as before that was kept. */
  hasNamelessPointers(): boolean
  /** By path; without those of some scopes. */
  pointers(without?: readonly string[]): ReadonlyMap<string, Pointer>
  /** Artifacts with a row in the stream. */
  artifactsOf(at: StreamAddress): readonly string[]
  readonly checkpoints: CheckpointStore
  findMade(scope: string, name: string, inputs: string): readonly IndexFile[] | undefined
  saveMade(scope: string, name: string, inputs: string, files: readonly IndexFile[]): void
  /** Forgets every index, so that the next publish makes them anew from D1; generations go on counting. */
  forget(): void
  /** All or nothing. */
  commit(changes: readonly Change[]): void
}

const META = 'SELECT value FROM meta WHERE name = ?'

const metaOf = (sql: SqlStorage) => {
  const meta = (name: string): string | undefined => sql.exec<{ value: string }>(META, name).toArray()[0]?.value
  return {
    meta,
    setMeta: (name: string, value: string) => void sql.exec('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, value),
    generation: (): number => Number(meta('generation') ?? 0),
  }
}

const SELECT_ROW =
  'SELECT artifact_id AS artifactId, row_group AS rowGroup, version, segment, number, bytes FROM stream_rows WHERE scope = ? AND stream = ?'
type SqlRow = StoredRow & Record<string, SqlStorageValue>

type StreamReads = Pick<
  IndexStore,
  'scopes' | 'streams' | 'findRow' | 'findGroup' | 'offsetOf' | 'nextRowNumber' | 'artifactsOf'
>

const streamReads = (sql: SqlStorage): StreamReads => {
  const selectRows = (at: StreamAddress, where: string, ...values: SqlStorageValue[]): StoredRow[] =>
    sql.exec<SqlRow>(`${SELECT_ROW} AND ${where}`, at.scope, at.stream, ...values).toArray()
  return {
    scopes: () =>
      sql
        .exec<{ scope: string }>('SELECT DISTINCT scope FROM streams')
        .toArray()
        .map(({ scope }) => scope),
    streams: (scope) => {
      const rows = sql.exec<{ stream: string; segments: string }>(
        'SELECT stream, segments FROM streams WHERE scope = ?',
        scope,
      )
      return new Map(rows.toArray().map(({ stream, segments }) => [stream, JSON.parse(segments)]))
    },
    findRow: (at, artifactId) => selectRows(at, 'artifact_id = ?', artifactId)[0],
    findGroup: (at, group) => selectRows(at, 'row_group = ?', group),
    offsetOf: (at, row) =>
      sql
        .exec<{ offset: number | null }>(
          `SELECT sum(bytes) AS offset FROM stream_rows WHERE scope = ? AND stream = ? AND segment = ? AND number < ?`,
          ...[at.scope, at.stream, row.segment, row.number],
        )
        .one().offset ?? 0,
    nextRowNumber: (at) =>
      sql
        .exec<{ next: number | null }>(
          'SELECT max(number) + 1 AS next FROM stream_rows WHERE scope = ? AND stream = ?',
          ...[at.scope, at.stream],
        )
        .one().next ?? 0,
    artifactsOf: (at) =>
      sql
        .exec<{ artifactId: string }>(
          'SELECT artifact_id AS artifactId FROM stream_rows WHERE scope = ? AND stream = ?',
          ...[at.scope, at.stream],
        )
        .toArray()
        .map(({ artifactId }) => artifactId),
  }
}

const checkpointsOf = (sql: SqlStorage, generation: () => number): CheckpointStore => {
  const findCheckpoints = (chains: readonly string[]): Map<string, Sha256State | null> => {
    const found = new Map<string, Sha256State | null>()
    for (let i = 0; i < chains.length; i += FIND_AT_ONCE) {
      const some = chains.slice(i, i + FIND_AT_ONCE)
      const marks = some.map(() => '?').join(',')
      const rows = sql.exec<{ chain: string; state: string | null }>(
        `UPDATE checkpoints SET used = ? WHERE chain IN (${marks}) RETURNING chain, state`,
        generation(),
        ...some,
      )
      for (const { chain, state } of rows) found.set(chain, state === null ? null : JSON.parse(state))
    }
    return found
  }
  const saveCheckpoints = (checkpoints: ReadonlyMap<string, Sha256State | null>): void => {
    for (const [chain, state] of checkpoints) {
      const text = state && JSON.stringify(state)
      sql.exec('INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)', chain, text, generation())
    }
  }
  return { find: findCheckpoints, save: saveCheckpoints }
}

type FileReads = Pick<IndexStore, 'hasNamelessPointers' | 'pointers' | 'findMade' | 'saveMade'>

const filesOf = (sql: SqlStorage): FileReads => ({
  hasNamelessPointers: () =>
    sql
      .exec(`SELECT 1 FROM pointers WHERE path GLOB 'files/*/latest/*' AND content NOT GLOB '*"packagePath":*' LIMIT 1`)
      .toArray().length > 0,
  pointers: (without = []) => {
    const rows = sql.exec<{ path: string; scope: string; content: string }>('SELECT path, scope, content FROM pointers')
    const kept = rows.toArray().filter(({ scope }) => !without.includes(scope))
    return new Map(kept.map(({ path, content }) => [path, JSON.parse(content)]))
  },
  findMade: (scope, name, inputs) => {
    const rows = sql.exec<{ files: string }>(
      'SELECT files FROM made WHERE scope = ? AND name = ? AND inputs = ?',
      ...[scope, name, inputs],
    )
    const [row] = rows.toArray()
    return row && JSON.parse(row.files)
  },
  saveMade: (scope, name, inputs, files) =>
    void sql.exec('INSERT OR REPLACE INTO made VALUES (?, ?, ?, ?)', scope, name, inputs, JSON.stringify(files)),
})

export const openIndexStore = (storage: DurableObjectStorage): IndexStore => {
  const { sql } = storage
  sql.exec(TABLES)
  const { generation, ...words } = metaOf(sql)
  return {
    ...words,
    generation,
    ...streamReads(sql),
    ...filesOf(sql),
    checkpoints: checkpointsOf(sql, generation),
    forget: () =>
      storage.transactionSync(() => {
        for (const table of ['streams', 'stream_rows', 'pointers', 'checkpoints', 'made'])
          sql.exec(`DELETE FROM ${table}`)
      }),
    commit: (changes) =>
      storage.transactionSync(() => {
        for (const change of changes) change(sql)
        sql.exec('DELETE FROM checkpoints WHERE used < ?', generation() - CHECKPOINT_GENERATIONS)
      }),
  }
}
