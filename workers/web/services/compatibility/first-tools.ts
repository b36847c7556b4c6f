// What the first DistroPack's command line and action ask (they know packages and jobs by UUIDs), in our own terms.
import type { Build, Job } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { parseManifest } from '@distropack/core/manifest/parse.ts'
import { planTargets } from '@distropack/core/manifest/targets.ts'
import type { Action } from '@distropack/core/model/permissions.ts'
import { findFormatCalled, formatTarget } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { eq, inArray } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { builds, jobs } from '../../db/schema.ts'
import { packages } from '../../db/tables/packages.ts'
import { readBlobBytes } from '../../storage/blobs.ts'
import { type Actor, findProjectById, openProject, type Project } from '../access/access.ts'
import { describeBuild } from '../builds/builds.ts'
import { buildPackage } from '../packages/package-builds.ts'
import { MANIFEST_FILE, type PackageRow } from '../packages/packages.ts'
import { idOfUuid, uuidOf } from '../platform/ids.ts'
import type { Platform } from '../platform/platform.ts'

export interface FoundPackage {
  readonly project: Project
  readonly row: PackageRow
}

const noPackage = (uuid: string) =>
  err(fault('not_found', `There is no package "${uuid.slice(0, 60)}", or you may not know of it.`))

/** By its UUID, or by our own id; a stranger cannot tell it from none. */
export const openPackage = async (
  platform: Platform,
  actor: Actor,
  packageId: string,
  action: Action,
): Promise<Result<FoundPackage, Fault>> => {
  const id = idOfUuid('pkg', packageId) ?? packageId
  const [row] = await platform.db.select().from(packages).where(eq(packages.id, id))
  const project = row && (await findProjectById(platform, row.projectId))
  if (!row || !project) return noPackage(packageId)
  const opened = await openProject(platform, actor, project, action)
  if (opened.ok) return ok({ project: opened.value, row })
  return opened.error.code === 'not_found' ? noPackage(packageId) : opened
}

/** The package's targets of one format. */
const targetsOf = async (
  { bucket }: Platform,
  row: PackageRow,
  distroType: string,
): Promise<Result<string[], readonly Fault[]>> => {
  const format = findFormatCalled(distroType)
  if (!format) return err([fault('target_unknown', `There is no distribution type "${distroType.slice(0, 40)}".`)])
  const text = new TextDecoder().decode(await readBlobBytes(bucket, row.manifestSha256))
  const manifest = parseManifest(text, MANIFEST_FILE)
  if (!manifest.ok) return manifest
  const planned = planTargets({ manifest: manifest.value, asked: row.targets ?? undefined, variables: {} })
  if (!planned.ok) return planned
  const mine = planned.value.filter((target) => target.format.id === format.id).map(formatTarget)
  return mine.length > 0
    ? ok(mine)
    : err([fault('target_unknown', `The target ${distroType} is not enabled for "${row.slug}".`)])
}

/** UUIDs of the build's jobs. */
export const startBuild = async (
  platform: Platform,
  { project, row }: FoundPackage,
  { version, distroType }: { readonly version: string; readonly distroType?: string },
): Promise<Result<string[], Fault | readonly Fault[]>> => {
  const targets = distroType === undefined ? undefined : await targetsOf(platform, row, distroType)
  if (targets && !targets.ok) return targets
  const request = {
    version,
    files: {},
    variables: {},
    idempotencyKey: null,
    ...(targets ? { targets: targets.value } : {}),
  }
  const built = await buildPackage(platform, project, row, request)
  return built.ok ? ok(built.value.jobs.map(({ id }) => uuidOf(id))) : built
}

export interface JobStatus {
  readonly jobId: string
  readonly status: 'running' | 'finished' | 'failed'
  readonly name: string
  readonly failMessage: string | null
  readonly technicalError: string | null
}

const statusOf = ({ id, state, target, faults }: Job): JobStatus => {
  const isFailed = state === 'failed' || state === 'dead'
  const [first] = faults
  return {
    jobId: uuidOf(id),
    status: isFailed ? 'failed' : state === 'published' ? 'finished' : 'running',
    name: target,
    failMessage: isFailed ? (first?.message ?? 'The build failed.') : null,
    technicalError: isFailed && first ? first.code : null,
  }
}

const readable = async (platform: Platform, actor: Actor, buildId: string): Promise<Build | undefined> => {
  const [build] = await platform.db.select().from(builds).where(eq(builds.id, buildId))
  const project = build && (await findProjectById(platform, build.projectId))
  if (!build || !project) return undefined
  const opened = await openProject(platform, actor, project, 'build.read')
  return opened.ok ? describeBuild(platform, project, build) : undefined
}

/** A job one may not know of is missing, as one that was never made. */
export const readStatus = async (
  platform: Platform,
  actor: Actor,
  uuids: readonly string[],
): Promise<{ jobs: JobStatus[]; allFinished: boolean; anyFailed: boolean }> => {
  const ids = uuids.map((uuid) => idOfUuid('job', uuid) ?? uuid)
  const buildIds = new Set<string>()
  for (const chunk of chunksForStatement(ids, 1)) {
    const rows = await platform.db.select({ buildId: jobs.buildId }).from(jobs).where(inArray(jobs.id, chunk))
    for (const { buildId } of rows) buildIds.add(buildId)
  }
  const found: JobStatus[] = []
  for (const buildId of buildIds) {
    const build = await readable(platform, actor, buildId)
    found.push(...(build?.jobs ?? []).filter(({ id }) => ids.includes(id)).map(statusOf))
  }
  return {
    jobs: found,
    allFinished: found.length === ids.length && found.every(({ status }) => status !== 'running'),
    anyFailed: found.some(({ status }) => status === 'failed'),
  }
}
