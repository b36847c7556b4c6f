// The queue's entry point. Messages only say which job to look at: a lost or doubled one changes nothing, D1 decides.
import { fault } from '@distropack/core/fault.ts'
import type { JobMessage } from '../env.ts'
import { noteEnd } from '../services/builds/build-end.ts'
import { markDead } from '../services/builds/jobs.ts'
import { runJob } from '../services/builds/run-job.ts'
import { logError } from '../services/platform/log.ts'
import type { Platform } from '../services/platform/platform.ts'

const MAX_DELAY_SECONDS = 300
/** 5 s, 10 s, 20 s … */
const delayAfter = (attempts: number): number => Math.min(MAX_DELAY_SECONDS, 5 * 2 ** (attempts - 1))

export const consumeJobs = async (platform: Platform, batch: MessageBatch<JobMessage>): Promise<void> => {
  await Promise.all(
    batch.messages.map(async (message) => {
      try {
        const outcome = await runJob(platform, message.body.jobId)
        if (outcome === 'settled') message.ack()
        else message.retry({ delaySeconds: delayAfter(message.attempts) })
      } catch (error) {
        logError('queue.broke', error, { jobId: message.body.jobId })
        message.retry({ delaySeconds: delayAfter(message.attempts) })
      }
    }),
  )
}

/** Messages the queue gave up on. The job waits for an operator: /api/v1/operator/dead-letters. */
export const consumeDeadJobs = async (platform: Platform, batch: MessageBatch<JobMessage>): Promise<void> => {
  const trouble = fault('packager_unavailable', 'Every attempt to build this was cut off. An operator can replay it.')
  for (const message of batch.messages) {
    const buildId = await markDead(platform, message.body.jobId, trouble)
    if (buildId) await noteEnd(platform, buildId)
    message.ack()
  }
}
