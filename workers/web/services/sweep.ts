// What the cron does: whatever was lost between two steps is taken up again. Harmless when nothing was.

import { objectKey } from '@distropack/core/contract/objects.ts'
import { and, inArray, lt } from 'drizzle-orm'
import { publications, uploads } from '../db/schema.ts'
import { sweepBilling } from './billing/sweep.ts'
import { forgetUpload } from './blobs.ts'
import { forgetSpentIdentities } from './ci/exchange.ts'
import { dropExpiredGrants } from './grants.ts'
import { forgetOldAnswers } from './idempotency.ts'
import { findStrandedJobs, noteResent } from './jobs.ts'
import { logEvent } from './log.ts'
import type { Platform } from './platform.ts'
import { publisherOf } from './projects.ts'
import { forgetOldDeliveries, resendDeliveries } from './webhooks/deliver.ts'

const WAITING_FOR_MS = 15_000
const PENDING_FOR_MS = 15_000
const UPLOAD_FOR_MS = 24 * 60 * 60 * 1000
const BATCH = 100 // messages a sendBatch may have

const resendJobs = async (platform: Platform): Promise<number> => {
  const stranded = await findStrandedJobs(platform, WAITING_FOR_MS, BATCH)
  if (stranded.length > 0) {
    await platform.env.JOBS.sendBatch(stranded.map((jobId) => ({ body: { jobId } })))
    await noteResent(platform, stranded)
  }
  return stranded.length
}

const wakePublishers = async (platform: Platform): Promise<number> => {
  const waiting = await platform.db
    .selectDistinct({ projectId: publications.projectId })
    .from(publications)
    .where(
      and(
        inArray(publications.state, ['pending', 'withdrawing']),
        lt(publications.createdAtMs, platform.nowMs() - PENDING_FOR_MS),
      ),
    )
    .limit(BATCH)
  for (const { projectId } of waiting) await publisherOf(platform, projectId).publish(projectId)
  return waiting.length
}

const dropStaleUploads = async (platform: Platform): Promise<number> => {
  const stale = await platform.db
    .select()
    .from(uploads)
    .where(lt(uploads.createdAtMs, platform.nowMs() - UPLOAD_FOR_MS))
    .limit(BATCH)
  for (const upload of stale) {
    const multipart = platform.bucket.resumeMultipartUpload(objectKey.upload(upload.id), upload.multipartId)
    if (upload.state === 'open') await multipart.abort().catch(() => {}) // already gone is what we want
    await forgetUpload(platform, upload.id)
  }
  return stale.length
}

export const sweep = async (platform: Platform): Promise<void> => {
  const jobs = await resendJobs(platform)
  const publishers = await wakePublishers(platform)
  const staleUploads = await dropStaleUploads(platform)
  const expiredTokens = await dropExpiredGrants(platform, BATCH)
  const notices = await resendDeliveries(platform, BATCH)
  await sweepBilling(platform)
  await forgetOldAnswers(platform)
  await forgetOldDeliveries(platform)
  await forgetSpentIdentities(platform)
  const found = { jobs, publishers, staleUploads, expiredTokens, notices }
  if (Object.values(found).some((count) => count > 0)) logEvent('sweep.found', found)
}
