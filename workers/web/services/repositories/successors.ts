// What takes the place of a package that leaves a channel: an index that holds one version of each name (pacman's
// databases, Contents, latest/) forgot the versions before it, and gets the newest of those that are still offered.
import { and, eq, inArray } from 'drizzle-orm'
import { artifacts, publications } from '../../db/schema.ts'
import { formatOf } from '../packages/entries.ts'
import type { Platform } from '../platform/platform.ts'
import type { ArtifactRow, Pending } from './package-paths.ts'

const isNewer = (one: ArtifactRow, other: ArtifactRow | undefined): boolean =>
  !other || formatOf(one.format).compareVersions(one.version, other.version) > 0

/** One for each format, name and architecture; offering one that is in an index already changes nothing there. */
export const findSuccessors = async (
  { db }: Platform,
  channel: string,
  leaving: readonly Pending[],
): Promise<readonly ArtifactRow[]> => {
  const gone = new Set(leaving.map(({ artifact }) => artifact.id))
  const newest = new Map<string, ArtifactRow>()
  const names = new Map(leaving.map(({ artifact }) => [`${artifact.format} ${artifact.name}`, artifact]))
  for (const { projectId, format, name } of names.values()) {
    const rivals = await db
      .select({ artifact: artifacts })
      .from(artifacts)
      .innerJoin(publications, eq(publications.artifactId, artifacts.id))
      .where(
        and(
          eq(artifacts.projectId, projectId),
          eq(artifacts.format, format),
          eq(artifacts.name, name),
          eq(publications.channel, channel),
          inArray(publications.state, ['published']),
        ),
      )
    for (const { artifact } of rivals) {
      const key = `${format} ${name} ${artifact.arch}`
      if (!gone.has(artifact.id) && isNewer(artifact, newest.get(key))) newest.set(key, artifact)
    }
  }
  return [...newest.values()]
}
