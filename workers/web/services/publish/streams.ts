// Editing one index stream: rows come in, rows go out, and only the segments that this touches are read or written.
// Nothing is changed in place: new segments are stored at once, the tables follow when the generation is complete.
import { crc32 } from 'node:zlib'
import { countMerged, splitIntoRuns } from '@distropack/core/segments/merge.ts'
import type { Change, IndexStore, NumberedSegment, StoredRow, StreamAddress } from './index-store.ts'
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
  readonly segments: readonly NumberedSegment[]
  /** A stream that begins now begins as a copy of this one. */
  readonly seededFrom: StreamAddress | null
  readonly additions: readonly Addition[]
  readonly removals: readonly string[]
  readonly compareVersions: (a: string, b: string) => number
}

export interface EditedStream {
  readonly segments: readonly NumberedSegment[]
  readonly changes: readonly Change[]
}

interface Draft {
  readonly edit: StreamEdit
  readonly store: IndexStore
  readonly pieces: PieceStore
  segments: NumberedSegment[]
  readonly raw: Map<number, Uint8Array>
  readonly changes: Change[]
}

const concat = (chunks: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(chunks))

const rowsAt = ({ edit }: Draft): StreamAddress => edit.seededFrom ?? edit.at

const readRaw = async (draft: Draft, segment: NumberedSegment): Promise<Uint8Array> =>
  draft.raw.get(segment.number) ?? inflatePiece(await draft.pieces.get(segment.blob))

const makeSegment = async (
  draft: Draft,
  number: number,
  raw: Uint8Array,
  rowCount: number,
): Promise<NumberedSegment> => {
  const deflated = deflatePiece(raw)
  const blob = await draft.pieces.put(deflated)
  draft.raw.set(number, raw)
  return { number, blob, deflatedBytes: deflated.length, rawBytes: raw.length, crc32: crc32(raw), rowCount }
}

/** What really comes in and goes out: repeated additions are dropped, and of a group only the newest stays. */
const settle = (draft: Draft): { additions: Addition[]; removed: StoredRow[] } => {
  const { edit, store } = draft
  const newest = new Map<string, Addition>()
  for (const addition of edit.additions) {
    const key = addition.group === null ? `id ${addition.artifactId}` : `group ${addition.group}`
    const other = newest.get(key)
    if (!other || edit.compareVersions(addition.version, other.version) >= 0) newest.set(key, addition)
  }
  const removed = new Map<string, StoredRow>()
  for (const artifactId of edit.removals) {
    const row = store.findRow(rowsAt(draft), artifactId)
    if (row) removed.set(artifactId, row)
  }
  const additions = [...newest.values()].filter((addition) => {
    if (store.findRow(rowsAt(draft), addition.artifactId)) return false
    const rivals = addition.group === null ? [] : store.findGroup(rowsAt(draft), addition.group)
    if (rivals.some((row) => edit.compareVersions(row.version, addition.version) > 0)) return false
    for (const row of rivals) removed.set(row.artifactId, row)
    return true
  })
  return { additions, removed: [...removed.values()] }
}

const cut = (raw: Uint8Array, removed: readonly StoredRow[]): Uint8Array => {
  const kept: Uint8Array[] = []
  let at = 0
  for (const { offset, bytes } of removed.toSorted((a, b) => a.offset - b.offset)) {
    kept.push(raw.subarray(at, offset))
    at = offset + bytes
  }
  return concat([...kept, raw.subarray(at)])
}

