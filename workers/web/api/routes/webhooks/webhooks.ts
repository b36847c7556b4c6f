// Webhooks and other notices of an organization.
import { API_PATHS } from '@distropack/core/contract/api.ts'
import {
  createdWebhookSchema,
  createWebhookSchema,
  deliverySchema,
  editWebhookSchema,
  webhookSchema,
} from '@distropack/core/contract/webhooks.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { z } from '@hono/zod-openapi'
import {
  createWebhook,
  deleteWebhook,
  editWebhook,
  findWebhook,
  listDeliveries,
  listWebhooks,
  redeliver,
  testWebhook,
} from '../../../services/webhooks/webhooks.ts'
import { etagOfState, refuseStale } from '../../etags.ts'
import { need } from '../../faults.ts'
import {
  answers,
  createRoute,
  ifMatchHeader,
  inOrganization,
  jsonBody,
  newRouter,
  okSchema,
  orgParams,
} from '../../route.ts'

const tags = ['Webhooks']
type Webhook = z.infer<typeof webhookSchema>
export const webhooks = newRouter()
const webhookParams = orgParams.extend({ webhookId: z.string() })

const create = createRoute({
  method: 'post',
  path: API_PATHS.webhooks,
  tags,
  ...inOrganization('webhook.edit'),
  summary: 'Send events to an address, a chat or a mailbox',
  description: 'Deliveries are signed as Standard Webhooks has it: webhook-id, webhook-timestamp, webhook-signature.',
  request: { params: orgParams, body: jsonBody(createWebhookSchema) },
  responses: answers(201, 'The webhook with its secret', createdWebhookSchema),
})
webhooks.openapi(create, async (context) => {
  const made = await createWebhook(context.get('platform'), context.get('organization'), context.req.valid('json'))
  return context.json(need(made), 201)
})

const list = createRoute({
  method: 'get',
  path: API_PATHS.webhooks,
  tags,
  ...inOrganization('webhook.read'),
  summary: 'List webhooks, newest first',
  request: { params: orgParams, query: pageQuerySchema },
  responses: answers(200, 'Webhooks', pageOf(webhookSchema)),
})
webhooks.openapi(list, async (context) => {
  const { id } = context.get('organization')
  return context.json(await listWebhooks(context.get('platform'), id, context.req.valid('query')), 200)
})

/** What an edit of a webhook may change. */
const editable = ({ events, enabled }: Webhook) => ({ events, enabled })

const get = createRoute({
  method: 'get',
  path: API_PATHS.webhook,
  tags,
  ...inOrganization('webhook.read'),
  summary: 'Read a webhook',
  request: { params: webhookParams },
  responses: answers(200, 'The webhook; the ETag is for edits', webhookSchema),
})
webhooks.openapi(get, async (context) => {
  const { webhookId } = context.req.valid('param')
  const webhook = need(await findWebhook(context.get('platform'), context.get('organization'), webhookId))
  context.header('etag', etagOfState(editable(webhook)))
  return context.json(webhook, 200)
})

const edit = createRoute({
  method: 'patch',
  path: API_PATHS.webhook,
  tags,
  ...inOrganization('webhook.edit'),
  summary: 'Change a webhook’s events, or switch it on or off',
  request: { params: webhookParams, headers: ifMatchHeader, body: jsonBody(editWebhookSchema) },
  responses: answers(200, 'The webhook', webhookSchema),
})
webhooks.openapi(edit, async (context) => {
  const { webhookId } = context.req.valid('param')
  const [platform, organization] = [context.get('platform'), context.get('organization')]
  const webhook = need(await findWebhook(platform, organization, webhookId))
  need(refuseStale(context.req.valid('header')['if-match'], editable(webhook)))
  const edited = need(await editWebhook(platform, organization, webhookId, context.req.valid('json')))
  context.header('etag', etagOfState(editable(edited)))
  return context.json(edited, 200)
})

const remove = createRoute({
  method: 'delete',
  path: API_PATHS.webhook,
  tags,
  ...inOrganization('webhook.edit'),
  summary: 'Remove a webhook',
  request: { params: webhookParams },
  responses: answers(200, 'Nothing is sent to it any more', okSchema),
})
webhooks.openapi(remove, async (context) => {
  const { webhookId } = context.req.valid('param')
  need(await deleteWebhook(context.get('platform'), context.get('organization'), webhookId))
  return context.json({ ok: true as const }, 200)
})

const test = createRoute({
  method: 'post',
  path: API_PATHS.testWebhook,
  tags,
  ...inOrganization('webhook.edit'),
  summary: 'Send a test event',
  request: { params: webhookParams },
  responses: answers(201, 'The delivery', deliverySchema),
})
webhooks.openapi(test, async (context) => {
  const { webhookId } = context.req.valid('param')
  return context.json(need(await testWebhook(context.get('platform'), context.get('organization'), webhookId)), 201)
})

const log = createRoute({
  method: 'get',
  path: API_PATHS.deliveries,
  tags,
  ...inOrganization('webhook.read'),
  summary: 'List a webhook’s deliveries, newest first',
  request: { params: webhookParams, query: pageQuerySchema },
  responses: answers(200, 'Deliveries of the last 30 days', pageOf(deliverySchema)),
})
webhooks.openapi(log, async (context) => {
  const { webhookId } = context.req.valid('param')
  const page = context.req.valid('query')
  return context.json(
    need(await listDeliveries(context.get('platform'), context.get('organization'), webhookId, page)),
    200,
  )
})

const again = createRoute({
  method: 'post',
  path: API_PATHS.redeliver,
  tags,
  ...inOrganization('webhook.edit'),
  summary: 'Send a delivery again',
  request: { params: webhookParams.extend({ deliveryId: z.string() }) },
  responses: answers(200, 'The delivery', deliverySchema),
})
webhooks.openapi(again, async (context) => {
  const { webhookId, deliveryId } = context.req.valid('param')
  const sent = await redeliver(context.get('platform'), context.get('organization'), webhookId, deliveryId)
  return context.json(need(sent), 200)
})
