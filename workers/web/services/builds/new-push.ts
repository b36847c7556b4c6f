// Pushes: finished files of anybody's making, from a handful to ten thousand. What the request's words can show is
// refused before anything is queued, and `checkPush` says it before the first byte is sent; what is published already is
// not read again; small files become jobs that are done together.
import type { CheckPush, CreatePush } from '@distropack/core/contract/api.ts'
import { MAX_PACKED_BLOB_BYTES } from '@distropack/core/contract/packed.ts'
import { type Fault, fault, listFaults } from '@distropack/core/fault.ts'
import { parseFileName } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, inArray, sql } from 'drizzle-orm'
import { anyOf, anyTuple, chunksForJson } from '../../db/many-rows.ts'
import { artifacts, projectBlobs, projects, publications } from '../../db/schema.ts'
import type { Project } from '../access/access.ts'
import { mayUse } from '../billing/entitlements.ts'
import { versionDeleted, versionExists } from '../packages/artifacts.ts'
import type { Platform } from '../platform/platform.ts'
import { ownedBlobs } from '../uploads/blobs.ts'
import { type BuildOptions, findRepeated, type JobRow, keepBuild, newBuildRow, newJobRow } from './new-build.ts'

type PushedFile = CreatePush['files'][number]
type CheckedFile = CheckPush['files'][number]
type Identity = readonly [format: string, name: string, version: string, arch: string]

/** Files that one order reads: some seconds of work, and some megabytes of results. */
const BATCH_FILES = 250
const BATCH_BYTES = 32 * 1024 * 1024

const formatIdOf = (fileName: string): string => {
  const format = parseFileName(fileName)
  return format.ok ? format.value.id : ''
}

const checkNames = (files: readonly PushedFile[]): Fault[] => {
  const names = new Set<string>()
  return files.flatMap(({ fileName }) => {
    const faults: Fault[] = []
    const format = parseFileName(fileName)
    if (!format.ok) faults.push(format.error)
    if (names.has(fileName)) faults.push(fault('request_invalid', `${fileName} is named twice.`))
    names.add(fileName)
    return faults
  })
}

interface KnownFile {
  readonly artifactId: string
  /** In the channel that is asked for; null: it was never offered there. */
  readonly offer: (typeof publications.$inferSelect)['state'] | null
}

/** By sha256: files that were published under their own name, these very bytes. */
const findPublished = async (
  { db }: Platform,
  project: Project,
  channel: string,
  files: readonly PushedFile[],
): Promise<ReadonlyMap<string, KnownFile>> => {
  const known = new Map<string, KnownFile>()
  const offered = and(eq(publications.artifactId, artifacts.id), eq(publications.channel, channel))
  for (const chunk of chunksForJson(files.map(({ fileName }) => [formatIdOf(fileName), fileName]))) {
    const rows = await db
      .select({
        ...{ id: artifacts.id, fileName: artifacts.fileName, sha256: artifacts.unsignedSha256 },
        ...{ deletedAtMs: artifacts.deletedAtMs, offer: publications.state },
      })
      .from(artifacts)
      .leftJoin(publications, offered)
      .where(
        and(
          eq(artifacts.projectId, project.id),
          sql`(${artifacts.format}, ${artifacts.fileName}) in ${anyTuple(chunk)}`,
        ),
      )
    for (const { id, sha256, deletedAtMs, offer } of rows) {
      if (deletedAtMs === null) known.set(sha256, { artifactId: id, offer })
    }
  }
  return known
}

const identityOf = ({ fileName, name, version, arch }: CheckedFile): Identity | undefined =>
  name === undefined || version === undefined || arch === undefined
    ? undefined
    : [formatIdOf(fileName), name, version, arch]

const refusal = ({ fileName }: CheckedFile, why: Fault): Fault => ({ ...why, message: `${fileName}: ${why.message}` })

