// One root in one channel, which is one format's or shared: its streams take the new rows, and its index files are made from them.
import { createHash } from 'node:crypto'
import type { Format, IndexFile, RepositoryAddress, Row } from '@distropack/core/format.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import type { Segment, StreamState } from '@distropack/core/segments/stream.ts'
import type { IndexTools, RepositorySigner } from '@distropack/core/tools.ts'
import { formatOf } from '../packages/entries.ts'
import type { Change, IndexStore } from './index-store.ts'
import { measureContent } from './measure.ts'
import { deflatePiece, inflatePiece, type PieceStore } from './pieces.ts'
import { type Addition, editStream } from './streams.ts'

export interface PublishedEntry {
  readonly artifactId: string
  readonly entry: Entry
}

export interface ScopeEdit {
  /** One of those that share the root: its layout stands for all. */
  readonly format: Format
  readonly address: RepositoryAddress
  readonly added: readonly PublishedEntry[]
  readonly removedIds: readonly string[]
}

export interface ScopeResult {
  readonly files: readonly IndexFile[]
  readonly changes: readonly Change[]
  /** Every stream the channel now has. */
  readonly streams: readonly string[]
  /** Artifacts that earlier publishes brought, and that now stand in a stream that is new. */
  readonly seededIds: readonly string[]
}

export interface ScopeTools {
  readonly store: IndexStore
  readonly pieces: PieceStore
  readonly signer: RepositorySigner
  readonly nowSeconds: number
  readonly generation: number
}

/** Formats that share a root share its indexes. */
export const scopeName = (format: Format, channel: string): string => `${format.repository.root}/${channel}`

const indexTools = (scope: string, { store, pieces, signer, nowSeconds, generation }: ScopeTools): IndexTools => ({
  signer,
  nowSeconds,
  generation,
  deflate: deflatePiece,
  store: pieces.store,
  measure: (recipe) => measureContent(recipe, pieces, store.checkpoints),
  read: async function* (content) {
    for (const part of content.parts) {
      const bytes = await pieces.read(part)
      yield content.inflate ? inflatePiece(bytes) : bytes
    }
  },
  hash: (name) => {
    const hash = createHash(name)
    return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) }
  },
  reuse: async (name, inputs, make) => {
    const digest = createHash('sha256').update(JSON.stringify(inputs)).digest('base64url')
    const known = store.findMade(scope, name, digest)
    if (known) return known
    const files = await make()
    store.saveMade(scope, name, digest, files)
    return files
  },
})

/** Rows of all new entries by stream; streams that only now appear count for every entry of the same publish. */
const rowsByStream = (
  { format, address, added }: ScopeEdit,
  existing: Iterable<string>,
): { streams: ReadonlySet<string>; rows: ReadonlyMap<string, Addition[]> } => {
  const streams = new Set([...format.repository.baseStreams, ...existing])
  // Each entry's own format says its rows, also where several formats share a root.
  const rowsOf = (entry: Entry): readonly Row[] =>
    formatOf(entry.format).repository.rows(entry, [...streams], address.channel)
  for (const { entry } of added) for (const row of rowsOf(entry)) streams.add(row.stream)
  const rows = new Map<string, Addition[]>()
  for (const { artifactId, entry } of added) {
    for (const { stream, bytes, group } of rowsOf(entry)) {
      const list = rows.get(stream) ?? []
      list.push({ artifactId, version: entry.version, bytes, group: group ?? null })
      rows.set(stream, list)
    }
  }
  return { streams, rows }
}

/** A stream that begins now begins with what another one has. */
const seedOf = (edit: ScopeEdit, stream: string, known: ReadonlyMap<string, readonly Segment[]>) => {
  const seed = edit.format.repository.seed(stream)
  const segments = seed === undefined ? undefined : known.get(seed)
  const scope = scopeName(edit.format, edit.address.channel)
  return seed !== undefined && segments ? { at: { scope, stream: seed }, segments } : null
}

/** The scope's files with the new entries in them. Nothing a reader sees has changed yet. */
export const editScope = async (edit: ScopeEdit, tools: ScopeTools): Promise<ScopeResult> => {
  const { format, address } = edit
  const scope = scopeName(format, address.channel)
  const known = tools.store.streams(scope)
  const { streams, rows } = rowsByStream(edit, known.keys())
  const states = new Map<string, StreamState>()
  const changes: (readonly Change[])[] = []
  const seededIds = new Set<string>()
  for (const stream of [...streams].sort()) {
    const segments = known.get(stream)
    const additions = rows.get(stream) ?? []
    const seed = segments ? null : seedOf(edit, stream, known)
    for (const id of seed ? tools.store.artifactsOf(seed.at) : []) seededIds.add(id)
    if (segments && additions.length === 0 && edit.removedIds.length === 0) {
      states.set(stream, { stream, segments })
      continue
    }
    const edited = await editStream(
      {
        at: { scope, stream },
        segments: segments ?? seed?.segments ?? [],
        seededFrom: seed?.at ?? null,
        additions,
        removals: edit.removedIds,
        compareVersions: format.compareVersions,
      },
      tools.store,
      tools.pieces,
    )
    states.set(stream, { stream, segments: edited.segments })
    changes.push(edited.changes)
  }
  const files = await format.repository.files({ address, streams: states }, indexTools(scope, tools))
  return { files, changes: changes.flat(), streams: [...streams], seededIds: [...seededIds] }
}
