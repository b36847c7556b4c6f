// From something that happened to the notices of it: a row for each that wants to hear, then a message to the queue.
import { WEBHOOK_EVENTS, type WebhookEvent } from '@distropack/core/contract/webhooks.ts'
import { and, eq, isNull, or, type SQL, sql } from 'drizzle-orm'
import { insertWhen } from '../../db/insert-when.ts'
import { organizations, projects } from '../../db/schema.ts'
import { deliveries, webhooks } from '../../db/tables/webhooks.ts'
import { newId } from '../platform/ids.ts'
import { logError } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { type Happening, renderJson, renderSentence, renderSlack } from './payload.ts'

type Webhook = typeof webhooks.$inferSelect
type Delivery = typeof deliveries.$inferSelect

/** A message that was lost is sent again by the sweep after this. */
export const RESEND_AFTER_MS = 60_000
/** Messages of one sendBatch. */
const SEND_AT_ONCE = 100

const RENDERERS: Readonly<Record<Webhook['kind'], (happening: Happening) => string>> = {
  json: renderJson,
  slack: renderSlack,
  mail: renderSentence,
}

const isWebhookEvent = (action: string): action is WebhookEvent =>
  (WEBHOOK_EVENTS as readonly string[]).includes(action)

export const newDelivery = ({ nowMs }: Platform, webhook: Webhook, happening: Happening): Delivery => ({
  id: newId('evt', nowMs()),
  webhookId: webhook.id,
  event: happening.event,
  payload: RENDERERS[webhook.kind](happening),
  state: 'waiting',
  attempts: 0,
  status: null,
  answer: null,
  nextAttemptAtMs: nowMs() + RESEND_AFTER_MS,
  createdAtMs: nowMs(),
})

/** Where its webhook is still there: one that was deleted meanwhile must not stop the audited it would have heard of. */
export const insertNotice = ({ db }: Platform, notice: Delivery, when?: SQL) => {
  const isThere = sql`exists (select 1 from ${webhooks} where ${webhooks.id} = ${notice.webhookId})`
  return insertWhen(db, deliveries, notice, when ? sql`${isThere} and ${when}` : isThere)
}

/** The rows are there: a message that is lost is sent again by the sweep. Never throws. */
export const sendNotices = async ({ env }: Platform, rows: readonly Delivery[]): Promise<void> => {
  try {
    for (let i = 0; i < rows.length; i += SEND_AT_ONCE) {
      const messages = rows.slice(i, i + SEND_AT_ONCE).map(({ id }) => ({ body: { deliveryId: id } }))
      await env.DELIVERIES.sendBatch(messages)
    }
  } catch (error) {
    logError('delivery.not_sent', error, { notices: rows.length })
  }
}

/** The names people know, of rows that may be gone by now. */
const namesOf = async ({ db }: Platform, organizationId: string, projectId: string | null) => {
  const [organization] = await db.select().from(organizations).where(eq(organizations.id, organizationId))
  const [project] = projectId === null ? [] : await db.select().from(projects).where(eq(projects.id, projectId))
  return { organization: organization?.slug ?? organizationId, project: project?.slug ?? null }
}

export interface Happened {
  readonly organizationId: string
  readonly projectId: string | null
  readonly atMs: number
  readonly action: string
  readonly subject: string
  readonly before: unknown
  readonly after: unknown
}

/** One for each webhook that wants to hear of it; most actions are of the log alone. */
export const noticesOf = async (platform: Platform, audited: Happened): Promise<readonly Delivery[]> => {
  const { action } = audited
  if (!isWebhookEvent(action)) return []
  const { organizationId, projectId } = audited
  const ofProject =
    projectId === null ? isNull(webhooks.projectId) : or(isNull(webhooks.projectId), eq(webhooks.projectId, projectId))
  const mine = and(eq(webhooks.organizationId, organizationId), eq(webhooks.enabled, true), ofProject)
  const listening = (await platform.db.select().from(webhooks).where(mine)).filter(({ events }) =>
    events.includes(action),
  )
  if (listening.length === 0) return []
  const { kind, name } = platform.who
  const names = await namesOf(platform, organizationId, projectId)
  const { atMs, subject, before, after } = audited
  const happening = { event: action, atMs, ...names, subject, before, after, actor: { kind, name } }
  return listening.map((webhook) => newDelivery(platform, webhook, happening))
}
