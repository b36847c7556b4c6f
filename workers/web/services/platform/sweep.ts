// What the cron does: whatever was lost between two steps is taken up again. Harmless when nothing was.

import { and, inArray, lt } from 'drizzle-orm'
import { publications, uploads } from '../../db/schema.ts'
import { dropExpiredGrants } from '../access/grants.ts'
import { sweepBilling } from '../billing/sweep.ts'
import { noteMissedEnds } from '../builds/build-end.ts'
import { sweepRequests } from '../builds/build-requests.ts'
import { findStrandedJobs, noteResent } from '../builds/jobs.ts'
import { forgetSpentIdentities } from '../ci/exchange.ts'
import { wakePublisher } from '../repositories/publisher.ts'
import { dropUpload } from '../uploads/blobs.ts'
import { forgetOldDeliveries, resendDeliveries } from '../webhooks/deliver.ts'
import { forgetOldAnswers } from './idempotency.ts'
import { logError, logEvent } from './log.ts'
import { sweepOutbox } from './outbox.ts'
import type { Platform } from './platform.ts'

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
  for (const { projectId } of waiting) await wakePublisher(platform, projectId)
  return waiting.length
}

const dropStaleUploads = async (platform: Platform): Promise<number> => {
  const stale = await platform.db
    .select()
    .from(uploads)
    .where(lt(uploads.createdAtMs, platform.nowMs() - UPLOAD_FOR_MS))
    .limit(BATCH)
  for (const upload of stale) await dropUpload(platform, upload)
  return stale.length
}

interface Sweep {
  readonly platform: Platform
  /** An operator wants it now: what waits for a later moment is tried as well. */
  readonly isAsked: boolean
}

/** Each by itself: trouble with one must not keep the others from being done. */
const STEPS: Readonly<Record<string, (sweep: Sweep) => Promise<unknown>>> = {
  outbox: ({ platform, isAsked }) => sweepOutbox(platform, BATCH, isAsked),
  jobs: ({ platform }) => resendJobs(platform),
  ends: ({ platform }) => noteMissedEnds(platform, BATCH),
  publishers: ({ platform }) => wakePublishers(platform),
  staleUploads: ({ platform }) => dropStaleUploads(platform),
  requests: ({ platform }) => sweepRequests(platform, BATCH),
  expiredTokens: ({ platform }) => dropExpiredGrants(platform, BATCH),
  notices: ({ platform }) => resendDeliveries(platform, BATCH),
  billing: ({ platform }) => sweepBilling(platform),
  answers: ({ platform }) => forgetOldAnswers(platform),
  deliveries: ({ platform }) => forgetOldDeliveries(platform),
  identities: ({ platform }) => forgetSpentIdentities(platform),
}

export const sweep = async (platform: Platform, isAsked = false): Promise<void> => {
  const found: Record<string, number> = {}
  for (const [step, run] of Object.entries(STEPS)) {
    try {
      const count = await run({ platform, isAsked })
      if (typeof count === 'number' && count > 0) found[step] = count
    } catch (error) {
      logError('sweep.broke', error, { step })
    }
  }
  if (Object.keys(found).length > 0) logEvent('sweep.found', found)
}
