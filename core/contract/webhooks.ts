// Notices of what happened: to addresses, Slack-like chats, and mailboxes. The wire is Standard Webhooks
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
import * as z from 'zod'
import type { AuditAction } from './audit.ts'
import { emailSchema } from './members.ts'
import { requestObject } from './request.ts'
import { slugSchema } from './wire.ts'

export const WEBHOOK_EVENTS = [
  'build.finished',
  'build.failed',
  'artifact.published',
  'artifact.yanked',
  'artifact.unyanked',
  'artifact.deleted',
  'generation.flipped',
  'key.added',
  'key.retired',
  'identity.accepted',
  'quota.near',
  'quota.over',
] as const satisfies readonly AuditAction[]
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

const events = z.array(z.enum(WEBHOOK_EVENTS)).min(1).max(WEBHOOK_EVENTS.length)

/** `json`: the event itself, signed. `slack`: `{text}`, which Slack, Mattermost and Discord (`/slack`) take. */
export const webhookTargetSchema = z.discriminatedUnion('kind', [
  requestObject({ kind: z.literal('json'), url: z.string().max(2000) }),
  requestObject({ kind: z.literal('slack'), url: z.string().max(2000) }),
  requestObject({ kind: z.literal('mail'), email: emailSchema.meta({ description: 'A member’s' }) }),
])

export const createWebhookSchema = requestObject({
  target: webhookTargetSchema,
  events,
  project: slugSchema.optional().meta({ description: 'Absent: every project of the organization' }),
}).meta({ id: 'CreateWebhook' })

export const editWebhookSchema = requestObject({ events: events.optional(), enabled: z.boolean().optional() }).meta({
  id: 'EditWebhook',
})

export const webhookSchema = z
  .object({
    id: z.string(),
    target: z.object({ kind: z.enum(['json', 'slack', 'mail']), address: z.string() }),
    events: z.array(z.string()),
    project: slugSchema.nullable(),
    enabled: z.boolean(),
    failures: z.number().int().meta({ description: 'Deliveries given up on since one last arrived' }),
    createdAtMs: z.number(),
  })
  .meta({ id: 'Webhook' })
export const createdWebhookSchema = webhookSchema
  .extend({ secret: z.string().nullable().meta({ description: 'Signs every delivery. Shown once.' }) })
  .meta({ id: 'CreatedWebhook' })

export const deliverySchema = z
  .object({
    id: z.string().meta({ description: 'Also the webhook-id of the request' }),
    event: z.string(),
    state: z.enum(['waiting', 'delivered', 'failed']),
    attempts: z.number().int(),
    status: z.number().int().nullable().meta({ description: 'What the other side last answered' }),
    answer: z.string().nullable().meta({ description: 'The first of its words' }),
    payload: z.string(),
    createdAtMs: z.number(),
    nextAttemptAtMs: z.number().nullable(),
  })
  .meta({ id: 'Delivery' })
