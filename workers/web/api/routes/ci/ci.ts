// Trusted publishers of a project, and the exchange of a CI's identity token.
import { API_PATHS } from '@distropack/core/contract/api.ts'
import {
  createPublisherSchema,
  exchangedSchema,
  exchangeSchema,
  trustedPublisherSchema,
} from '@distropack/core/contract/ci.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { z } from '@hono/zod-openapi'
import { exchangeIdentity } from '../../../services/ci/exchange.ts'
import { createPublisher, deletePublisher, listPublishers } from '../../../services/ci/publishers.ts'
import { need } from '../../faults.ts'
import { answers, createRoute, inProject, jsonBody, newRouter, okSchema, projectParams } from '../../route.ts'

const tags = ['CI']
/** Before anybody is known: the identity token is the proof. */
export const exchange = newRouter()
export const publishers = newRouter()

const trade = createRoute({
  method: 'post',
  path: API_PATHS.exchange,
  tags,
  security: [],
  summary: 'Exchange a CI’s identity token for one that publishes, for fifteen minutes',
  description: 'The project must trust the run: its issuer and claims. An identity token is taken once.',
  request: { body: jsonBody(exchangeSchema) },
  responses: answers(201, 'The token', exchangedSchema),
})
exchange.openapi(trade, async (context) =>
  context.json(need(await exchangeIdentity(context.get('platform'), context.req.valid('json'))), 201),
)

const create = createRoute({
  method: 'post',
  path: API_PATHS.publishers,
  tags,
  ...inProject('publisher.edit'),
  summary: 'Trust a CI system to publish',
  request: { params: projectParams, body: jsonBody(createPublisherSchema) },
  responses: answers(201, 'The trusted publisher', trustedPublisherSchema),
})
publishers.openapi(create, async (context) => {
  const made = await createPublisher(context.get('platform'), context.get('project'), context.req.valid('json'))
  return context.json(need(made), 201)
})

const list = createRoute({
  method: 'get',
  path: API_PATHS.publishers,
  tags,
  ...inProject('publisher.read'),
  summary: 'List trusted publishers',
  request: { params: projectParams, query: pageQuerySchema },
  responses: answers(200, 'Trusted publishers', pageOf(trustedPublisherSchema)),
})
publishers.openapi(list, async (context) => {
  const page = await listPublishers(context.get('platform'), context.get('project'), context.req.valid('query'))
  return context.json(page, 200)
})

const remove = createRoute({
  method: 'delete',
  path: API_PATHS.publisher,
  tags,
  ...inProject('publisher.edit'),
  summary: 'Trust a CI system no more',
  request: { params: projectParams.extend({ publisherId: z.string() }) },
  responses: answers(200, 'It is admitted no more', okSchema),
})
publishers.openapi(remove, async (context) => {
  const { publisherId } = context.req.valid('param')
  need(await deletePublisher(context.get('platform'), context.get('project'), publisherId))
  return context.json({ ok: true as const }, 200)
})
