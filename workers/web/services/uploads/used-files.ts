// Which uploads a build was made of.
import type { UsedFile } from '@distropack/core/contract/packages.ts'
import { asc, eq, inArray } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { buildFiles, packageFiles } from '../../db/tables/packages.ts'
import type { Platform } from '../platform/platform.ts'

/** By build; none for builds of a manifest that came from a machine. */
export const readUsedFiles = async (
  { db }: Platform,
  buildIds: readonly string[],
): Promise<ReadonlyMap<string, readonly UsedFile[]>> => {
  const used = new Map<string, UsedFile[]>()
  for (const chunk of chunksForStatement(buildIds, 1)) {
    const rows = await db
      .select({
        buildId: buildFiles.buildId,
        slot: buildFiles.slot,
        fileId: buildFiles.fileId,
        sha256: packageFiles.sha256,
      })
      .from(buildFiles)
      .innerJoin(packageFiles, eq(packageFiles.id, buildFiles.fileId))
      .where(inArray(buildFiles.buildId, chunk))
      .orderBy(asc(buildFiles.slot))
    for (const { buildId, ...file } of rows) used.set(buildId, [...(used.get(buildId) ?? []), file])
  }
  return used
}
