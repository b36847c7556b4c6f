// What the runtime hands to the web Worker; mirrors the root wrangler.toml.
import type { PackagerContainer } from './objects/packager-container.ts'
import type { RateLimiter } from './objects/rate-limiter.ts'
import type { RepositoryPublisher } from './objects/repository-publisher.ts'

export interface JobMessage {
  readonly jobId: string
}

/** A notice to bring to its webhook. */
export interface DeliveryMessage {
  readonly deliveryId: string
}

export interface Env {
  readonly DB: D1Database
  readonly BUCKET: R2Bucket
  readonly JOBS: Queue<JobMessage>
  readonly DELIVERIES: Queue<DeliveryMessage>
  readonly FILES: Fetcher
  readonly PUBLISHERS: DurableObjectNamespace<RepositoryPublisher>
  readonly PACKAGERS: DurableObjectNamespace<PackagerContainer>
  readonly RATE_LIMITERS: DurableObjectNamespace<RateLimiter>
  /** No trailing slash. */
  readonly PUBLIC_URL: string
  /** Where the dashboard is served when that is another origin. */
  readonly DASHBOARD_URL?: string
  /** Empty: the container class. */
  readonly PACKAGER_URL: string
  /** Optional: what the packager at PACKAGER_URL wants to see. */
  readonly PACKAGER_TOKEN?: string
  /** 32 bytes in base64; seals every private key. Missing or wrong is an error, never a reason to make a new one. */
  readonly KEY_ENCRYPTION_KEY?: string
  /** While it is being replaced: the one before. See docs/runbook.md. */
  readonly KEY_ENCRYPTION_KEY_BEFORE?: string
  /** 32 characters or more; seals sessions, codes and second factors. Absent: no accounts, tokens alone. */
  readonly AUTH_SECRET?: string
  /** Mailboxes whose accounts run the instance, between commas; once they are confirmed. */
  readonly OPERATOR_EMAIL?: string
  /**
   * The header in which whatever stands in front says whence a request comes: `cf-connecting-ip` at Cloudflare. Empty:
   * no such header is believed, and nobody is told apart by address.
   */
  readonly CLIENT_ADDRESS_HEADER?: string
  /** Who may make an account: anybody, those who are invited (the default), or nobody; OPERATOR_EMAIL always may. */
  readonly SIGN_UP?: 'open' | 'invited' | 'closed'
  readonly GITHUB_CLIENT_ID?: string
  readonly GITHUB_CLIENT_SECRET?: string
  /** Any OpenID Connect provider with a discovery document. */
  readonly OIDC_ISSUER?: string
  readonly OIDC_CLIENT_ID?: string
  readonly OIDC_CLIENT_SECRET?: string
  /** The mail provider's sending address; see mail/mailer.ts. */
  readonly MAIL_URL?: string
  readonly MAIL_TOKEN?: string
  readonly MAIL_FROM?: string
  /** Requests a minute: of one token or session, and of one address that has neither. */
  readonly RATE_PER_ACTOR?: string
  readonly RATE_PER_ADDRESS?: string
  /** "stripe", or "off" (the default): then nothing is limited and nothing speaks of it. */
  readonly BILLING?: string
  readonly STRIPE_SECRET_KEY?: string
  readonly STRIPE_WEBHOOK_SECRET?: string
  /** "off": no automatic tax, for an account without Stripe Tax. */
  readonly STRIPE_TAX?: string
  /** Another address of Stripe's API; for tests. */
  readonly STRIPE_API_BASE?: string
  /** Opens /metrics; absent: the operator's token alone does. */
  readonly METRICS_TOKEN?: string
  readonly METRICS?: AnalyticsEngineDataset
  /** Opens /api/v1/operator; absent: those routes answer 404. */
  readonly OPERATOR_TOKEN?: string
}
