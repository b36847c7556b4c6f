// What the packager of a job stored with its job's token: of all blobs the only ones it may call its package.
import { and, eq, like } from 'drizzle-orm'
import { jobBlobs } from '../../db/schema.ts'
import type { Platform } from '../platform/platform.ts'

/** As a statement; or by itself. May be repeated. */
export const notingStored = ({ db }: Platform, jobId: string, sha256: string) =>
  db.insert(jobBlobs).values({ jobId, sha256 }).onConflictDoNothing()

const partOf = (uploadId: string, part: number): string => `${uploadId}/${part}`

/** A part it sent itself: an upload of the same bytes may be under way by somebody else. */
export const notePart = async (platform: Platform, jobId: string, uploadId: string, part: number): Promise<void> => {
  await notingStored(platform, jobId, partOf(uploadId, part))
}

export const partsBy = async ({ db }: Platform, jobId: string, uploadId: string): Promise<ReadonlySet<number>> => {
  const mine = and(eq(jobBlobs.jobId, jobId), like(jobBlobs.sha256, `${uploadId}/%`))
  const rows = await db.select({ part: jobBlobs.sha256 }).from(jobBlobs).where(mine)
  return new Set(rows.map(({ part }) => Number(part.slice(uploadId.length + 1))))
}

export const storedByJob = async ({ db }: Platform, jobId: string): Promise<ReadonlySet<string>> => {
  const rows = await db.select({ sha256: jobBlobs.sha256 }).from(jobBlobs).where(eq(jobBlobs.jobId, jobId))
  return new Set(rows.map(({ sha256 }) => sha256))
}
