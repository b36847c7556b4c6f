// A publisher in memory, the smallest that drives formats and segments as the platform's does: for laws and for
// trees that real clients install from.
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { concatBytes } from '@distropack/core/bytes/arrays.ts'
import { fromBase64, toBase64 } from '@distropack/core/bytes/hex.ts'
import type { Format, IndexFile, RepositoryAddress, Sealed } from '@distropack/core/format.ts'
import type { Content, Part } from '@distropack/core/model/content.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import { applySteps, type RowRange } from '@distropack/core/segments/apply.ts'
import { planChange } from '@distropack/core/segments/plan.ts'
import type { Segment } from '@distropack/core/segments/stream.ts'
import type { IndexTools, RepositorySigner } from '@distropack/core/tools.ts'
import { deflate, hash, inflatePieces, inspectTools, memoryFile } from './core-host.ts'
import { publicKeysOf } from './signers.ts'

const NOW_SECONDS = 1_700_000_100
/** Fewer bytes stand in the recipe itself. */
const INLINE_BYTES = 256

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

interface StoredRow {
  readonly entryKey: string
  readonly bytes: Uint8Array
  readonly group?: string
  readonly version: string
  blob: string
}

interface Stream {
  segments: readonly Segment[]
  /** In the stream's order. */
  rows: StoredRow[]
}

export type PublishedFile = IndexFile

export const createPublisher = (format: Format, signer: RepositorySigner, address: RepositoryAddress) => {
  const blobs = new Map<string, Uint8Array>()
  const streams = new Map<string, Stream>(
    format.repository.baseStreams.map((name) => [name, { segments: [], rows: [] }]),
  )
  const packages = new Map<string, SealedFile>()

  const put = (bytes: Uint8Array): string => {
    const blob = sha256Of(bytes)
    blobs.set(blob, bytes)
    return blob
  }
  const partBytes = (part: Part): Uint8Array => {
    if ('inline' in part) return fromBase64(part.inline)!
    const blob = blobs.get(part.blob)
    if (!blob) throw new Error(`blob ${part.blob} was never stored`)
    return blob.subarray(part.offset, part.offset + part.sizeBytes)
  }
  /** What a reader gets. */
  const materialise = (content: Omit<Content, 'sizeBytes' | 'sha256'>): Uint8Array => {
    const bytes = concatBytes(content.parts.map(partBytes))
    return content.inflate ? inflatePieces(bytes) : bytes
  }

  /** As on the platform, every change makes the next one. */
  let generation = 1
  const reusable = new Map<string, { readonly inputs: string; readonly files: readonly IndexFile[] }>()
  const tools: IndexTools = {
    signer,
    reuse: async (name, inputs, make) => {
      const known = reusable.get(name)
      if (known?.inputs === JSON.stringify(inputs)) return known.files
      const files = await make()
      reusable.set(name, { inputs: JSON.stringify(inputs), files })
      return files
    },
    nowSeconds: NOW_SECONDS,
    get generation() {
      return generation
    },
    deflate,
    hash,
    store: async (bytes) =>
      bytes.length <= INLINE_BYTES
        ? { inline: toBase64(bytes), sizeBytes: bytes.length }
        : { blob: put(bytes), offset: 0, sizeBytes: bytes.length },
    measure: async (content) => {
      const bytes = materialise(content)
      return { ...content, sizeBytes: bytes.length, sha256: sha256Of(bytes) }
    },
    async *read(content) {
      yield materialise(content)
    },
  }

  const streamFor = (name: string): Stream => {
    const stream = streams.get(name) ?? { segments: [], rows: [] }
    streams.set(name, stream)
    return stream
  }

  /** A new stream begins as a copy of its seed, with what this very change adds to the seed. */
  const beginStream = (name: string, coming: Map<string, StoredRow[]>): void => {
    const seed = format.repository.seed(name)
    if (streams.has(name) || seed === undefined) return
    const from = streamFor(seed)
    streams.set(name, { segments: from.segments, rows: from.rows.map((row) => ({ ...row })) })
    coming.set(
      name,
      (coming.get(seed) ?? []).map((row) => ({ ...row })),
    )
  }

  /** One stream, one change: rows leave, rows come. */
  const change = async (
    stream: Stream,
    leaving: ReadonlySet<StoredRow>,
    coming: readonly StoredRow[],
  ): Promise<void> => {
    const removed = rangesOf(stream.rows, leaving)
    const steps = planChange({
      segments: stream.segments,
      removedBytes: new Map(
        [...removed].map(([blob, ranges]) => [blob, ranges.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)]),
      ),
      newRowBytes: coming.map(({ bytes }) => bytes.length),
    })
    const applied = await applySteps(
      steps,
      { added: coming.map(({ bytes }) => bytes), removed },
      { deflate, hash, inflate: inflatePieces, load: async (blob) => blobs.get(blob)! },
    )
    for (const { blob, bytes } of applied.blobs)
      if (put(bytes) !== blob) throw new Error('a segment lies about its hash')
    const kept = stream.rows.filter((row) => !leaving.has(row))
    for (const row of kept) row.blob = applied.moves.get(row.blob) ?? row.blob
    for (const [at, row] of coming.entries()) row.blob = applied.placed[at]!
    stream.rows = [...kept, ...coming].filter(({ bytes }) => bytes.length > 0)
    stream.segments = applied.segments
  }

  const keyOf = (entry: Entry): string => `${entry.name} ${entry.version} ${entry.arch}`

  const addRows = async (entries: readonly Entry[], made: Format): Promise<void> => {
    const coming = new Map<string, StoredRow[]>()
    for (const entry of entries) {
      for (const row of made.repository.rows(entry, [...streams.keys()], address.channel)) {
        beginStream(row.stream, coming)
        streamFor(row.stream)
        const { bytes, group } = row
        const stored: StoredRow = {
          entryKey: keyOf(entry),
          bytes,
          version: entry.version,
          blob: '',
          ...(group && { group }),
        }
        coming.set(row.stream, [...(coming.get(row.stream) ?? []), stored])
      }
    }
    for (const [name, rows] of coming) {
      const stream = streamFor(name)
      const { kept, leaving } = newestOfGroups(stream.rows, rows, format.compareVersions)
      await change(stream, leaving, kept)
    }
  }

  return {
    blobs,
    materialise,
    streams,
    /** Seals and publishes finished package files in one change; `made` is another format that shares the root. */
    add: async (files: readonly Uint8Array[], made: Format = format): Promise<readonly Entry[]> => {
      const entries: Entry[] = []
      for (const file of files) {
        const { bytes, entry, companions } = await sealed(made, file, signer)
        packages.set(made.repository.packagePath(entry, address.channel), { bytes, entry, companions })
        entries.push(entry)
      }
      await addRows(entries, made)
      generation++
      return entries
    },
    remove: async (entry: Entry): Promise<void> => {
      generation++
      packages.delete(format.repository.packagePath(entry, address.channel))
      for (const stream of streams.values()) {
        const leaving = new Set(stream.rows.filter(({ entryKey }) => entryKey === keyOf(entry)))
        if (leaving.size > 0) await change(stream, leaving, [])
      }
    },
    /** Every file a reader can ask for. */
    files: async (): Promise<readonly PublishedFile[]> => {
      const states = new Map([...streams].map(([stream, { segments }]) => [stream, { stream, segments }]))
      const indexes = await format.repository.files({ address, streams: states }, tools)
      const extra: PublishedFile[] = []
      const whole = async (path: string, bytes: Uint8Array, mediaType: string) => {
        const part: Part = { blob: put(bytes), offset: 0, sizeBytes: bytes.length }
        extra.push({ path, lifetime: 'content', content: await tools.measure({ mediaType, parts: [part] }) })
      }
      for (const [path, { bytes, entry, companions }] of packages) {
        const aliases = format.repository.packageAliases?.(entry, address.channel, [...streams.keys()]) ?? []
        for (const place of [path, ...aliases]) {
          await whole(place, bytes, format.mediaType)
          for (const { suffix, ...companion } of companions)
            await whole(place + suffix, companion.bytes, companion.mediaType)
        }
      }
      const keyFiles = format.repository.keyFiles?.(publicKeysOf(signer)) ?? []
      for (const key of keyFiles) await whole(key.path, key.bytes, key.mediaType)
      return [...indexes, ...extra]
    },
  }
}

