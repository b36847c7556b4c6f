// The web Worker's doors: HTTP, the queues, the cron; and the Durable Object classes it brings.
import { app } from './api/app.ts'
import type { Env, JobMessage } from './env.ts'
import { consumeDeadJobs, consumeJobs } from './queue/jobs.ts'
import { openPlatform } from './services/platform.ts'
import { sweep } from './services/sweep.ts'

export { PackagerContainer } from './objects/packager-container.ts'
export { RateLimiter } from './objects/rate-limiter.ts'
export { RepositoryPublisher } from './objects/repository-publisher.ts'

const DEAD_QUEUE = 'distropack-dead-jobs'

export default {
  fetch: app.fetch,
  queue: (batch, env) => (batch.queue === DEAD_QUEUE ? consumeDeadJobs : consumeJobs)(openPlatform(env), batch),
  scheduled: (_controller, env) => sweep(openPlatform(env)),
} satisfies ExportedHandler<Env, JobMessage>
