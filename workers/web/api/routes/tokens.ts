// Tokens of an organization, and who the caller is.
import {
  API_PATHS,
  createdTokenSchema,
  createTokenSchema,
  tokenSchema,
  whoamiSchema,
} from '@distropack/core/contract/api.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import { createRoute, z } from '@hono/zod-openapi'
import { openOrganization } from '../../services/access.ts'
import { createToken, describeReach, listTokens, revokeToken } from '../../services/tokens.ts'
import { need, refuse } from '../faults.ts'
import { answers, jsonBody, newRouter, okSchema, orgParams, security } from '../route.ts'

const tags = ['Access']
export const tokens = newRouter()

const whoami = createRoute({
  method: 'get',
  path: API_PATHS.whoami,
  tags,
  security,
  summary: 'Say what this token opens',
  responses: answers(200, 'The token’s reach', whoamiSchema),
})
tokens.openapi(whoami, async (context) => {
  const actor = context.get('actor')
  if (actor.kind === 'operator') {
    return refuse(fault('not_found', 'An operator token belongs to no organization.'))
  }
  return context.json(await describeReach(context.get('platform'), actor), 200)
})

const create = createRoute({
  method: 'post',
  path: API_PATHS.tokens,
  tags,
  security,
  summary: 'Make a token; its secret is shown once',
  request: { params: orgParams, body: jsonBody(createTokenSchema) },
  responses: answers(201, 'The token with its secret', createdTokenSchema),
})
tokens.openapi(create, async (context) => {
  const platform = context.get('platform')
  const organization = need(
    await openOrganization(platform, context.get('actor'), context.req.valid('param').org, 'admin'),
  )
  const actor = context.get('actor')
  if (actor.kind === 'token' && actor.projectId !== null) {
    return refuse(fault('forbidden', 'A token of one project makes no tokens.'))
  }
  const made = need(await createToken(platform, organization, context.req.valid('json')))
  return context.json(made, 201)
})

const list = createRoute({
  method: 'get',
  path: API_PATHS.tokens,
  tags,
  security,
  summary: 'List tokens, newest first',
  request: { params: orgParams, query: pageQuerySchema },
  responses: answers(200, 'Tokens without their secrets', pageOf(tokenSchema)),
})
tokens.openapi(list, async (context) => {
  const platform = context.get('platform')
  const organization = need(
    await openOrganization(platform, context.get('actor'), context.req.valid('param').org, 'admin'),
  )
  return context.json(await listTokens(platform, organization, context.req.valid('query')), 200)
})

const revoke = createRoute({
  method: 'delete',
  path: API_PATHS.token,
  tags,
  security,
  summary: 'Revoke a token',
  request: { params: orgParams.extend({ tokenId: z.string() }) },
  responses: answers(200, 'It opens nothing any more', okSchema),
})
tokens.openapi(revoke, async (context) => {
  const platform = context.get('platform')
  const { org, tokenId } = context.req.valid('param')
  const organization = need(await openOrganization(platform, context.get('actor'), org, 'admin'))
  need(await revokeToken(platform, organization, tokenId))
  return context.json({ ok: true as const }, 200)
})
