// Builds as they stand: found, listed, described with their jobs. New ones are made in new-build.ts.
import type { Build } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, desc, eq, inArray, lt } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { artifacts, builds, jobs, publications } from '../../db/schema.ts'
import type { Project } from '../access/access.ts'
import { type Platform, repositoryUrl } from '../platform/platform.ts'
import { readUsedFiles } from '../uploads/used-files.ts'
import { type JobFacts, viewBuild } from './views.ts'

export type BuildRow = typeof builds.$inferSelect

/** Jobs of these builds with what became of them, by build, in the order of their targets. */
const readJobFacts = async (
  { db }: Platform,
  buildIds: readonly string[],
): Promise<ReadonlyMap<string, readonly JobFacts[]>> => {
  const facts = new Map<string, JobFacts[]>(buildIds.map((id) => [id, []]))
  const inChannel = and(
    eq(publications.projectId, builds.projectId),
    eq(publications.channel, builds.channel),
    eq(publications.artifactId, jobs.artifactId),
  )
  for (const chunk of chunksForStatement(buildIds, 1)) {
    const rows = await db
      .select({ job: jobs, artifact: artifacts, offer: publications })
      .from(jobs)
      .innerJoin(builds, eq(builds.id, jobs.buildId))
      .leftJoin(artifacts, eq(artifacts.id, jobs.artifactId))
      .leftJoin(publications, inChannel)
      .where(inArray(jobs.buildId, chunk))
      .orderBy(jobs.target)
    for (const row of rows) facts.get(row.job.buildId)?.push(row)
  }
  return facts
}

/** A page of them for the price of one. */
const describeBuilds = async (platform: Platform, project: Project, rows: readonly BuildRow[]): Promise<Build[]> => {
  const baseUrl = repositoryUrl(platform.env, project.organization, project.slug)
  const ids = rows.map(({ id }) => id)
  const [facts, files] = await Promise.all([readJobFacts(platform, ids), readUsedFiles(platform, ids)])
  return rows.map((build) => ({
    ...viewBuild(build, facts.get(build.id) ?? [], project, baseUrl),
    files: [...(files.get(build.id) ?? [])],
  }))
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

export const listBuilds = async (
  platform: Platform,
  project: Project,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ items: Build[]; nextCursor: string | null }> => {
  const found = await platform.db
    .select()
    .from(builds)
    .where(and(eq(builds.projectId, project.id), page.cursor ? lt(builds.id, page.cursor) : undefined))
    .orderBy(desc(builds.id))
    .limit(page.limit + 1)
  const shown = found.slice(0, page.limit)
  const items = await describeBuilds(platform, project, shown)
  return { items, nextCursor: found.length > page.limit ? (shown.at(-1)?.id ?? null) : null }
}
