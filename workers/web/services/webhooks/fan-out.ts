// From something that happened to the notices of it: a row for each that wants to hear, then a message to the queue.
import { WEBHOOK_EVENTS, type WebhookEvent } from '@distropack/core/contract/webhooks.ts'
import { and, eq, isNull, or } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { organizations, projects } from '../../db/schema.ts'
import { deliveries, webhooks } from '../../db/tables/webhooks.ts'
import { newId } from '../ids.ts'
import type { Platform } from '../platform.ts'
import { type Happening, renderJson, renderSentence, renderSlack } from './payload.ts'

type Webhook = typeof webhooks.$inferSelect
type Delivery = typeof deliveries.$inferInsert

const DELIVERY_PARAMETERS = 10
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
  nextAttemptAtMs: nowMs() + RESEND_AFTER_MS,
  createdAtMs: nowMs(),
})

export const queueDeliveries = async ({ db, env }: Platform, rows: readonly Delivery[]): Promise<void> => {
  for (const chunk of chunksForStatement(rows, DELIVERY_PARAMETERS)) await db.insert(deliveries).values(chunk)
  for (let i = 0; i < rows.length; i += SEND_AT_ONCE) {
    const messages = rows.slice(i, i + SEND_AT_ONCE).map(({ id }) => ({ body: { deliveryId: id } }))
    await env.DELIVERIES.sendBatch(messages)
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

/** Nothing to do for most deeds: they are of the log alone. */
export const tellWebhooks = async (platform: Platform, deed: Happened): Promise<void> => {
  const { action } = deed
  if (!isWebhookEvent(action)) return
  const { organizationId, projectId } = deed
  const ofProject =
    projectId === null ? isNull(webhooks.projectId) : or(isNull(webhooks.projectId), eq(webhooks.projectId, projectId))
  const mine = and(eq(webhooks.organizationId, organizationId), eq(webhooks.enabled, true), ofProject)
  const listening = (await platform.db.select().from(webhooks).where(mine)).filter(({ events }) =>
    events.includes(action),
  )
  if (listening.length === 0) return
  const { kind, name } = platform.who
  const names = await namesOf(platform, organizationId, projectId)
  const { atMs, subject, before, after } = deed
  const happening = { event: action, atMs, ...names, subject, before, after, actor: { kind, name } }
  await queueDeliveries(
    platform,
    listening.map((webhook) => newDelivery(platform, webhook, happening)),
  )
}
