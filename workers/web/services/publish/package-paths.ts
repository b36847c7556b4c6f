// Where package files are served, companions beside them: the address of each new one, and the aliases a format asks
// for because its clients look beside the index they read.
import type { Content } from '@distropack/core/model/content.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import { inArray } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { artifacts, type publications } from '../../db/schema.ts'
import { formatOf, readEntry } from '../entries.ts'
import type { Platform } from '../platform.ts'
import type { ScopeEdit, ScopeResult } from './scope.ts'

export interface NamedContent {
  readonly path: string
  readonly content: Content
}

type ArtifactRow = typeof artifacts.$inferSelect

export interface Pending {
  readonly publication: typeof publications.$inferSelect
  readonly artifact: ArtifactRow
}

const served = (path: string, { content, companions }: ArtifactRow): readonly NamedContent[] => [
  { path, content },
  ...Object.entries(companions).map(([suffix, companion]) => ({ path: path + suffix, content: companion })),
]

/** Packages of earlier publishes that now stand in an index of a new architecture: they need their aliases there. */
const readSeeded = async (platform: Platform, ids: readonly string[]) => {
  const found: { artifact: ArtifactRow; entry: Entry }[] = []
  for (const some of chunksForStatement(ids, 1)) {
    const rows = await platform.db.select().from(artifacts).where(inArray(artifacts.id, some))
    for (const artifact of rows) {
      found.push({ artifact, entry: await readEntry(platform.bucket, formatOf(artifact.format), artifact.entrySha256) })
    }
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
    return paths.flatMap((path) => served(path, artifact))
  }
  const own = added.flatMap(({ artifactId, entry }) => {
    const found = pending.find(
      ({ artifact, publication }) => artifact.id === artifactId && publication.channel === channel,
    )
    if (!found) throw new Error(`artifact ${artifactId} is published and not pending`)
    return [...served(found.publication.path, found.artifact), ...aliases(entry, found.artifact)]
  })
  const seeded = format.repository.packageAliases ? await readSeeded(platform, result.seededIds) : []
  return [...own, ...seeded.flatMap(({ artifact, entry }) => aliases(entry, artifact))]
}
