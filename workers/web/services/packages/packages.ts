// Packages a server keeps: the manifest is edited in place, each edit a revision; slots take the files of a release.

import type {
  addPackageFileSchema,
  createPackageSchema,
  editPackageSchema,
  packageFileSchema,
  packageSchema,
} from '@distropack/core/contract/packages.ts'
import { SLOT_PREFIX, slotSchema } from '@distropack/core/contract/packages.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { type Manifest, parseManifest } from '@distropack/core/manifest/parse.ts'
import { planTargets } from '@distropack/core/manifest/targets.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, inArray, max, type SQL, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { chunksForStatement } from '../../db/client.ts'
import { batchAfter } from '../../db/insert-when.ts'
import { newestFirst, oldestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { packageFiles, packages } from '../../db/tables/packages.ts'
import { putBlobBytes, readBlobBytes } from '../../storage/blobs.ts'
import type { Project } from '../access/access.ts'
import { newId, uuidOf } from '../platform/ids.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import { ownedBlobs } from '../uploads/blobs.ts'

type PackageView = z.infer<typeof packageSchema>
type PackageFile = z.infer<typeof packageFileSchema>
export type PackageRow = typeof packages.$inferSelect
export type PackageFileRow = typeof packageFiles.$inferSelect

export const MANIFEST_FILE = 'distropack.yaml'
const MAX_SLOTS = 100

const slotsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return value.startsWith(SLOT_PREFIX) ? [value.slice(SLOT_PREFIX.length)] : []
  return value && typeof value === 'object' ? Object.values(value).flatMap(slotsIn) : []
}

const findSlots = (manifest: Manifest): Result<readonly string[], readonly Fault[]> => {
  const slots = [...new Set(slotsIn(manifest.values))].sort()
  const faults = slots
    .filter((slot) => !slotSchema.safeParse(slot).success)
    .map((slot) =>
      fault('manifest_invalid', `"${SLOT_PREFIX}${slot}" names no slot: write letters, digits, ., _ and -.`),
    )
  if (slots.length > MAX_SLOTS) {
    faults.push(
      fault('manifest_invalid', `A package has at most ${MAX_SLOTS} slots; this manifest has ${slots.length}.`),
    )
  }
  return faults.length > 0 ? err(faults) : ok(slots)
}

/** Its words checked as a build would, but for what only files can show. */
const checkManifest = (
  text: string,
  targets: readonly string[] | null,
): Result<readonly string[], readonly Fault[]> => {
  const manifest = parseManifest(text, MANIFEST_FILE)
  if (!manifest.ok) return manifest
  const planned = planTargets({ manifest: manifest.value, asked: targets ?? undefined, variables: {} })
  if (!planned.ok) return planned
  return findSlots(manifest.value)
}

const viewFile = ({ packageId: _, ...file }: PackageFileRow): PackageFile => file

type NewestFiles = ReadonlyMap<string, PackageFileRow>

/** The newest upload of each slot, by package. */
const newestFilesOf = async (
  { db }: Platform,
  packageIds: readonly string[],
): Promise<ReadonlyMap<string, NewestFiles>> => {
  const files = new Map(packageIds.map((id) => [id, new Map<string, PackageFileRow>()]))
  for (const chunk of chunksForStatement(packageIds, 1)) {
    const newest = db
      .select({ id: max(packageFiles.id) })
      .from(packageFiles)
      .where(inArray(packageFiles.packageId, chunk))
      .groupBy(packageFiles.packageId, packageFiles.slot)
    const rows = await db.select().from(packageFiles).where(inArray(packageFiles.id, newest))
    for (const row of rows) files.get(row.packageId)?.set(row.slot, row)
  }
  return files
}

/** The newest upload of each slot. */
export const newestFiles = async (platform: Platform, packageId: string): Promise<NewestFiles> =>
  (await newestFilesOf(platform, [packageId])).get(packageId) ?? new Map()

