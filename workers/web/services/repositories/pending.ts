// What waits to be shown or taken away, and may be now: a build appears whole, in one generation.
import { and, eq, or, type SQL, sql } from 'drizzle-orm'
import { artifacts, builds, jobs, publications } from '../../db/schema.ts'
import type { Platform } from '../platform/platform.ts'
import type { Pending } from './package-paths.ts'

/** One generation takes so many package files; the rest of such a burst comes with the next, a second later. */
const MAX_AT_ONCE = 400

/**
 * Packages of a build wait for the last of its jobs, however that ends. A package that a finished build made as well,
 * or no build at all (one that is offered again), waits for nobody.
 */
const isOfNoOpenBuild: SQL = sql`(
  NOT EXISTS (
    SELECT 1 FROM ${jobs} AS made JOIN ${builds} AS of_it ON of_it.id = made.build_id
    WHERE made.artifact_id = ${publications.artifactId} AND of_it.channel = ${publications.channel}
  ) OR EXISTS (
    SELECT 1 FROM ${jobs} AS made JOIN ${builds} AS of_it ON of_it.id = made.build_id
    WHERE made.artifact_id = ${publications.artifactId} AND of_it.channel = ${publications.channel}
      AND NOT EXISTS (
        SELECT 1 FROM ${jobs} AS other WHERE other.build_id = made.build_id AND other.state IN ('waiting', 'building')
      )
  )
)`

export const readPending = async (
  { db }: Platform,
  projectId: string,
): Promise<{ readonly pending: readonly Pending[]; readonly hasMore: boolean }> => {
  const isReady = or(eq(publications.state, 'withdrawing'), and(eq(publications.state, 'pending'), isOfNoOpenBuild))
  const found = await db
    .select({ publication: publications, artifact: artifacts })
    .from(publications)
    .innerJoin(artifacts, eq(artifacts.id, publications.artifactId))
    .where(and(eq(publications.projectId, projectId), isReady))
    .orderBy(publications.createdAtMs)
    .limit(MAX_AT_ONCE + 1)
  return { pending: found.slice(0, MAX_AT_ONCE), hasMore: found.length > MAX_AT_ONCE }
}
