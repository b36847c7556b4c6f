// For whoever runs the platform, behind OPERATOR_TOKEN. Anybody else gets 404: not even the address is known.
import { API_PATHS, createdTokenSchema, deadLetterSchema } from '@distropack/core/contract/api.ts'
import { pageOf, pageQuerySchema, slugSchema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import { createRoute, z } from '@hono/zod-openapi'
import { listDeadLetters, replayDeadLetter } from '../../services/dead-letters.ts'
import { ensureOrganization } from '../../services/projects.ts'
import { createToken } from '../../services/tokens.ts'
import { need, refuse } from '../faults.ts'
import { answers, jsonBody, newRouter, okSchema, security } from '../route.ts'

const tags = ['Operator']
export const operator = newRouter()

operator.use('/operator/*', async (context, next) => {
  if (context.get('actor').kind === 'operator') return next()
  return refuse(fault('not_found', 'There is nothing at this address.'))
})

const bootstrap = createRoute({
  method: 'post',
  path: API_PATHS.bootstrap,
  tags,
  security,
  summary: 'Make an organization, or find it, and a token that administers it',
  request: { body: jsonBody(z.object({ organization: slugSchema })) },
  responses: answers(201, 'The token with its secret', createdTokenSchema),
})
operator.openapi(bootstrap, async (context) => {
  const platform = context.get('platform')
  const organization = await ensureOrganization(platform, context.req.valid('json').organization)
  const made = need(await createToken(platform, organization, { name: 'bootstrap', scopes: ['admin'] }))
  return context.json(made, 201)
})

const list = createRoute({
  method: 'get',
  path: API_PATHS.deadLetters,
  tags,
  security,
  summary: 'List jobs that died of the platform’s trouble',
  request: { query: pageQuerySchema },
  responses: answers(200, 'Dead jobs, newest first', pageOf(deadLetterSchema)),
})
operator.openapi(list, async (context) =>
  context.json(await listDeadLetters(context.get('platform'), context.req.valid('query')), 200),
)

const replay = createRoute({
  method: 'post',
  path: API_PATHS.replay,
  tags,
  security,
  summary: 'Start a dead job over',
  request: { params: z.object({ jobId: z.string() }) },
  responses: answers(200, 'It waits for a packager again', okSchema),
})
operator.openapi(replay, async (context) => {
  need(await replayDeadLetter(context.get('platform'), context.req.valid('param').jobId))
  return context.json({ ok: true as const }, 200)
})
