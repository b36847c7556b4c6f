// Build requests, and what pushes share with them: settled as far as words and file lists allow before anything is queued, so that a user's
// mistake is answered at once, with its line, and leaves nothing behind.
import type { Build, CreateBuild } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { formatTarget } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, gte, lt } from 'drizzle-orm'
import { batchAfter, type Statement } from '../../db/insert-when.ts'
import { insertMany } from '../../db/many-rows.ts'
import { artifacts, builds, jobs } from '../../db/schema.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import type { Project } from '../access/access.ts'
import { mayUse } from '../billing/entitlements.ts'
import {
  type ArtifactRow,
  mayOffer,
  type Offer,
  offering,
  versionDeleted,
  versionExists,
} from '../packages/artifacts.ts'
import { readEntryOf } from '../packages/entries.ts'
import { newId } from '../platform/ids.ts'
import { logError, logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import { wakePublisher } from '../repositories/publisher.ts'
import { noteEnd } from './build-end.ts'
import { isComparable, type PlannedJob, planBuild, sha256Of } from './build-plan.ts'
import { countingRequest, storeRequest } from './build-requests.ts'
import { type BuildRow, describeBuild } from './builds.ts'
import { sendJobs } from './send-jobs.ts'

export type JobRow = typeof jobs.$inferSelect
/** Targets that the audit log and notices name; the build itself lists them all. */
const MAX_NAMED = 100

/** A key, and what it was sent with: the same key with another request is refused. */
export interface BuildKey {
  readonly key: string
  readonly requestSha256: string
}

/** Keys are kept for a day, as every other answer is. */
const KEY_MS = 24 * 3600 * 1000

/** The order in which a program writes an object's keys means nothing. */
const inOrder = (_: string, value: unknown): unknown =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

export const buildKeyOf = async (key: string | undefined, ...request: readonly unknown[]): Promise<BuildKey | null> =>
  key === undefined ? null : { key, requestSha256: await sha256Hex(JSON.stringify(request, inOrder)) }

export interface BuildOptions {
  readonly key: BuildKey | null
  /** Rows that belong to the build and come with it. */
  readonly alongside?: (buildId: string) => readonly Statement[]
}

interface NewBuild {
  readonly build: BuildRow
  readonly rows: readonly JobRow[]
  /** What earlier builds have made and this one offers. */
  readonly offers: readonly Offer[]
  readonly first: readonly Statement[]
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
    else if (isComparable(artifact.inputSha256)) {
      const [published, given] = [sha256Of(artifact.inputSha256), sha256Of(planned.inputSha256)]
      conflicts.push(versionExists(artifact, { of: 'inputs', published, given }))
    }
    // Else nobody knows before it is built: then the bytes are compared.
  }
  return conflicts.length > 0 ? err(conflicts) : ok(found)
}

const findByKey = async ({ db, nowMs }: Platform, projectId: string, key: string): Promise<BuildRow | undefined> => {
  const same = and(eq(builds.projectId, projectId), eq(builds.idempotencyKey, key))
  return (
    await db
      .select()
      .from(builds)
      .where(and(same, gte(builds.createdAtMs, nowMs() - KEY_MS)))
  )[0]
}

/** The build that this key made before, if this is the request it was made for. */
export const findRepeated = async (
  platform: Platform,
  project: Project,
  key: BuildKey | null,
): Promise<Result<Build | undefined, readonly Fault[]>> => {
  const row = key ? await findByKey(platform, project.id, key.key) : undefined
  if (!row) return ok(undefined)
  if (row.keyedSha256 !== key?.requestSha256) {
    const message = `This Idempotency-Key made ${row.id} of another request: use a new one.`
    return err([fault('idempotency_key_reused', message)])
  }
  return ok(await describeBuild(platform, project, row))
}

/** A key of long ago is free again. */
const freeingKey = ({ db, nowMs }: Platform, projectId: string, { key }: BuildKey) =>
  db
    .update(builds)
    .set({ idempotencyKey: null })
    .where(
      and(eq(builds.projectId, projectId), eq(builds.idempotencyKey, key), lt(builds.createdAtMs, nowMs() - KEY_MS)),
    )

interface BuildFacts {
  readonly project: Project
  readonly channel: string
  readonly request: unknown
  readonly key: BuildKey | null
}

/** The row, its request already stored: manifests and file lists outgrow a row. `first`: what its batch begins with. */
export const newBuildRow = async (
  platform: Platform,
  { project, channel, request, key }: BuildFacts,
): Promise<Result<{ readonly build: BuildRow; readonly first: readonly Statement[] }, readonly Fault[]>> => {
  const text = JSON.stringify(request)
  const requestBytes = new TextEncoder().encode(text).length
  const may = await mayUse(platform, project.organizationId, { kind: 'upload', sizeBytes: requestBytes })
  if (!may.ok) return err([may.error])
  const createdAtMs = platform.nowMs()
  const id = newId('bld', createdAtMs)
  const { claiming } = await storeRequest(platform, id, text)
  const build: BuildRow = {
    id,
    projectId: project.id,
    channel,
    requestSha256: await sha256Hex(text),
    requestBytes,
    idempotencyKey: key?.key ?? null,
    keyedSha256: key?.requestSha256 ?? null,
    madeBy: { ...platform.who, ...(platform.identity ? { identity: platform.identity } : {}) },
    endedAtMs: null,
    createdAtMs,
  }
  const first: Statement[] = [claiming, ...countingRequest(platform, project.id, id, requestBytes)]
  if (key) first.push(freeingKey(platform, project.id, key))
  return ok({ build, first })
}

