// Build and push requests: settled as far as words and file lists allow before anything is queued, so that a user's
// mistake is answered at once, with its line, and leaves nothing behind.
import type { Build, CreateBuild, CreatePush } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { parseFileName } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq } from 'drizzle-orm'
import { chunksForStatement } from '../db/client.ts'
import { artifacts, builds, jobs } from '../db/schema.ts'
import { putBlobBytes } from '../storage/blobs.ts'
import type { Project } from './access.ts'
import { type ArtifactRow, offerInChannel, versionDeleted, versionExists } from './artifacts.ts'
import { mayUse } from './billing/entitlements.ts'
import { ownedBlobs } from './blobs.ts'
import { noteEnd } from './build-end.ts'
import { isComparable, type PlannedJob, planBuild } from './build-plan.ts'
import { type BuildRow, describeBuild } from './builds.ts'
import { readEntry } from './entries.ts'
import { newId } from './ids.ts'
import { logEvent } from './log.ts'
import type { Platform } from './platform.ts'
import { publisherOf } from './projects.ts'
import { record } from './record.ts'

type JobRow = typeof jobs.$inferSelect
/** Columns of `jobs`: each is a bound parameter. */
const JOB_PARAMETERS = 13
/** Messages one sendBatch takes. */
const SEND_AT_ONCE = 100

interface NewBuild {
  readonly build: BuildRow
  readonly rows: readonly JobRow[]
  /** Jobs that earlier builds have done. */
  readonly found: ReadonlyMap<string, Known>
}

/** What a job would make is there already. */
interface Known {
  readonly planned: PlannedJob
  readonly artifact: ArtifactRow
}

const findArtifact = async ({ db }: Platform, projectId: string, job: PlannedJob): Promise<ArtifactRow | undefined> => {
  const sameFile = and(
    eq(artifacts.projectId, projectId),
    eq(artifacts.format, job.target.format.id),
    eq(artifacts.fileName, job.fileName),
  )
  return (await db.select().from(artifacts).where(sameFile))[0]
}

/** By target: what is already done. A version that is there with other contents refuses the whole request. */
const findKnown = async (
  platform: Platform,
  projectId: string,
  jobsPlanned: readonly PlannedJob[],
): Promise<Result<ReadonlyMap<string, Known>, readonly Fault[]>> => {
  const found = new Map<string, Known>()
  const conflicts: Fault[] = []
  for (const planned of jobsPlanned) {
    const artifact = await findArtifact(platform, projectId, planned)
    if (!artifact) continue
    if (artifact.deletedAtMs !== null) conflicts.push(versionDeleted(artifact))
    else if (artifact.inputSha256 === planned.inputSha256) found.set(planned.targetText, { planned, artifact })
    else if (isComparable(artifact.inputSha256)) conflicts.push(versionExists(artifact))
    // Else nobody knows before it is built: then the bytes are compared.
  }
  return conflicts.length > 0 ? err(conflicts) : ok(found)
}

const findByKey = async (
  { db }: Platform,
  projectId: string,
  idempotencyKey: string | null,
): Promise<BuildRow | undefined> => {
  if (idempotencyKey === null) return undefined
  const same = and(eq(builds.projectId, projectId), eq(builds.idempotencyKey, idempotencyKey))
  return (await db.select().from(builds).where(same))[0]
}

interface BuildFacts {
  readonly projectId: string
  readonly channel: string
  readonly request: unknown
  readonly idempotencyKey: string | null
}

/** The row, its request already stored: manifests and file lists outgrow a row. */
const newBuildRow = async (platform: Platform, facts: BuildFacts): Promise<BuildRow> => {
  const { projectId, channel, request, idempotencyKey } = facts
  const stored = await putBlobBytes(platform.bucket, new TextEncoder().encode(JSON.stringify(request)))
  const createdAtMs = platform.nowMs()
  return {
    id: newId('bld', createdAtMs),
    projectId,
    channel,
    requestSha256: stored.sha256,
    idempotencyKey,
    madeBy: { ...platform.who, ...(platform.identity ? { identity: platform.identity } : {}) },
    endedAtMs: null,
    createdAtMs,
  }
}

const newJobRow = (
  nowMs: number,
  job: Pick<JobRow, 'buildId' | 'kind' | 'target' | 'inputSha256'>,
  artifact?: ArtifactRow,
): JobRow => ({
  ...job,
  id: newId('job', nowMs),
  state: artifact ? 'built' : 'waiting',
  attempts: 0,
  leaseUntilMs: null,
  faults: [],
  warnings: artifact?.warnings ?? [],
  artifactId: artifact?.id ?? null,
  createdAtMs: nowMs,
  changedAtMs: nowMs,
})

/** Offers what earlier builds made; a version that was taken back fails its job instead. */
const offerKnown = async (
  platform: Platform,
  build: BuildRow,
  rows: readonly JobRow[],
  { planned, artifact }: Known,
) => {
  const { format } = planned.target
  const entry = await readEntry(platform.bucket, format, artifact.entrySha256)
  const path = format.repository.packagePath(entry, build.channel)
  const { projectId, channel } = build
  const offered = await offerInChannel(platform, { projectId, channel, artifactId: artifact.id, path })
  const row = rows.find(({ target }) => target === planned.targetText)
  if (offered.ok || !row) return
  const failed = { state: 'failed', faults: [offered.error], changedAtMs: platform.nowMs() } as const
  await platform.db.update(jobs).set(failed).where(eq(jobs.id, row.id))
}

