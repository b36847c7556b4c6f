// Builds as they stand: found, listed, described with their jobs. New ones are made in new-build.ts.
import type { Build } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, desc, eq, inArray, lt } from 'drizzle-orm'
import { chunksForStatement } from '../db/client.ts'
import { artifacts, builds, jobs, publications } from '../db/schema.ts'
import type { Project } from './access.ts'
import type { ArtifactRow } from './artifacts.ts'
import { type Platform, repositoryUrl } from './platform.ts'
import { readUsedFiles } from './used-files.ts'
import { type JobFacts, viewBuild } from './views.ts'

export type BuildRow = typeof builds.$inferSelect

const readJobFacts = async ({ db }: Platform, build: BuildRow): Promise<JobFacts[]> => {
  const rows = await db.select().from(jobs).where(eq(jobs.buildId, build.id)).orderBy(jobs.target)
  const ids = rows.flatMap(({ artifactId }) => artifactId ?? [])
  const found = new Map<string, ArtifactRow>()
  const offers = new Map<string, typeof publications.$inferSelect>()
  for (const chunk of chunksForStatement(ids, 1, 2)) {
    for (const row of await db.select().from(artifacts).where(inArray(artifacts.id, chunk))) found.set(row.id, row)
    const inChannel = and(
      eq(publications.projectId, build.projectId),
      eq(publications.channel, build.channel),
      inArray(publications.artifactId, chunk),
    )
    for (const row of await db.select().from(publications).where(inChannel)) offers.set(row.artifactId, row)
  }
  return rows.map((job) => ({
    job,
    artifact: found.get(job.artifactId ?? '') ?? null,
    offer: offers.get(job.artifactId ?? '') ?? null,
  }))
}

export const describeBuild = async (platform: Platform, project: Project, build: BuildRow): Promise<Build> => {
  const baseUrl = repositoryUrl(platform.env, project.organization, project.slug)
  const [facts, files] = await Promise.all([readJobFacts(platform, build), readUsedFiles(platform, build.id)])
  return { ...viewBuild(build, facts, project, baseUrl), files }
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
  const items = await Promise.all(shown.map((build) => describeBuild(platform, project, build)))
  return { items, nextCursor: found.length > page.limit ? (shown.at(-1)?.id ?? null) : null }
}