const removeRows = async (draft: Draft, removed: readonly StoredRow[]): Promise<void> => {
  const { scope, stream } = draft.edit.at
  for (const number of new Set(removed.map(({ segment }) => segment))) {
    const position = draft.segments.findIndex((segment) => segment.number === number)
    const segment = draft.segments[position]
    if (!segment) throw new Error(`row of ${scope} ${stream} in segment ${number}, which is not there`)
    const gone = removed.filter((row) => row.segment === number)
    const raw = cut(await readRaw(draft, segment), gone)
    const rowCount = segment.rowCount - gone.length
    const rest = rowCount > 0 ? [await makeSegment(draft, number, raw, rowCount)] : []
    draft.segments.splice(position, 1, ...rest)
    // From the back, so that the offsets compared are still those of before.
    for (const { artifactId, offset, bytes } of gone.toSorted((a, b) => b.offset - a.offset)) {
      draft.changes.push((sql) => {
        sql.exec(
          'DELETE FROM stream_rows WHERE scope = ? AND stream = ? AND artifact_id = ?',
          scope,
          stream,
          artifactId,
        )
        sql.exec(
          'UPDATE stream_rows SET offset = offset - ? WHERE scope = ? AND stream = ? AND segment = ? AND offset > ?',
          ...[bytes, scope, stream, number, offset],
        )
      })
    }
  }
}

const moveRows = (draft: Draft, from: number, to: number, offset: number): void => {
  const { scope, stream } = draft.edit.at
  draft.changes.push((sql) =>
    sql.exec(
      'UPDATE stream_rows SET segment = ?, offset = offset + ? WHERE scope = ? AND stream = ? AND segment = ?',
      ...[to, offset, scope, stream, from],
    ),
  )
}

const insertRow = (draft: Draft, addition: Addition, segment: number, offset: number): void => {
  const { scope, stream } = draft.edit.at
  const { artifactId, group, version, bytes } = addition
  draft.changes.push((sql) =>
    sql.exec(
      'INSERT INTO stream_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ...[scope, stream, artifactId, group, version, segment, offset, bytes.length],
    ),
  )
}

const addRun = async (draft: Draft, run: readonly Addition[]): Promise<void> => {
  const addedBytes = run.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const sizes = draft.segments.map(({ rawBytes }) => rawBytes)
  const merged = draft.segments.slice(sizes.length - countMerged(sizes, addedBytes))
  const number = Math.max(0, ...draft.segments.map((segment) => segment.number)) + 1
  const chunks: Uint8Array[] = []
  let offset = 0
  for (const segment of merged) {
    chunks.push(await readRaw(draft, segment))
    moveRows(draft, segment.number, number, offset)
    offset += segment.rawBytes
  }
  for (const addition of run) {
    chunks.push(addition.bytes)
    insertRow(draft, addition, number, offset)
    offset += addition.bytes.length
  }
  const rowCount = merged.reduce((sum, segment) => sum + segment.rowCount, run.length)
  const segment = await makeSegment(draft, number, concat(chunks), rowCount)
  draft.segments = [...draft.segments.slice(0, draft.segments.length - merged.length), segment]
}

const copySeed = (draft: Draft): void => {
  const { at, seededFrom } = draft.edit
  if (!seededFrom) return
  draft.changes.push((sql) =>
    sql.exec(
      `INSERT INTO stream_rows SELECT ?, ?, artifact_id, row_group, version, segment, offset, bytes
       FROM stream_rows WHERE scope = ? AND stream = ?`,
      ...[at.scope, at.stream, seededFrom.scope, seededFrom.stream],
    ),
  )
}

/** The stream as it will be, and how to get there. */
export const editStream = async (edit: StreamEdit, store: IndexStore, pieces: PieceStore): Promise<EditedStream> => {
  const draft: Draft = { edit, store, pieces, segments: [...edit.segments], raw: new Map(), changes: [] }
  copySeed(draft)
  const { additions, removed } = settle(draft)
  await removeRows(draft, removed)
  for (const run of splitIntoRuns(additions)) await addRun(draft, run)
  const { scope, stream } = edit.at
  const segments = JSON.stringify(draft.segments)
  draft.changes.push((sql) => sql.exec('INSERT OR REPLACE INTO streams VALUES (?, ?, ?)', scope, stream, segments))
  return { segments: draft.segments, changes: draft.changes }
}
