// Who the caller is; tokens of an organization and of a person.
import {
  API_PATHS,
  createdTokenSchema,
  createPersonalTokenSchema,
  createTokenSchema,
  rotateTokenSchema,
  tokenSchema,
  whoamiSchema,
} from '@distropack/core/contract/api.ts'
import { permissionTable, permissionTableSchema } from '@distropack/core/contract/members.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import { z } from '@hono/zod-openapi'
import {
  createPersonalToken,
  createToken,
  describeActor,
  listTokens,
  ownersOf,
  revokeToken,
  rotateToken,
} from '../../services/access/tokens.ts'
import { fitPermissions } from '../document.ts'
import { need, refuse } from '../faults.ts'
import { userOf } from '../identity.ts'
import {
  answers,
  createRoute,
  forAnybody,
  inOrganization,
  jsonBody,
  newRouter,
  okSchema,
  orgParams,
  personal,
} from '../route.ts'

const tags = ['Access']
export const tokens = newRouter()
const tokenId = z.object({ tokenId: z.string() })

const whoami = createRoute({
  method: 'get',
  path: API_PATHS.whoami,
  tags,
  ...forAnybody,
  summary: 'Say who asks, and what that opens',
  responses: answers(200, 'You', whoamiSchema),
})
tokens.openapi(whoami, async (context) => {
  const actor = context.get('actor')
  if (actor.kind === 'operator') {
    return refuse(fault('not_found', 'An operator token belongs to no organization.'))
  }
  return context.json(await describeActor(context.get('platform'), actor), 200)
})

const endOwn = createRoute({
  method: 'delete',
  path: API_PATHS.ownToken,
  tags,
  ...forAnybody,
  summary: 'Revoke the token that this request carries',
  description: 'For whoever needs it no more: a command line that logs out, a CI run at its end.',
  responses: answers(200, 'It opens nothing any more', okSchema),
})
tokens.openapi(endOwn, async (context) => {
  const actor = context.get('actor')
  if (actor.kind !== 'token') {
    return refuse(fault('request_invalid', 'This ends a token, and the request carries none. Sign out instead.'))
  }
  need(await revokeToken(context.get('platform'), ownersOf(actor), actor.tokenId))
  return context.json({ ok: true as const }, 200)
})

const permissions = createRoute({
  method: 'get',
  path: API_PATHS.permissions,
  tags,
  ...forAnybody,
  summary: 'The table of who may do what',
  responses: answers(200, 'Actions, each with the least role that may', permissionTableSchema),
})
tokens.openapi(permissions, (context) => context.json(fitPermissions(permissionTable, context.env), 200))

const create = createRoute({
  method: 'post',
  path: API_PATHS.tokens,
  tags,
  ...inOrganization('token.create'),
  summary: 'Make a token of the organization, or of one project; its secret is shown once',
  request: { params: orgParams, body: jsonBody(createTokenSchema) },
  responses: answers(201, 'The token with its secret', createdTokenSchema),
})
tokens.openapi(create, async (context) => {
  const made = await createToken(context.get('platform'), context.get('organization'), context.req.valid('json'))
  return context.json(need(made), 201)
})

const list = createRoute({
  method: 'get',
  path: API_PATHS.tokens,
  tags,
  ...inOrganization('token.list'),
  summary: 'List tokens, newest first',
  request: { params: orgParams, query: pageQuerySchema },
  responses: answers(200, 'Tokens without their secrets', pageOf(tokenSchema)),
})
tokens.openapi(list, async (context) => {
  const of = { organizationId: context.get('organization').id }
  return context.json(await listTokens(context.get('platform'), of, context.req.valid('query')), 200)
})

const rotate = createRoute({
  method: 'post',
  path: API_PATHS.rotateToken,
  tags,
  ...inOrganization('token.create'),
  summary: 'Give a token a new secret; the old one works for the overlap',
  request: { params: orgParams.extend(tokenId.shape), body: jsonBody(rotateTokenSchema) },
  responses: answers(201, 'The new token with its secret', createdTokenSchema),
})
tokens.openapi(rotate, async (context) => {
  const of = { organizationId: context.get('organization').id }
  const { overlapSeconds } = context.req.valid('json')
  const { tokenId: id } = context.req.valid('param')
  return context.json(need(await rotateToken(context.get('platform'), of, id, overlapSeconds)), 201)
})

const revoke = createRoute({
  method: 'delete',
  path: API_PATHS.token,
  tags,
  ...inOrganization('token.revoke'),
  summary: 'Revoke a token',
  request: { params: orgParams.extend(tokenId.shape) },
  responses: answers(200, 'It opens nothing any more', okSchema),
})
tokens.openapi(revoke, async (context) => {
  const of = { organizationId: context.get('organization').id }
  need(await revokeToken(context.get('platform'), of, context.req.valid('param').tokenId))
  return context.json({ ok: true as const }, 200)
})

const createOwn = createRoute({
  method: 'post',
  path: API_PATHS.personalTokens,
  tags,
  ...personal,
  summary: 'Make a token of your own; its secret is shown once',
  description: 'It may what you may and no more than its scopes say: never what is an owner’s.',
  request: { body: jsonBody(createPersonalTokenSchema) },
  responses: answers(201, 'The token with its secret', createdTokenSchema),
})
tokens.openapi(createOwn, async (context) => {
  const made = await createPersonalToken(context.get('platform'), userOf(context), context.req.valid('json'))
  return context.json(need(made), 201)
})

const listOwn = createRoute({
  method: 'get',
  path: API_PATHS.personalTokens,
  tags,
  ...personal,
  summary: 'List your own tokens, newest first',
  request: { query: pageQuerySchema },
  responses: answers(200, 'Tokens without their secrets', pageOf(tokenSchema)),
})
tokens.openapi(listOwn, async (context) => {
  const of = { userId: userOf(context).userId }
  return context.json(await listTokens(context.get('platform'), of, context.req.valid('query')), 200)
})

const rotateOwn = createRoute({
  method: 'post',
  path: API_PATHS.rotatePersonalToken,
  tags,
  ...personal,
  summary: 'Give your own token a new secret; the old one works for the overlap',
  request: { params: tokenId, body: jsonBody(rotateTokenSchema) },
  responses: answers(201, 'The new token with its secret', createdTokenSchema),
})
tokens.openapi(rotateOwn, async (context) => {
  const of = { userId: userOf(context).userId }
  const { overlapSeconds } = context.req.valid('json')
  const { tokenId: id } = context.req.valid('param')
  return context.json(need(await rotateToken(context.get('platform'), of, id, overlapSeconds)), 201)
})

const revokeOwn = createRoute({
  method: 'delete',
  path: API_PATHS.personalToken,
  tags,
  ...personal,
  summary: 'Revoke your own token',
  request: { params: tokenId },
  responses: answers(200, 'It opens nothing any more', okSchema),
})
tokens.openapi(revokeOwn, async (context) => {
  const of = { userId: userOf(context).userId }
  need(await revokeToken(context.get('platform'), of, context.req.valid('param').tokenId))
  return context.json({ ok: true as const }, 200)
})