const viewWith = async ({ bucket }: Platform, row: PackageRow, files: NewestFiles): Promise<PackageView> => {
  const manifest = await readBlobBytes(bucket, row.manifestSha256)
  return {
    id: row.id,
    uuid: uuidOf(row.id),
    package: row.slug,
    manifest: new TextDecoder().decode(manifest),
    revision: row.revision,
    targets: row.targets ? [...row.targets] : null,
    channel: row.channel,
    slots: row.slots.map((slot) => {
      const file = files.get(slot)
      return { slot, file: file ? viewFile(file) : null }
    }),
    archivedAtMs: row.archivedAtMs,
    createdAtMs: row.createdAtMs,
    changedAtMs: row.changedAtMs,
  }
}

export const viewPackage = async (platform: Platform, row: PackageRow): Promise<PackageView> =>
  viewWith(platform, row, await newestFiles(platform, row.id))

export const findPackage = async (
  { db }: Platform,
  project: Project,
  slug: string,
): Promise<Result<PackageRow, Fault>> => {
  const [row] = await db
    .select()
    .from(packages)
    .where(and(eq(packages.projectId, project.id), eq(packages.slug, slug)))
  return row ? ok(row) : err(fault('not_found', `There is no package "${slug}" in this project.`))
}

export const listPackages = async (
  platform: Platform,
  project: Project,
  page: PageQuery,
): Promise<Page<PackageView>> => {
  const { rows, nextCursor } = await readPage(
    page,
    oldestFirst(packages.id),
    ({ beyond, order, limit }) =>
      platform.db
        .select()
        .from(packages)
        .where(and(eq(packages.projectId, project.id), beyond))
        .orderBy(order)
        .limit(limit),
    ({ id }) => id,
  )
  const files = await newestFilesOf(
    platform,
    rows.map(({ id }) => id),
  )
  const items = await Promise.all(rows.map((row) => viewWith(platform, row, files.get(row.id) ?? new Map())))
  return { items, nextCursor }
}

const storeManifest = async ({ bucket }: Platform, text: string) => {
  const { sha256, sizeBytes } = await putBlobBytes(bucket, new TextEncoder().encode(text))
  return { manifestSha256: sha256, manifestSizeBytes: sizeBytes }
}

const prepareChange = (
  platform: Platform,
  project: Project,
  action: 'package.created' | 'package.edited' | 'package.archived' | 'file.uploaded',
  {
    when,
    ...facts
  }: { readonly subject: string; readonly before?: unknown; readonly after?: unknown; readonly when: SQL },
) => prepareAudit(platform, { organizationId: project.organizationId, projectId: project.id, action, ...facts }, when)

export const createPackage = async (
  platform: Platform,
  project: Project,
  request: z.infer<typeof createPackageSchema>,
): Promise<Result<PackageRow, Fault | readonly Fault[]>> => {
  const targets = request.targets ?? null
  const slots = checkManifest(request.manifest, targets)
  if (!slots.ok) return slots
  const now = platform.nowMs()
  const row: PackageRow = {
    id: newId('pkg', now),
    projectId: project.id,
    slug: request.package,
    ...(await storeManifest(platform, request.manifest)),
    slots: slots.value,
    targets,
    channel: request.channel,
    revision: 1,
    archivedAtMs: null,
    createdAtMs: now,
    changedAtMs: now,
  }
  const { db } = platform
  const named = and(eq(packages.projectId, project.id), eq(packages.slug, row.slug))
  const when = sql`not exists (select 1 from ${packages} where ${named})`
  const facts = { subject: row.slug, after: { manifest: row.manifestSha256 }, when }
  const recorded = await prepareChange(platform, project, 'package.created', facts)
  const [made] = await batchAfter(db, recorded.statements, [
    db.insert(packages).values(row).onConflictDoNothing().returning({ id: packages.id }),
  ])
  if (made.length === 0)
    return err(fault('conflict', `There is a package "${request.package}" in this project already.`))
  await recorded.tell()
  return ok(row)
}