const start = async (platform: Platform, { build, rows, found }: NewBuild): Promise<void> => {
  for (const known of found.values()) await offerKnown(platform, build, rows, known)
  if (found.size > 0) await publisherOf(platform, build.projectId).publish(build.projectId)
  const waiting = rows.filter(({ state }) => state === 'waiting').map(({ id }) => ({ body: { jobId: id } }))
  for (let i = 0; i < waiting.length; i += SEND_AT_ONCE) {
    await platform.env.JOBS.sendBatch(waiting.slice(i, i + SEND_AT_ONCE))
  }
  // Everything was known already: it is over as it begins.
  if (waiting.length === 0) await noteEnd(platform, build.id)
}

const keepBuild = async (platform: Platform, project: Project, made: NewBuild): Promise<Build> => {
  const { db } = platform
  const { build, rows, found } = made
  try {
    const inserts = chunksForStatement(rows, JOB_PARAMETERS).map((chunk) => db.insert(jobs).values(chunk))
    await db.batch([db.insert(builds).values(build), ...inserts])
  } catch (error) {
    // The same key at the same moment: the other request's build is this one's too.
    const winner = await findByKey(platform, project.id, build.idempotencyKey)
    if (!winner) throw error
    return describeBuild(platform, project, winner)
  }
  logEvent('build.queued', { buildId: build.id, projectId: project.id, jobs: rows.length, known: found.size })
  await record(platform, {
    organizationId: project.organizationId,
    projectId: project.id,
    action: 'build.created',
    subject: build.id,
    after: { channel: build.channel, targets: rows.map(({ target }) => target) },
  })
  await start(platform, made)
  return describeBuild(platform, project, build)
}

/** Makes the build and its jobs, or finds the one the same key made before. */
export const createBuild = async (
  platform: Platform,
  project: Project,
  request: CreateBuild,
  idempotencyKey: string | null,
): Promise<Result<Build, readonly Fault[]>> => {
  const settled = { ...request, mtimeSeconds: request.mtimeSeconds ?? Math.floor(platform.nowMs() / 1000) }
  const repeated = await findByKey(platform, project.id, idempotencyKey)
  if (repeated) return ok(await describeBuild(platform, project, repeated))
  const may = await mayUse(platform, project.organizationId, { kind: 'build' })
  if (!may.ok) return err([may.error])
  const planned = await planBuild(platform, project, settled)
  if (!planned.ok) return planned
  const found = await findKnown(platform, project.id, planned.value)
  if (!found.ok) return found
  const { channel } = request
  const build = await newBuildRow(platform, { projectId: project.id, channel, request: settled, idempotencyKey })
  const rows = planned.value.map(({ targetText: target, inputSha256 }) => {
    const job = { buildId: build.id, kind: 'build', target, inputSha256 } as const
    return newJobRow(platform.nowMs(), job, found.value.get(target)?.artifact)
  })
  return ok(await keepBuild(platform, project, { build, rows, found: found.value }))
}

const checkPush = async (platform: Platform, project: Project, { files }: CreatePush): Promise<Fault[]> => {
  const owned = await ownedBlobs(
    platform,
    project.id,
    files.map(({ sha256 }) => sha256),
  )
  const names = new Set<string>()
  return files.flatMap(({ fileName, sha256, sizeBytes }) => {
    const faults: Fault[] = []
    const format = parseFileName(fileName)
    if (!format.ok) faults.push(format.error)
    if (names.has(fileName)) faults.push(fault('request_invalid', `${fileName} is named twice.`))
    names.add(fileName)
    if (owned.get(sha256) !== sizeBytes) faults.push(fault('blob_missing', `${fileName}: upload its bytes first.`))
    return faults
  })
}

/** Finished files of anybody's making: read, signed and published, each by a job of its own. */
export const createPush = async (
  platform: Platform,
  project: Project,
  request: CreatePush,
  idempotencyKey: string | null,
): Promise<Result<Build, readonly Fault[]>> => {
  const repeated = await findByKey(platform, project.id, idempotencyKey)
  if (repeated) return ok(await describeBuild(platform, project, repeated))
  const may = await mayUse(platform, project.organizationId, { kind: 'build' })
  if (!may.ok) return err([may.error])
  const faults = await checkPush(platform, project, request)
  if (faults.length > 0) return err(faults)
  const build = await newBuildRow(platform, {
    projectId: project.id,
    channel: request.channel,
    request,
    idempotencyKey,
  })
  const rows = request.files.map(({ fileName: target, sha256: inputSha256 }) =>
    newJobRow(platform.nowMs(), { buildId: build.id, kind: 'push', target, inputSha256 }),
  )
  return ok(await keepBuild(platform, project, { build, rows, found: new Map() }))
}