/** By identity, the last of each; and those of which there are two with different bytes. */
const byIdentity = (files: readonly CheckedFile[]) => {
  const found = new Map<string, CheckedFile>()
  const faults: Fault[] = []
  for (const file of files) {
    const key = JSON.stringify(identityOf(file) ?? null)
    const other = found.get(key)
    if (key === 'null') continue
    found.set(key, file)
    if (!other || other.sha256 === file.sha256) continue
    const what = `${other.fileName} is the same version of the same package with other bytes.`
    faults.push(refusal(file, fault('content_conflict', what)))
  }
  return { found, faults }
}

const IDENTITY = { format: artifacts.format, name: artifacts.name, version: artifacts.version, arch: artifacts.arch }
const VERSION = {
  ...IDENTITY,
  sha256: artifacts.unsignedSha256,
  inputSha256: artifacts.inputSha256,
  deletedAtMs: artifacts.deletedAtMs,
  state: publications.state,
}

type Version = Pick<typeof artifacts.$inferSelect, keyof typeof IDENTITY | 'inputSha256' | 'deletedAtMs'> & {
  readonly sha256: string
  readonly state: (typeof publications.$inferSelect)['state'] | null
}

const whyNot = (row: Version, sha256: string, channel: string): Fault | undefined => {
  if (row.deletedAtMs !== null) return versionDeleted(row)
  if (row.sha256 !== sha256 && row.inputSha256 !== sha256) {
    return versionExists(row, { of: 'file', published: row.sha256, given: sha256 })
  }
  return row.state === 'withdrawing' || row.state === 'withdrawn'
    ? fault('conflict', `it was yanked from "${channel}". Unyank it, or publish a higher version.`)
    : undefined
}

/** What is published of these versions with other bytes, deleted, or taken back from the channel; one fault a file. */
const checkVersions = async ({ db }: Platform, project: Project, { channel, files }: CheckPush): Promise<Fault[]> => {
  const { found, faults } = byIdentity(files)
  const offered = and(eq(publications.artifactId, artifacts.id), eq(publications.channel, channel))
  const identities = [...found.keys()].map((key) => JSON.parse(key) as Identity)
  for (const chunk of chunksForJson(identities)) {
    const same = sql`(${artifacts.format}, ${artifacts.name}, ${artifacts.version}, ${artifacts.arch}) in ${anyTuple(chunk)}`
    const rows = await db
      .select(VERSION)
      .from(artifacts)
      .leftJoin(publications, offered)
      .where(and(eq(artifacts.projectId, project.id), same))
    for (const row of rows) {
      const file = found.get(JSON.stringify([row.format, row.name, row.version, row.arch]))
      const why = file && whyNot(row, file.sha256, channel)
      if (file && why) faults.push(refusal(file, why))
    }
  }
  return faults
}

/** Bytes that the organization does not store yet. */
const newBytesOf = async ({ db }: Platform, project: Project, files: readonly PushedFile[]): Promise<number> => {
  const sizes = new Map(files.map(({ sha256, sizeBytes }) => [sha256, sizeBytes]))
  const neighbours = db
    .select({ id: projects.id })
    .from(projects)
    .where(eq(projects.organizationId, project.organizationId))
  for (const chunk of chunksForJson([...sizes.keys()])) {
    const rows = await db
      .select({ sha256: projectBlobs.sha256 })
      .from(projectBlobs)
      .where(and(inArray(projectBlobs.projectId, neighbours), inArray(projectBlobs.sha256, anyOf(chunk))))
    for (const { sha256 } of rows) sizes.delete(sha256)
  }
  return [...sizes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0)
}

