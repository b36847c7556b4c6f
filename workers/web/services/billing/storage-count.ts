// How many bytes an organization stores: each content once, however many of its projects have it. The count changes in
// one batch with the rows it counts, so neither is ever there without the other.
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import { and, eq, inArray, sql } from 'drizzle-orm'
import { artifacts, projectBlobs, projects } from '../../db/schema.ts'
import { storageUsage } from '../../db/tables/billing.ts'
import { packageFiles, packages } from '../../db/tables/packages.ts'
import type { Platform } from '../platform/platform.ts'

const ofProjects = (organizationId: unknown) => sql`
  SELECT 1 FROM ${projectBlobs}
  JOIN ${projects} AS neighbour ON neighbour.id = ${projectBlobs.projectId}
  WHERE neighbour.organization_id = ${organizationId}`

/**
 * The statement that counts a blob for its organization, unless one of its projects has that content already. It must
 * stand in one batch before the blob's own row: neither is then ever there without the other.
 */
export const countingBlob = ({ db }: Platform, projectId: string, { sha256, sizeBytes }: BlobRef) =>
  db
    .insert(storageUsage)
    .select(
      db
        .select({ organizationId: projects.organizationId, storedBytes: sql<number>`${sizeBytes}`.as('stored_bytes') })
        .from(projects)
        .where(
          and(
            eq(projects.id, projectId),
            sql`NOT EXISTS (${ofProjects(projects.organizationId)} AND ${projectBlobs.sha256} = ${sha256})`,
          ),
        ),
    )
    .onConflictDoUpdate({
      target: storageUsage.organizationId,
      set: { storedBytes: sql`${storageUsage.storedBytes} + excluded.stored_bytes` },
    })

/** The same of many blobs in one statement: as many as one parameter holds. */
export const countingBlobs = ({ db }: Platform, projectId: string, blobs: readonly BlobRef[]) => {
  const given = JSON.stringify(blobs.map(({ sha256, sizeBytes }) => [sha256, sizeBytes]))
  const bytes = sql<number>`(
    SELECT coalesce(sum(given.value ->> 1), 0) FROM json_each(${given}) AS given
    WHERE NOT EXISTS (${ofProjects(projects.organizationId)} AND ${projectBlobs.sha256} = given.value ->> 0)
  )`
  return db
    .insert(storageUsage)
    .select(
      db
        .select({ organizationId: projects.organizationId, storedBytes: bytes.as('stored_bytes') })
        .from(projects)
        .where(eq(projects.id, projectId)),
    )
    .onConflictDoUpdate({
      target: storageUsage.organizationId,
      set: { storedBytes: sql`${storageUsage.storedBytes} + excluded.stored_bytes` },
    })
}

/** Whether any project of the organization that this one belongs to has the content. */
export const isContentKnown = async ({ db }: Platform, projectId: string, sha256: string): Promise<boolean> => {
  const neighbours = db
    .select({ id: sql<string>`neighbour.id` })
    .from(projects)
    .innerJoin(sql`${projects} AS neighbour`, sql`neighbour.organization_id = ${projects.organizationId}`)
    .where(eq(projects.id, projectId))
  const [row] = await db
    .select({ sha256: projectBlobs.sha256 })
    .from(projectBlobs)
    .where(and(inArray(projectBlobs.projectId, neighbours), eq(projectBlobs.sha256, sha256)))
    .limit(1)
  return row !== undefined
}

/** All that one project has, shared with others or not. */
export const storedBy = async ({ db }: Platform, projectId: string): Promise<number> => {
  const bytes = sql<number>`coalesce(sum(${projectBlobs.sizeBytes}), 0)`
  const [row] = await db.select({ bytes }).from(projectBlobs).where(eq(projectBlobs.projectId, projectId))
  return row?.bytes ?? 0
}

/**
 * Counts from the rows anew, as the batch has them by then: for a project that changes its organization. Reads every
 * blob's row of both.
 */
export const recountStorage = ({ db }: Platform, organizationId: string) => {
  const all = sql<number>`(
    SELECT coalesce(sum(size_bytes), 0) FROM (
      SELECT DISTINCT ${projectBlobs.sha256}, ${projectBlobs.sizeBytes} AS size_bytes FROM ${projectBlobs}
      JOIN ${projects} ON ${projects.id} = ${projectBlobs.projectId}
      WHERE ${projects.organizationId} = ${organizationId}
    )
  )`
  return db
    .insert(storageUsage)
    .values({ organizationId, storedBytes: all })
    .onConflictDoUpdate({ target: storageUsage.organizationId, set: { storedBytes: all } })
}

/**
 * What a deleted package leaves behind, unless another package, an upload to a slot or another project still has it. Its
 * bytes stay in the store for the generations that name them; the organization owns them no more.
 */
export const releasingBlob = ({ db }: Platform, projectId: string, sha256: string) => {
  const unused = sql`
    NOT EXISTS (
      SELECT 1 FROM ${artifacts} WHERE ${artifacts.projectId} = ${projectId}
        AND ${artifacts.unsignedSha256} = ${sha256} AND ${artifacts.deletedAtMs} IS NULL
    ) AND NOT EXISTS (
      SELECT 1 FROM ${packageFiles} JOIN ${packages} ON ${packages.id} = ${packageFiles.packageId}
      WHERE ${packages.projectId} = ${projectId} AND ${packageFiles.sha256} = ${sha256}
    )`
  const own = sql`SELECT size_bytes FROM ${projectBlobs} WHERE project_id = ${projectId} AND sha256 = ${sha256}`
  const organization = sql`(SELECT organization_id FROM ${projects} WHERE id = ${projectId})`
  const elsewhere = sql`
    SELECT 1 FROM ${projectBlobs} AS theirs JOIN ${projects} AS neighbour ON neighbour.id = theirs.project_id
    WHERE neighbour.organization_id = ${organization} AND neighbour.id <> ${projectId} AND theirs.sha256 = ${sha256}`
  return [
    db
      .update(storageUsage)
      .set({ storedBytes: sql`max(0, ${storageUsage.storedBytes} - (${own}))` })
      .where(
        and(
          eq(storageUsage.organizationId, organization),
          sql`EXISTS (${own}) AND NOT EXISTS (${elsewhere}) AND ${unused}`,
        ),
      ),
    db.delete(projectBlobs).where(and(eq(projectBlobs.projectId, projectId), eq(projectBlobs.sha256, sha256), unused)),
  ] as const
}

/** The same by itself. */
export const releaseBlob = async (platform: Platform, projectId: string, sha256: string): Promise<void> => {
  await platform.db.batch(releasingBlob(platform, projectId, sha256))
}
