// What the runtime hands to the web Worker; mirrors the root wrangler.toml.
import type { PackagerContainer } from './objects/packager-container.ts'
import type { RepositoryPublisher } from './objects/repository-publisher.ts'

export interface JobMessage {
  readonly jobId: string
}

export interface Env {
  readonly DB: D1Database
  readonly BUCKET: R2Bucket
  readonly JOBS: Queue<JobMessage>
  readonly FILES: Fetcher
  readonly PUBLISHERS: DurableObjectNamespace<RepositoryPublisher>
  readonly PACKAGERS: DurableObjectNamespace<PackagerContainer>
  /** No trailing slash. */
  readonly PUBLIC_URL: string
  /** Empty: the container class. */
  readonly PACKAGER_URL: string
  /** Optional: what the packager at PACKAGER_URL wants to see. */
  readonly PACKAGER_TOKEN?: string
  /** 32 bytes in base64; seals every private key. Missing or wrong is an error, never a reason to make a new one. */
  readonly KEY_ENCRYPTION_KEY?: string
  /** Opens /api/v1/operator; absent: those routes answer 404. */
  readonly OPERATOR_TOKEN?: string
}