/** Whether a push of these would be taken as far as words can tell, and what it lacks. */
export const checkPush = async (
  platform: Platform,
  project: Project,
  request: CheckPush,
): Promise<Result<{ readonly missing: string[]; readonly published: number }, readonly Fault[]>> => {
  const { files, channel } = request
  const faults = [...checkNames(files), ...(await checkVersions(platform, project, request))]
  if (faults.length > 0) return err(listFaults(faults))
  const mayBuild = await mayUse(platform, project.organizationId, { kind: 'build' })
  if (!mayBuild.ok) return err([mayBuild.error])
  const sizeBytes = await newBytesOf(platform, project, files)
  const mayStore = await mayUse(platform, project.organizationId, { kind: 'upload', sizeBytes })
  if (!mayStore.ok) return err([mayStore.error])
  const sha256s = files.map(({ sha256 }) => sha256)
  const owned = await ownedBlobs(platform, project.id, sha256s)
  const known = await findPublished(platform, project, channel, files)
  const offers = [...known.values()].map(({ offer }) => offer)
  return ok({
    missing: [...new Set(sha256s)].filter((sha256) => !owned.has(sha256)),
    published: offers.filter((offer) => offer === 'published').length,
  })
}

/** Small ones that are yet to be read go together; the first of them gives the batch its name. */
const inBatches = (rows: readonly JobRow[], sizes: ReadonlyMap<string, number>): JobRow[] => {
  const batched: JobRow[] = []
  let batch: { readonly id: string; files: number; bytes: number } | undefined
  const isSmall = ({ state, inputSha256 }: JobRow): boolean =>
    state === 'waiting' && (sizes.get(inputSha256) ?? 0) <= MAX_PACKED_BLOB_BYTES
  const small = rows.filter(isSmall).length
  for (const row of rows) {
    if (small < 2 || !isSmall(row)) {
      batched.push(row)
      continue
    }
    const bytes = sizes.get(row.inputSha256) ?? 0
    if (!batch || batch.files >= BATCH_FILES || batch.bytes + bytes > BATCH_BYTES)
      batch = { id: row.id, files: 0, bytes: 0 }
    batch.files += 1
    batch.bytes += bytes
    batched.push({ ...row, batch: batch.id })
  }
  return batched
}

/** Each file is a job: read, signed and published, or refused, by itself. */
export const createPush = async (platform: Platform, project: Project, request: CreatePush, options: BuildOptions) => {
  const repeated = await findRepeated(platform, project, options.key)
  if (!repeated.ok) return repeated
  if (repeated.value) return ok(repeated.value)
  const may = await mayUse(platform, project.organizationId, { kind: 'build' })
  if (!may.ok) return err([may.error])
  const { files, channel } = request
  const owned = await ownedBlobs(
    platform,
    project.id,
    files.map(({ sha256 }) => sha256),
  )
  const absent = files.filter(({ sha256, sizeBytes }) => owned.get(sha256) !== sizeBytes)
  const faults = [
    ...checkNames(files),
    ...absent.map(({ fileName }) => fault('blob_missing', `${fileName}: upload its bytes first.`)),
  ]
  if (faults.length > 0) return err(listFaults(faults))
  const known = await findPublished(platform, project, channel, files)
  const row = await newBuildRow(platform, { project, channel, request, key: options.key })
  if (!row.ok) return row
  const { build, first } = row.value
  const rows = files
    .toSorted((a, b) => (a.fileName < b.fileName ? -1 : 1))
    .map(({ fileName: target, sha256: inputSha256 }): JobRow => {
      const job = newJobRow(platform.nowMs(), { buildId: build.id, kind: 'push', target, inputSha256 })
      const published = known.get(inputSha256)
      // Offered, or about to be: nothing is left to do for it. What was taken back is for its job to say.
      const isOffered = published?.offer === 'published' || published?.offer === 'pending'
      return isOffered ? { ...job, state: 'built', artifactId: published.artifactId } : job
    })
  const sizes = new Map(files.map(({ sha256, sizeBytes }) => [sha256, sizeBytes]))
  return keepBuild(platform, project, { build, rows: inBatches(rows, sizes), offers: [], first }, options)
}