/** Where rows lie in their segments: behind one another, in the stream's order. */
const rangesOf = (
  rows: readonly StoredRow[],
  leaving: ReadonlySet<StoredRow>,
): ReadonlyMap<string, readonly RowRange[]> => {
  const ranges = new Map<string, RowRange[]>()
  const offsets = new Map<string, number>()
  for (const row of rows) {
    const offset = offsets.get(row.blob) ?? 0
    offsets.set(row.blob, offset + row.bytes.length)
    if (leaving.has(row))
      ranges.set(row.blob, [...(ranges.get(row.blob) ?? []), { offset, sizeBytes: row.bytes.length }])
  }
  return ranges
}

export type Publisher = ReturnType<typeof createPublisher>

const newestOfGroups = (
  present: readonly StoredRow[],
  coming: readonly StoredRow[],
  compare: (a: string, b: string) => number,
) => {
  const newest = new Map<string, StoredRow>()
  for (const row of [...present, ...coming]) {
    if (row.group === undefined) continue
    const best = newest.get(row.group)
    if (!best || compare(row.version, best.version) >= 0) newest.set(row.group, row)
  }
  const stays = (row: StoredRow): boolean => row.group === undefined || newest.get(row.group) === row
  return { kept: coming.filter(stays), leaving: new Set(present.filter((row) => !stays(row))) }
}

interface SealedFile {
  readonly bytes: Uint8Array
  readonly entry: Entry
  readonly companions: Sealed<Entry>['companions']
}

/** The file as it is served, its entry, and the files beside it. */
export const sealed = async (format: Format, file: Uint8Array, signer: RepositorySigner): Promise<SealedFile> => {
  const inspected = await format.inspect(memoryFile(file), inspectTools)
  if (!inspected.ok) throw new Error(inspected.error.message)
  if (!format.seal) return { bytes: file, entry: inspected.value, companions: [] }
  const result = await format.seal(memoryFile(file), inspected.value, signer, inspectTools)
  if (!result.ok) throw new Error(result.error.message)
  const bytes = concatBytes(
    result.value.pieces.map((piece) =>
      'bytes' in piece ? piece.bytes : file.subarray(piece.offset, piece.offset + piece.sizeBytes),
    ),
  )
  const { companions } = result.value
  return { bytes, companions, entry: { ...result.value.entry, sizeBytes: bytes.length, sha256: sha256Of(bytes) } }
}

/** Writes a published repository below a folder, for real clients. */
export const writeTree = async (publisher: Publisher, folder: string): Promise<void> => {
  for (const { path, content } of await publisher.files()) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, publisher.materialise(content))
  }
}
