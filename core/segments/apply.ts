// Carries out a plan: loads what is merged, compresses what is new, and says which blobs to store.
import { concatBytes } from '../bytes/arrays.ts'
import { combineCrc32, crc32 } from '../bytes/crc32.ts'
import { toHex } from '../bytes/hex.ts'
import type { IndexTools } from '../tools.ts'
import type { Source, Step } from './plan.ts'
import type { Segment } from './stream.ts'

/** A row's place among the raw bytes of its segment. */
export interface RowRange {
  readonly offset: number
  readonly sizeBytes: number
}

export interface ApplyTools extends Pick<IndexTools, 'deflate' | 'hash'> {
  /** The bytes of a segment's blob. */
  load(blob: string): Promise<Uint8Array>
  /** Raw bytes of a deflated piece, which ends in a full flush and has no final block. */
  inflate(deflated: Uint8Array): Uint8Array
}

export interface Rows {
  readonly added: readonly Uint8Array[]
  /** By the blob of the segment they leave; any order. */
  readonly removed: ReadonlyMap<string, readonly RowRange[]>
}

export interface Applied {
  readonly segments: readonly Segment[]
  /** To be stored before the new state is; `blob` is the sha256 of `bytes`. */
  readonly blobs: readonly { readonly blob: string; readonly bytes: Uint8Array }[]
  /** Which new segment holds the rows of each old one that is gone. One that lost every row has none. */
  readonly moves: ReadonlyMap<string, string>
  /** For each added row, the blob of its segment. */
  readonly placed: readonly string[]
}

interface Piece {
  readonly deflated: Uint8Array
  readonly rawBytes: number
  readonly crc32: number
  readonly rowCount: number
}

/** One run of rows, compressed. An empty one is no segment: leave it out. */
export const renderSegment = (rows: readonly Uint8Array[], deflate: (raw: Uint8Array) => Uint8Array): Piece => {
  const raw = concatBytes(rows)
  return { deflated: deflate(raw), rawBytes: raw.length, crc32: crc32(raw), rowCount: rows.length }
}

const without = (raw: Uint8Array, ranges: readonly RowRange[]): Uint8Array => {
  const kept: Uint8Array[] = []
  let at = 0
  for (const { offset, sizeBytes } of [...ranges].sort((a, b) => a.offset - b.offset)) {
    if (offset < at || offset + sizeBytes > raw.length) throw new Error('removed rows overlap or leave their segment')
    kept.push(raw.subarray(at, offset))
    at = offset + sizeBytes
  }
  return concatBytes([...kept, raw.subarray(at)])
}

/** Sources that are compressed together: neighbours which are no copies. */
const groupSources = (sources: readonly Source[]): readonly (readonly Source[])[] => {
  const groups: Source[][] = []
  for (const source of sources) {
    const last = groups.at(-1)
    if (last && source.kind !== 'copy' && last[0]!.kind !== 'copy') last.push(source)
    else groups.push([source])
  }
  return groups
}

const rowsOf = async (source: Source, rows: Rows, tools: ApplyTools) => {
  if (source.kind === 'rows') {
    const added = rows.added.slice(source.from, source.to)
    return { bytes: added, rowCount: added.length }
  }
  const { segment } = source
  const removed = rows.removed.get(segment.blob) ?? []
  const raw = tools.inflate(await tools.load(segment.blob))
  if (raw.length !== segment.rawBytes || crc32(raw) !== segment.crc32)
    throw new Error(`segment ${segment.blob} is damaged`)
  return { bytes: [without(raw, removed)], rowCount: segment.rowCount - removed.length }
}

const pieceOf = async (group: readonly Source[], rows: Rows, tools: ApplyTools): Promise<Piece> => {
  const [first] = group
  if (first?.kind === 'copy') {
    const { rawBytes, crc32: crc, rowCount, blob } = first.segment
    return { deflated: await tools.load(blob), rawBytes, crc32: crc, rowCount }
  }
  const parts: Uint8Array[] = []
  let rowCount = 0
  for (const source of group) {
    const part = await rowsOf(source, rows, tools)
    parts.push(...part.bytes)
    rowCount += part.rowCount
  }
  return { ...renderSegment(parts, tools.deflate), rowCount }
}

const writeSegment = async (sources: readonly Source[], rows: Rows, tools: ApplyTools) => {
  const pieces: Piece[] = []
  for (const group of groupSources(sources)) pieces.push(await pieceOf(group, rows, tools))
  const bytes = concatBytes(pieces.map(({ deflated }) => deflated))
  const hash = tools.hash('sha256')
  hash.update(bytes)
  const segment: Segment = {
    blob: toHex(hash.digest()),
    deflatedBytes: bytes.length,
    rawBytes: pieces.reduce((sum, piece) => sum + piece.rawBytes, 0),
    crc32: pieces.reduce((sum, piece) => combineCrc32(sum, piece.crc32, piece.rawBytes), 0),
    rowCount: pieces.reduce((sum, piece) => sum + piece.rowCount, 0),
  }
  return { segment, bytes }
}

export const applySteps = async (steps: readonly Step[], rows: Rows, tools: ApplyTools): Promise<Applied> => {
  const segments: Segment[] = []
  const blobs: { blob: string; bytes: Uint8Array }[] = []
  const moves = new Map<string, string>()
  const placed: string[] = new Array(rows.added.length).fill('')
  for (const step of steps) {
    if (step.kind === 'keep') {
      segments.push(step.segment)
      continue
    }
    const { segment, bytes } = await writeSegment(step.sources, rows, tools)
    segments.push(segment)
    blobs.push({ blob: segment.blob, bytes })
    for (const source of step.sources) {
      if (source.kind === 'rows') placed.fill(segment.blob, source.from, source.to)
      else moves.set(source.segment.blob, segment.blob)
    }
  }
  return { segments, blobs, moves, placed }
}