export const newJobRow = (
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
  batch: null,
})

/** What earlier builds made, as this one offers it; by target, why it may not: a version that was taken back. */
const planOffers = async (platform: Platform, build: BuildRow, found: ReadonlyMap<string, Known>) => {
  const offers: Offer[] = []
  const refused = new Map<string, Fault>()
  for (const { planned, artifact } of found.values()) {
    const { format } = planned.target
    const entry = await readEntryOf(platform.bucket, artifact)
    const { projectId, channel } = build
    const path = format.repository.packagePath(entry, channel)
    const offer = { projectId, channel, artifactId: artifact.id, path }
    const may = await mayOffer(platform, offer)
    if (may.ok) offers.push(offer)
    else refused.set(planned.targetText, may.error)
  }
  return { offers, refused }
}

/** Everything of it is in D1 by now; what is lost here, the sweep sends again. */
const start = async (platform: Platform, { build, rows, offers }: NewBuild): Promise<void> => {
  if (offers.length > 0) await wakePublisher(platform, build.projectId)
  const waiting = rows.filter(({ state }) => state === 'waiting').map(({ id, batch }) => batch ?? id)
  await sendJobs(platform, [...new Set(waiting)])
  // Everything was known already: it is over as it begins.
  if (waiting.length === 0) await noteEnd(platform, build.id)
}

export const keepBuild = async (
  platform: Platform,
  project: Project,
  made: NewBuild,
  options: BuildOptions,
): Promise<Result<Build, readonly Fault[]>> => {
  const { db } = platform
  const { build, rows, offers } = made
  const recorded = await prepareAudit(platform, {
    organizationId: project.organizationId,
    projectId: project.id,
    action: 'build.created',
    subject: build.id,
    after: {
      channel: build.channel,
      targets: rows.slice(0, MAX_NAMED).map(({ target }) => target),
      jobs: rows.length,
    },
  })
  try {
    await batchAfter(
      db,
      [...recorded.statements, ...made.first],
      [
        db.insert(builds).values(build),
        ...insertMany(db, jobs, rows),
        ...offers.map((offer) => offering(platform, offer)),
        ...(options.alongside?.(build.id) ?? []),
      ],
    )
  } catch (error) {
    // The same key at the same moment: the other request's build is this one's too.
    const winner = await findRepeated(platform, project, options.key)
    if (winner.ok && !winner.value) throw error
    return winner as Result<Build, readonly Fault[]>
  }
  logEvent('build.queued', { buildId: build.id, projectId: project.id, jobs: rows.length, known: offers.length })
  await recorded.tell()
  await start(platform, made).catch((error: unknown) => logError('build.not_started', error, { buildId: build.id }))
  return ok(await describeBuild(platform, project, build))
}

/** Makes the build and its jobs, or finds the one the same key made before. */
export const createBuild = async (
  platform: Platform,
  project: Project,
  request: CreateBuild,
  options: BuildOptions,
): Promise<Result<Build, readonly Fault[]>> => {
  const settled = { ...request, mtimeSeconds: request.mtimeSeconds ?? Math.floor(platform.nowMs() / 1000) }
  const repeated = await findRepeated(platform, project, options.key)
  if (!repeated.ok) return repeated
  if (repeated.value) return ok(repeated.value)
  const may = await mayUse(platform, project.organizationId, { kind: 'build' })
  if (!may.ok) return err([may.error])
  const planned = await planBuild(platform, project, settled)
  if (!planned.ok) return planned
  const found = await findKnown(platform, project.id, planned.value.jobs)
  if (!found.ok) return found
  const { key } = options
  const row = await newBuildRow(platform, { project, channel: request.channel, request: settled, key })
  if (!row.ok) return row
  const { build, first } = row.value
  const { offers, refused } = await planOffers(platform, build, found.value)
  const rows = planned.value.jobs.map(({ targetText: target, inputSha256 }) => {
    const job = { buildId: build.id, kind: 'build', target, inputSha256 } as const
    const known = newJobRow(platform.nowMs(), job, found.value.get(target)?.artifact)
    const why = refused.get(target)
    return why ? { ...known, state: 'failed' as const, faults: [why] } : known
  })
  const leftOut = planned.value.impossible.map(({ target, faults }) => {
    const job = { buildId: build.id, kind: 'build', target: formatTarget(target), inputSha256: '' } as const
    return { ...newJobRow(platform.nowMs(), job), state: 'failed' as const, faults }
  })
  return keepBuild(platform, project, { build, rows: [...rows, ...leftOut], offers, first }, options)
}
