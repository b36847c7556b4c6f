// Where package files are served, companions beside them: the address of each new one, and the aliases a format asks
// for because its clients look beside the index they read.
import type { Content } from '@distropack/core/model/content.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import { inArray } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { artifacts, type publications } from '../../db/schema.ts'
import { formatOf, readEntries, readEntryOf } from '../packages/entries.ts'
import type { Platform } from '../platform/platform.ts'
import type { ScopeEdit, ScopeResult } from './scope.ts'

export interface NamedContent {
  readonly path: string
  readonly content: Content
  /** By the ending that its own path has behind this one. */
  readonly companions?: Readonly<Record<string, Content>>
}

export type ArtifactRow = typeof artifacts.$inferSelect

export interface Pending {
  readonly publication: typeof publications.$inferSelect
  readonly artifact: ArtifactRow
}

/** The file itself, and with it what is served beside it. */
export const servedFile = (path: string, { content, companions }: ArtifactRow): NamedContent => ({
  path,
  content,
  companions,
})

/** Packages of earlier publishes that now stand in an index of a new architecture: they need their aliases there. */
const readSeeded = async (platform: Platform, ids: readonly string[]) => {
  const found: { artifact: ArtifactRow; entry: Entry }[] = []
  for (const some of chunksForStatement(ids, 1)) {
    const rows = await platform.db.select().from(artifacts).where(inArray(artifacts.id, some))
    const entries = await readEntries(platform.bucket, rows)
    for (const [at, artifact] of rows.entries()) found.push({ artifact, entry: entries[at] as Entry })
  }
  return found
}

/** Paths of one scope's packages that this publish brings. They never change, so repeating one is harmless. */
export const packagePaths = async (
  platform: Platform,
  { edit, result, pending }: { edit: ScopeEdit; result: ScopeResult; pending: readonly Pending[] },
): Promise<readonly NamedContent[]> => {
  const { format, address, added } = edit
  const { channel } = address
  const aliases = (entry: Entry, artifact: ArtifactRow): readonly NamedContent[] => {
    const paths = format.repository.packageAliases?.(entry, channel, result.streams) ?? []
    return paths.map((path) => servedFile(path, artifact))
  }
  const ofChannel = new Map(
    pending.filter(({ publication }) => publication.channel === channel).map((each) => [each.artifact.id, each]),
  )
  const own = added.flatMap(({ artifactId, entry }) => {
    const found = ofChannel.get(artifactId)
    // One that takes a withdrawn one's place was served before.
    if (!found) return []
    return [servedFile(found.publication.path, found.artifact), ...aliases(entry, found.artifact)]
  })
  const seeded = format.repository.packageAliases ? await readSeeded(platform, result.seededIds) : []
  return [...own, ...seeded.flatMap(({ artifact, entry }) => aliases(entry, artifact))]
}

/** Every path of an artifact that is taken away. */
export const allPathsOf = async (
  platform: Platform,
  { publication, artifact }: Pending,
  streams: readonly string[],
): Promise<readonly string[]> => {
  const format = formatOf(artifact.format)
  const entry = await readEntryOf(platform.bucket, artifact)
  const aliases = format.repository.packageAliases?.(entry, publication.channel, streams) ?? []
  // Releases of before stored what is beside it at paths of their own.
  const endings = ['', ...Object.keys(artifact.companions)]
  return [publication.path, ...aliases].flatMap((path) => endings.map((ending) => path + ending))
}
