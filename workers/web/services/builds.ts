// A build request: settled as far as words and file lists allow before anything is queued, so that a user's mistake
// is answered at once, with its line, and leaves nothing behind.
import type { Build, CreateBuild } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, desc, eq, inArray, lt } from 'drizzle-orm'
import { chunksForStatement } from '../db/client.ts'
import { artifacts, builds, jobs, publications } from '../db/schema.ts'
import { putBlobBytes } from '../storage/blobs.ts'
import type { Project } from './access.ts'
import { type ArtifactRow, offerInChannel, versionExists } from './artifacts.ts'
import { type PlannedJob, planBuild } from './build-plan.ts'
import { readEntry } from './entries.ts'
import { newId } from './ids.ts'
import { logEvent } from './log.ts'
import { type Platform, repositoryUrl } from './platform.ts'
import { publisherOf } from './projects.ts'
import { type JobFacts, viewBuild } from './views.ts'

type BuildRow = typeof builds.$inferSelect
type JobRow = typeof jobs.$inferSelect

const findArtifact = async ({ db }: Platform, projectId: string, job: PlannedJob): Promise<ArtifactRow | undefined> => {
  const sameFile = and(
    eq(artifacts.projectId, projectId),
    eq(artifacts.format, job.target.format.id),
    eq(artifacts.fileName, job.fileName),
  )
  return (await db.select().from(artifacts).where(sameFile))[0]
}

/** Which jobs are already done; a version that is there with other contents refuses the whole request. */
const matchArtifacts = async (
  platform: Platform,
  projectId: string,
  planned: readonly PlannedJob[],
): Promise<Result<Map<PlannedJob, ArtifactRow>, Fault[]>> => {
  const found = new Map<PlannedJob, ArtifactRow>()
  const conflicts: Fault[] = []
  for (const job of planned) {
    const artifact = await findArtifact(platform, projectId, job)
    if (artifact && artifact.inputSha256 !== job.inputSha256) conflicts.push(versionExists(artifact))
    else if (artifact) found.set(job, artifact)
  }
  return conflicts.length > 0 ? err(conflicts) : ok(found)
}

const findByKey = async ({ db }: Platform, projectId: string, idempotencyKey: string): Promise<BuildRow | undefined> =>
  (
    await db
      .select()
      .from(builds)
      .where(and(eq(builds.projectId, projectId), eq(builds.idempotencyKey, idempotencyKey)))
  )[0]

const insertBuild = async ({ db }: Platform, build: BuildRow, rows: readonly JobRow[]): Promise<void> => {
  const inserts = chunksForStatement(rows, 11).map((chunk) => db.insert(jobs).values(chunk))
  await db.batch([db.insert(builds).values(build), ...inserts])
}

/** Publishes what earlier builds already made, and queues the rest. */
const start = async (
  platform: Platform,
  build: BuildRow,
  rows: readonly JobRow[],
  found: ReadonlyMap<PlannedJob, ArtifactRow>,
): Promise<void> => {
  for (const [planned, artifact] of found) {
    const { format } = planned.target
    const entry = await readEntry(platform.bucket, format, artifact.entrySha256)
    const path = format.repository.packagePath(entry, build.channel)
    await offerInChannel(platform, {
      projectId: build.projectId,
      channel: build.channel,
      artifactId: artifact.id,
      path,
    })
  }
  if (found.size > 0) await publisherOf(platform, build.projectId).publish(build.projectId)
  const waiting = rows.filter(({ state }) => state === 'waiting').map(({ id }) => ({ body: { jobId: id } }))
  for (let i = 0; i < waiting.length; i += 100) await platform.env.JOBS.sendBatch(waiting.slice(i, i + 100))
}

const jobRow = (platform: Platform, buildId: string, planned: PlannedJob, artifact?: ArtifactRow): JobRow => ({
  id: newId('job', platform.nowMs()),
  buildId,
  target: planned.targetText,
  state: artifact ? 'built' : 'waiting',
  attempts: 0,
  inputSha256: planned.inputSha256,
  leaseUntilMs: null,
  faults: [],
  artifactId: artifact?.id ?? null,
  createdAtMs: platform.nowMs(),
  changedAtMs: platform.nowMs(),
})

/** Makes the build and its jobs, or finds the one the same key made before. */
export const createBuild = async (
  platform: Platform,
  project: Project,
  request: CreateBuild,
  idempotencyKey: string | null,
): Promise<Result<Build, readonly Fault[]>> => {
  const settled = { ...request, mtimeSeconds: request.mtimeSeconds ?? Math.floor(platform.nowMs() / 1000) }
  const repeated = idempotencyKey ? await findByKey(platform, project.id, idempotencyKey) : undefined
  if (repeated) return ok(await describeBuild(platform, project, repeated))
  const planned = await planBuild(platform, project, settled)
  if (!planned.ok) return planned
  const found = await matchArtifacts(platform, project.id, planned.value)
  if (!found.ok) return found
  const stored = await putBlobBytes(platform.bucket, new TextEncoder().encode(JSON.stringify(settled)))
  const build: BuildRow = {
    id: newId('bld', platform.nowMs()),
    projectId: project.id,
    channel: request.channel,
    requestSha256: stored.sha256,
    idempotencyKey,
    createdAtMs: platform.nowMs(),
  }
  const rows = planned.value.map((job) => jobRow(platform, build.id, job, found.value.get(job)))
  try {
    await insertBuild(platform, build, rows)
  } catch (error) {
    const winner = idempotencyKey ? await findByKey(platform, project.id, idempotencyKey) : undefined
    if (!winner) throw error
    return ok(await describeBuild(platform, project, winner))
  }
  logEvent('build.created', { buildId: build.id, projectId: project.id, jobs: rows.length, known: found.value.size })
  await start(platform, build, rows, found.value)
  return ok(await describeBuild(platform, project, build))
}

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
  return viewBuild(build, await readJobFacts(platform, build), project, baseUrl)
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
