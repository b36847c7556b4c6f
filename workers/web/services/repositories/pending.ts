// What waits to be shown or taken away, and may be now: a build appears whole, in one generation.
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { anyTuple } from '../../db/many-rows.ts'
import { artifacts, builds, jobs, publications } from '../../db/schema.ts'
import type { Platform } from '../platform/platform.ts'
import type { Pending } from './package-paths.ts'

/**
 * What one generation takes: entries and rows are held together while it is made, in 128 MB with all else. What is over
 * comes with the next, a second later. The files are as many as one push has, and some that came beside it: each costs
 * the store a write, of which one invocation makes a limited number ([limits] in wrangler.toml).
 */
const MAX_BYTES_AT_ONCE = 48 * 1024 * 1024
const MAX_FILES_AT_ONCE = 12_000
/** What a file's rows take besides its entry. */
const ROW_BYTES = 2048
/** Of files that an earlier release kept. */
const UNKNOWN_ENTRY_BYTES = 64 * 1024

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

interface Waiting {
  readonly artifactId: string
  readonly channel: string
  readonly entryBytes: number
}

/** As many as one generation takes, the oldest first; at least one. */
const cutToFit = (waiting: readonly Waiting[]): readonly Waiting[] => {
  let bytes = 0
  const end = waiting.findIndex(({ entryBytes }, at) => {
    bytes += entryBytes + ROW_BYTES
    return at > 0 && (bytes > MAX_BYTES_AT_ONCE || at >= MAX_FILES_AT_ONCE)
  })
  return end < 0 ? waiting : waiting.slice(0, end)
}

/** Rows of one question: their recipes are some kilobytes each. */
const ROWS_AT_ONCE = 500

export const readPending = async (
  { db }: Platform,
  projectId: string,
): Promise<{ readonly pending: readonly Pending[]; readonly hasMore: boolean }> => {
  // Words and not parameters: the index over what waits is for these words.
  const isReady = sql`${publications.state} IN ('pending', 'withdrawing')
    AND (${publications.state} = 'withdrawing' OR ${isOfNoOpenBuild})`
  const waiting = await db
    .select({
      artifactId: publications.artifactId,
      channel: publications.channel,
      entryBytes: sql<number>`coalesce(${artifacts.entryRange} ->> '$.sizeBytes', ${UNKNOWN_ENTRY_BYTES})`,
    })
    .from(publications)
    .innerJoin(artifacts, eq(artifacts.id, publications.artifactId))
    .where(and(eq(publications.projectId, projectId), isReady))
    .orderBy(publications.createdAtMs, publications.artifactId)
    .limit(MAX_FILES_AT_ONCE + 1)
  const taken = cutToFit(waiting)
  const pending: Pending[] = []
  for (let at = 0; at < taken.length; at += ROWS_AT_ONCE) {
    const some = taken.slice(at, at + ROWS_AT_ONCE)
    const rows = await db
      .select({ publication: publications, artifact: artifacts })
      .from(publications)
      .innerJoin(artifacts, eq(artifacts.id, publications.artifactId))
      .where(
        and(
          eq(publications.projectId, projectId),
          sql`(${publications.channel}, ${publications.artifactId}) IN ${anyTuple(some.map(({ channel, artifactId }) => [channel, artifactId]))}`,
          inArray(publications.state, ['pending', 'withdrawing']),
        ),
      )
    for (const row of rows) pending.push(row)
  }
  return { pending, hasMore: taken.length < waiting.length }
}
