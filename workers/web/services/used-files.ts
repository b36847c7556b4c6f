// Which uploads a build was made of.
import type { UsedFile } from '@distropack/core/contract/packages.ts'
import { asc, eq } from 'drizzle-orm'
import { buildFiles, packageFiles } from '../db/tables/packages.ts'
import type { Platform } from './platform.ts'

/** None for a build of a manifest that came from a machine. */
export const readUsedFiles = ({ db }: Platform, buildId: string): Promise<UsedFile[]> =>
  db
    .select({ slot: buildFiles.slot, fileId: buildFiles.fileId, sha256: packageFiles.sha256 })
    .from(buildFiles)
    .innerJoin(packageFiles, eq(packageFiles.id, buildFiles.fileId))
    .where(eq(buildFiles.buildId, buildId))
    .orderBy(asc(buildFiles.slot))
