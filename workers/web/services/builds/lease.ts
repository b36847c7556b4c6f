// Holding a job while it is worked on: the lease is renewed by the clock, whatever the work is waiting for.

import { logError } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { type ClaimedJob, renewLease } from './jobs.ts'

const RENEW_EVERY_MS = 5_000

export interface Lease {
  /** Somebody else has the job now: stop. */
  isLost(): boolean
  release(): void
}

export const holdLease = (platform: Platform, job: ClaimedJob): Lease => {
  let lost = false
  const renew = async (): Promise<void> => {
    try {
      if (!(await renewLease(platform, job))) lost = true
    } catch (error) {
      // A database that is away for a moment: the lease still has some seconds.
      logError('lease.not_renewed', error, { jobId: job.id })
    }
  }
  const timer = setInterval(renew, RENEW_EVERY_MS)
  return { isLost: () => lost, release: () => clearInterval(timer) }
}