/** Of the revision the editor saw: an edit of an older one is refused, so that nobody's edit is lost. */
export const editPackage = async (
  platform: Platform,
  project: Project,
  found: PackageRow,
  edit: z.infer<typeof editPackageSchema> & { readonly revision: number },
): Promise<Result<PackageRow, Fault | readonly Fault[]>> => {
  const text = edit.manifest ?? new TextDecoder().decode(await readBlobBytes(platform.bucket, found.manifestSha256))
  const targets = edit.targets === undefined ? found.targets : edit.targets
  const slots = checkManifest(text, targets)
  if (!slots.ok) return slots
  const now = platform.nowMs()
  const archivedAtMs =
    edit.archived === undefined ? found.archivedAtMs : edit.archived ? (found.archivedAtMs ?? now) : null
  const change = {
    ...(await storeManifest(platform, text)),
    slots: slots.value,
    targets,
    channel: edit.channel ?? found.channel,
    archivedAtMs,
    revision: edit.revision + 1,
    changedAtMs: now,
  }
  const seen = and(eq(packages.id, found.id), eq(packages.revision, edit.revision))
  const facts = ({ manifestSha256, targets: t, channel, archivedAtMs: a }: PackageRow) => ({
    manifest: manifestSha256,
    targets: t,
    channel,
    archived: a !== null,
  })
  const action = edit.archived === undefined ? 'package.edited' : 'package.archived'
  const recorded = await prepareChange(platform, project, action, {
    subject: found.slug,
    before: facts(found),
    after: facts({ ...found, ...change }),
    when: sql`exists (select 1 from ${packages} where ${seen})`,
  })
  const { db } = platform
  const [[row]] = await batchAfter(db, recorded.statements, [db.update(packages).set(change).where(seen).returning()])
  if (!row) {
    const message = `"${found.slug}" was edited since (it is at revision ${found.revision}): read it again, then edit.`
    return err(fault('precondition_failed', message))
  }
  await recorded.tell()
  return ok(row)
}

/** What an archived package refuses. */
export const refuseArchived = ({ slug, archivedAtMs }: PackageRow): Result<void, Fault> =>
  archivedAtMs === null
    ? ok(undefined)
    : err(fault('project_archived', `The package "${slug}" is archived. Take it up again first.`))

/** A blob the project has becomes the newest file of a slot; older ones are kept. */
export const addPackageFile = async (
  platform: Platform,
  project: Project,
  into: { readonly row: PackageRow; readonly slot: string },
  file: z.infer<typeof addPackageFileSchema>,
): Promise<Result<PackageFile, Fault>> => {
  const { row, slot } = into
  const open = refuseArchived(row)
  if (!open.ok) return open
  if (!row.slots.includes(slot)) {
    const known = row.slots.length > 0 ? `its slots are ${row.slots.join(', ')}` : 'its manifest has no slots'
    return err(fault('not_found', `The package "${row.slug}" has no slot "${slot}": ${known}.`))
  }
  const owned = await ownedBlobs(platform, project.id, [file.sha256])
  if (owned.get(file.sha256) !== file.sizeBytes) {
    return err(fault('blob_missing', `${file.fileName}: upload its bytes (sha256 ${file.sha256}) first.`))
  }
  const createdAtMs = platform.nowMs()
  const added: PackageFileRow = {
    ...file,
    id: newId('fil', createdAtMs),
    packageId: row.id,
    slot,
    uploadedBy: platform.who.name,
    createdAtMs,
  }
  const after = { slot, fileName: file.fileName, sha256: file.sha256, sizeBytes: file.sizeBytes }
  const recorded = await prepareChange(platform, project, 'file.uploaded', {
    subject: row.slug,
    after,
    when: sql`true`,
  })
  await platform.db.batch([...recorded.statements, platform.db.insert(packageFiles).values(added)])
  await recorded.tell()
  return ok(viewFile(added))
}

/** Every upload, newest first. */
export const listPackageFiles = async (
  { db }: Platform,
  packageId: string,
  page: PageQuery & { readonly slot?: string | undefined },
): Promise<Page<PackageFile>> => {
  const { rows, nextCursor } = await readPage(
    page,
    newestFirst(packageFiles.id),
    ({ beyond, order, limit }) =>
      db
        .select()
        .from(packageFiles)
        .where(
          and(eq(packageFiles.packageId, packageId), page.slot ? eq(packageFiles.slot, page.slot) : undefined, beyond),
        )
        .orderBy(order)
        .limit(limit),
    ({ id }) => id,
  )
  const items = rows.map(viewFile)
  return { items, nextCursor }
}
