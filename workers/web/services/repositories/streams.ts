// Editing one index stream: rows come in, rows go out, and only the segments that this touches are read or written.
// Nothing is changed in place: new segments are stored at once, the tables follow when the generation is complete.
import { createHash } from 'node:crypto'
import { type Applied, applySteps, type RowRange } from '@distropack/core/segments/apply.ts'
import { planChange } from '@distropack/core/segments/plan.ts'
import type { Segment } from '@distropack/core/segments/stream.ts'
import type { Change, IndexStore, StoredRow, StreamAddress } from './index-store.ts'
import { deflatePiece, inflatePiece, type PieceStore } from './pieces.ts'

export interface Addition {
  readonly artifactId: string
  readonly version: string
  readonly bytes: Uint8Array
  /** Only the newest version of a group stays. */
  readonly group: string | null
}

export interface StreamEdit {
  readonly at: StreamAddress
  readonly segments: readonly Segment[]
  /** A stream that begins now begins as a copy of this one. */
  readonly seededFrom: StreamAddress | null
  readonly additions: readonly Addition[]
  readonly removals: readonly string[]
  readonly compareVersions: (a: string, b: string) => number
}

export interface EditedStream {
  readonly segments: readonly Segment[]
  readonly changes: readonly Change[]
}

/** Where the stream's rows are to be looked up now: a new stream's are still its seed's. */
const rowsAt = ({ at, seededFrom }: StreamEdit): StreamAddress => seededFrom ?? at

const newestOfEachGroup = ({ additions, compareVersions }: StreamEdit): Addition[] => {
  const newest = new Map<string, Addition>()
  for (const addition of additions) {
    const key = addition.group === null ? `id ${addition.artifactId}` : `group ${addition.group}`
    const other = newest.get(key)
    if (!other || compareVersions(addition.version, other.version) >= 0) newest.set(key, addition)
  }
  return [...newest.values()]
}

/** What really comes in and goes out: repeated additions are dropped, and of a group only the newest stays. */
const settle = (edit: StreamEdit, store: IndexStore): { added: Addition[]; removed: StoredRow[] } => {
  const at = rowsAt(edit)
  const removed = new Map<string, StoredRow>()
  for (const artifactId of edit.removals) {
    const row = store.findRow(at, artifactId)
    if (row) removed.set(artifactId, row)
  }
  const added = newestOfEachGroup(edit).filter((addition) => {
    if (store.findRow(at, addition.artifactId)) return false
    const inGroup = addition.group === null ? [] : store.findGroup(at, addition.group)
    const rivals = inGroup.filter(({ artifactId }) => !removed.has(artifactId))
    if (rivals.some((row) => edit.compareVersions(row.version, addition.version) > 0)) return false
    for (const row of rivals) removed.set(row.artifactId, row)
    return true
  })
  return { added, removed: [...removed.values()] }
}

const rangesBySegment = (edit: StreamEdit, store: IndexStore, removed: readonly StoredRow[]) => {
  const ranges = new Map<string, RowRange[]>()
  for (const row of removed) {
    const list = ranges.get(row.segment) ?? []
    list.push({ offset: store.offsetOf(rowsAt(edit), row), sizeBytes: row.bytes })
    ranges.set(row.segment, list)
  }
  return ranges
}

const copySeed = ({ at, seededFrom }: StreamEdit): Change[] =>
  seededFrom === null
    ? []
    : [
        (sql) =>
          sql.exec(
            `INSERT INTO stream_rows SELECT ?, ?, artifact_id, row_group, version, segment, number, bytes
             FROM stream_rows WHERE scope = ? AND stream = ?`,
            ...[at.scope, at.stream, seededFrom.scope, seededFrom.stream],
          ),
      ]

interface RowChanges {
  readonly edit: StreamEdit
  readonly added: readonly Addition[]
  readonly removed: readonly StoredRow[]
  readonly applied: Applied
  readonly firstNumber: number
}

const rowChanges = ({ edit, added, removed, applied, firstNumber }: RowChanges): Change[] => {
  const { scope, stream } = edit.at
  const deletions = removed.map(
    ({ artifactId }): Change =>
      (sql) =>
        sql.exec(
          'DELETE FROM stream_rows WHERE scope = ? AND stream = ? AND artifact_id = ?',
          ...[scope, stream, artifactId],
        ),
  )
  const moves = [...applied.moves].map(
    ([from, to]): Change =>
      (sql) =>
        sql.exec(
          'UPDATE stream_rows SET segment = ? WHERE scope = ? AND stream = ? AND segment = ?',
          ...[to, scope, stream, from],
        ),
  )
  const insertions = added.map(({ artifactId, group, version, bytes }, i): Change => {
    const segment = applied.placed[i] ?? ''
    return (sql) =>
      sql.exec(
        'INSERT INTO stream_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        ...[scope, stream, artifactId, group, version, segment, firstNumber + i, bytes.length],
      )
  })
  return [...deletions, ...moves, ...insertions]
}

const applyTools = (pieces: PieceStore) => ({
  deflate: deflatePiece,
  inflate: inflatePiece,
  load: pieces.get,
  hash: () => {
    const hash = createHash('sha256')
    return { update: (bytes: Uint8Array) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) }
  },
})

/** The stream as it will be, and how to get there. */
export const editStream = async (edit: StreamEdit, store: IndexStore, pieces: PieceStore): Promise<EditedStream> => {
  // A row of no bytes (a package without files in Contents) changes nothing and has no place.
  const { added: all, removed } = settle(edit, store)
  const added = all.filter(({ bytes }) => bytes.length > 0)
  const ranges = rangesBySegment(edit, store, removed)
  const removedBytes = new Map(
    [...ranges].map(([blob, list]) => [blob, list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)]),
  )
  const newRowBytes = added.map(({ bytes }) => bytes.length)
  const steps = planChange({ segments: edit.segments, removedBytes, newRowBytes })
  const rows = { added: added.map(({ bytes }) => bytes), removed: ranges }
  const applied = await applySteps(steps, rows, applyTools(pieces))
  await Promise.all(applied.blobs.map(({ bytes }) => pieces.put(bytes)))
  const { scope, stream } = edit.at
  const segments = JSON.stringify(applied.segments)
  const firstNumber = store.nextRowNumber(rowsAt(edit))
  return {
    segments: applied.segments,
    changes: [
      ...copySeed(edit),
      ...rowChanges({ edit, added, removed, applied, firstNumber }),
      (sql) => sql.exec('INSERT OR REPLACE INTO streams VALUES (?, ?, ?)', scope, stream, segments),
    ],
  }
}
