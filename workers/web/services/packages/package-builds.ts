// A build of a package the server keeps: its manifest as it stands, and for each slot one of its uploads.
import type { Build, CreateBuild } from '@distropack/core/contract/api.ts'
import { type buildPackageSchema, SLOT_PREFIX } from '@distropack/core/contract/packages.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import { chunksForStatement } from '../../db/client.ts'
import { buildFiles, packageFiles } from '../../db/tables/packages.ts'
import { readBlobBytes } from '../../storage/blobs.ts'
import type { Project } from '../access/access.ts'
import { buildKeyOf, createBuild } from '../builds/new-build.ts'
import type { Platform } from '../platform/platform.ts'
import { MANIFEST_FILE, newestFiles, type PackageFileRow, type PackageRow, refuseArchived } from './packages.ts'

type BuildPackage = z.infer<typeof buildPackageSchema>

/** Columns of build_files. */
const FILE_PARAMETERS = 4

const chooseFiles = async (
  platform: Platform,
  row: PackageRow,
  asked: BuildPackage['files'],
): Promise<Result<readonly PackageFileRow[], readonly Fault[]>> => {
  const unknown = Object.keys(asked).filter((slot) => !row.slots.includes(slot))
  if (unknown.length > 0) {
    return err([fault('not_found', `The package "${row.slug}" has no slot ${unknown.join(', ')}.`)])
  }
  const chosen = new Map(await newestFiles(platform, row.id))
  for (const [slot, fileId] of Object.entries(asked)) {
    const mine = and(eq(packageFiles.id, fileId), eq(packageFiles.packageId, row.id), eq(packageFiles.slot, slot))
    const [file] = await platform.db.select().from(packageFiles).where(mine)
    if (!file) return err([fault('not_found', `The slot "${slot}" has no upload "${fileId}".`)])
    chosen.set(slot, file)
  }
  const missing = row.slots.filter((slot) => !chosen.has(slot))
  if (missing.length > 0) {
    const message = `Nothing is uploaded to ${missing.join(', ')}: a build of "${row.slug}" needs a file in each slot.`
    return err([fault('source_missing', message)])
  }
  return ok(row.slots.flatMap((slot) => chosen.get(slot) ?? []))
}

/** As a file of the manifest's folder whose name is `slot:NAME`. */
const sourceOf = ({ slot, mode, sha256, sizeBytes, createdAtMs }: PackageFileRow): CreateBuild['sources'][number] => ({
  kind: 'file',
  path: `${SLOT_PREFIX}${slot}`,
  mode,
  mtimeSeconds: Math.floor(createdAtMs / 1000),
  sizeBytes,
  sha256,
})

/** Which uploads it used is kept with the build, for whoever asks later what went in. */
const keepingFiles =
  ({ db }: Platform, row: PackageRow, files: readonly PackageFileRow[]) =>
  (buildId: string) => {
    const rows = files.map(({ id: fileId, slot }) => ({ buildId, packageId: row.id, slot, fileId }))
    return chunksForStatement(rows, FILE_PARAMETERS).map((chunk) => db.insert(buildFiles).values(chunk))
  }

export const buildPackage = async (
  platform: Platform,
  project: Project,
  row: PackageRow,
  { idempotencyKey, ...request }: BuildPackage & { readonly idempotencyKey: string | null },
): Promise<Result<Build, Fault | readonly Fault[]>> => {
  const open = refuseArchived(row)
  if (!open.ok) return open
  const files = await chooseFiles(platform, row, request.files)
  if (!files.ok) return files
  const manifest = new TextDecoder().decode(await readBlobBytes(platform.bucket, row.manifestSha256))
  const targets = request.targets ?? row.targets
  const made = await createBuild(
    platform,
    project,
    {
      manifest,
      manifestFile: MANIFEST_FILE,
      ...(request.version === undefined ? {} : { version: request.version }),
      ...(targets === null ? {} : { targets: [...targets] }),
      channel: request.channel ?? row.channel,
      variables: request.variables,
      sources: files.value.map(sourceOf),
    },
    // What was asked is compared, not what it came to: a slot may have got another file since.
    {
      key: await buildKeyOf(idempotencyKey ?? undefined, 'package', row.id, request),
      alongside: keepingFiles(platform, row, files.value),
    },
  )
  return made
}
