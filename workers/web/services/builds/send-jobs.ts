// Word to the queue that jobs wait. They wait in D1 by then: a message that is lost is sent again by the sweep.
import type { Platform } from '../platform/platform.ts'

/** Messages one sendBatch takes; of these the 256 KB it takes are never reached. */
const SEND_AT_ONCE = 100

/** Ids of jobs, and of batches where jobs are done together. */
export const sendJobs = async ({ env }: Platform, ids: readonly string[]): Promise<void> => {
  for (let i = 0; i < ids.length; i += SEND_AT_ONCE) {
    await env.JOBS.sendBatch(ids.slice(i, i + SEND_AT_ONCE).map((jobId) => ({ body: { jobId } })))
  }
}
