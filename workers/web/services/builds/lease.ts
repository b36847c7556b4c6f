// Holding a job while it is worked on: the lease is renewed by the clock, whatever the work is waiting for.

import { logError } from '../platform/log.ts'

const RENEW_EVERY_MS = 5_000

export interface Lease {
  /** Somebody else has the job now: stop. */
  isLost(): boolean
  release(): void
}

/** `renewOnce`: false when the claim was lost. */
export const holdLease = (renewOnce: () => Promise<boolean>, jobId: string): Lease => {
  let lost = false
  const renew = async (): Promise<void> => {
    try {
      if (!(await renewOnce())) lost = true
    } catch (error) {
      // A database that is away for a moment: the lease still has some seconds.
      logError('lease.not_renewed', error, { jobId })
    }
  }
  const timer = setInterval(renew, RENEW_EVERY_MS)
  return { isLost: () => lost, release: () => clearInterval(timer) }
}
