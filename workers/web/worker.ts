// The web Worker's entry points: HTTP, the queues, the cron; and the Durable Object classes it brings.
import { app } from './api/app.ts'
import type { DeliveryMessage, Env, JobMessage } from './env.ts'
import { consumeDeliveries } from './queue/deliveries.ts'
import { consumeDeadJobs, consumeJobs } from './queue/jobs.ts'
import { openPlatform } from './services/platform/platform.ts'
import { sweep } from './services/platform/sweep.ts'

export { PackagerContainer } from './objects/packager-container.ts'
export { RateLimiter } from './objects/rate-limiter.ts'
export { RepositoryPublisher } from './objects/repository-publisher.ts'

const consume = (batch: MessageBatch<JobMessage | DeliveryMessage>, env: Env): Promise<void> => {
  const platform = openPlatform(env)
  if (batch.queue === 'distropack-deliveries')
    return consumeDeliveries(platform, batch as MessageBatch<DeliveryMessage>)
  const isDead = batch.queue === 'distropack-dead-jobs'
  return (isDead ? consumeDeadJobs : consumeJobs)(platform, batch as MessageBatch<JobMessage>)
}

export default {
  fetch: app.fetch,
  queue: consume,
  scheduled: (_controller, env) => sweep(openPlatform(env)),
} satisfies ExportedHandler<Env, JobMessage | DeliveryMessage>
