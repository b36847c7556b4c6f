// Builds as they stand: found, listed, described with their jobs. New ones are made in new-build.ts.

import { type Build, type Job, type JobCounts, MAX_SHOWN_JOBS } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, count, eq, inArray, lte, sql } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { newestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { artifacts, builds, jobs, publications } from '../../db/schema.ts'
import type { Project } from '../access/access.ts'
import { type Platform, repositoryUrl } from '../platform/platform.ts'
import { readUsedFiles } from '../uploads/used-files.ts'
import { type JobFacts, NO_JOBS, viewBuild, viewJob } from './views.ts'

export type BuildRow = typeof builds.$inferSelect

const JOB_FACTS = {
  job: jobs,
  artifact: {
    id: artifacts.id,
    fileName: artifacts.fileName,
    name: artifacts.name,
    version: artifacts.version,
    arch: artifacts.arch,
    sizeBytes: artifacts.sizeBytes,
    sha256: artifacts.sha256,
  },
  offer: { state: publications.state, path: publications.path, generation: publications.generation },
}

const inChannel = and(
  eq(publications.projectId, builds.projectId),
  eq(publications.channel, builds.channel),
  eq(publications.artifactId, jobs.artifactId),
)

const selectJobs = ({ db }: Platform) =>
  db
    .select(JOB_FACTS)
    .from(jobs)
    .innerJoin(builds, eq(builds.id, jobs.buildId))
    .leftJoin(artifacts, eq(artifacts.id, jobs.artifactId))
    .leftJoin(publications, inChannel)

/** How many jobs of these builds are in each state, by build. */
const countJobs = async (
  { db }: Platform,
  buildIds: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Partial<JobCounts>>>> => {
  const counts = new Map<string, Partial<JobCounts>>(buildIds.map((id) => [id, {}]))
  const shown = sql<keyof JobCounts>`CASE WHEN ${jobs.state} = 'built' AND ${publications.state} = 'published'
    THEN 'published' ELSE ${jobs.state} END`
  for (const chunk of chunksForStatement(buildIds, 1)) {
    const rows = await db
      .select({ buildId: jobs.buildId, state: shown, count: count() })
      .from(jobs)
      .innerJoin(builds, eq(builds.id, jobs.buildId))
      .leftJoin(publications, inChannel)
      .where(inArray(jobs.buildId, chunk))
      .groupBy(jobs.buildId, shown)
    for (const { buildId, state, count: found } of rows) counts.set(buildId, { ...counts.get(buildId), [state]: found })
  }
  return counts
}

/** Jobs of these builds with what became of them, by build: what failed first, then in the order of their targets. */
const readJobFacts = async (
  platform: Platform,
  buildIds: readonly string[],
): Promise<ReadonlyMap<string, readonly JobFacts[]>> => {
  const facts = new Map<string, JobFacts[]>(buildIds.map((id) => [id, []]))
  const place = sql<number>`row_number() OVER (
    PARTITION BY ${jobs.buildId} ORDER BY ${jobs.state} IN ('failed', 'dead') DESC, ${jobs.target}
  )`
  for (const chunk of chunksForStatement(buildIds, 1)) {
    const placed = platform.db
      .select({ id: jobs.id, place: place.as('place') })
      .from(jobs)
      .where(inArray(jobs.buildId, chunk))
      .as('placed')
    const shown = platform.db.select({ id: placed.id }).from(placed).where(lte(placed.place, MAX_SHOWN_JOBS))
    const rows = await selectJobs(platform).where(inArray(jobs.id, shown)).orderBy(jobs.target)
    for (const row of rows) facts.get(row.job.buildId)?.push(row)
  }
  return facts
}

/** A page of them for the price of one. */
const describeBuilds = async (platform: Platform, project: Project, rows: readonly BuildRow[]): Promise<Build[]> => {
  const baseUrl = repositoryUrl(platform.env, project.organization, project.slug)
  const ids = rows.map(({ id }) => id)
  const [facts, counts, files] = await Promise.all([
    readJobFacts(platform, ids),
    countJobs(platform, ids),
    readUsedFiles(platform, ids),
  ])
  return rows.map((build) => ({
    ...viewBuild(
      build,
      { counts: { ...NO_JOBS, ...counts.get(build.id) }, shown: facts.get(build.id) ?? [] },
      project,
      baseUrl,
    ),
    files: [...(files.get(build.id) ?? [])],
  }))
}

/** All its jobs, a page at a time, in the order of their targets. */
export const listJobs = async (
  platform: Platform,
  project: Project,
  build: BuildRow,
  page: PageQuery,
): Promise<Page<Job>> => {
  const baseUrl = repositoryUrl(platform.env, project.organization, project.slug)
  const { rows, nextCursor } = await readPage(
    page,
    { column: jobs.target, isNewestFirst: false },
    ({ beyond, order, limit }) =>
      selectJobs(platform)
        .where(and(eq(jobs.buildId, build.id), beyond))
        .orderBy(order)
        .limit(limit),
    ({ job }) => job.target,
  )
  return { items: rows.map((row) => viewJob(row, baseUrl)), nextCursor }
}

/** Whose log it is: that of a job that was done together with others is that of them all. */
export const findLogOwner = async ({ db }: Platform, buildId: string, jobId: string): Promise<string | undefined> => {
  const [row] = await db
    .select({ batch: jobs.batch })
    .from(jobs)
    .where(and(eq(jobs.id, jobId), eq(jobs.buildId, buildId)))
  return row && (row.batch ?? jobId)
}

export const describeBuild = async (platform: Platform, project: Project, build: BuildRow): Promise<Build> => {
  const [described] = await describeBuilds(platform, project, [build])
  if (!described) throw new Error(`no description of ${build.id}`)
  return described
}

export const findBuild = async (
  { db }: Platform,
  projectId: string,
  buildId: string,
): Promise<Result<BuildRow, Fault>> => {
  const [row] = await db
    .select()
    .from(builds)
    .where(and(eq(builds.id, buildId), eq(builds.projectId, projectId)))
  return row ? ok(row) : err(fault('not_found', `There is no build "${buildId}" in this project.`))
}

export const listBuilds = async (platform: Platform, project: Project, page: PageQuery): Promise<Page<Build>> => {
  const { rows, nextCursor } = await readPage(
    page,
    newestFirst(builds.id),
    ({ beyond, order, limit }) =>
      platform.db
        .select()
        .from(builds)
        .where(and(eq(builds.projectId, project.id), beyond))
        .orderBy(order)
        .limit(limit),
    ({ id }) => id,
  )
  return { items: [...(await describeBuilds(platform, project, rows))], nextCursor }
}
