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
import { type RouteConfig, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import {
  createPersonalToken,
  createToken,
  describeActor,
  listTokens,
  ownersOf,
  revokeToken,
  rotateToken,
  type TokensOf,
} from '../../../services/access/tokens.ts'
import type { ApiContext } from '../../context.ts'
import { fitPermissions } from '../../document.ts'
import { need, refuse } from '../../faults.ts'
import { userOf } from '../../identity.ts'
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
} from '../../route.ts'

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

/** Whose tokens a list of routes is about: an organization's, or a person's own. */
interface Owned {
  readonly paths: { readonly list: string; readonly one: string; readonly rotate: string }
  readonly guard: (
    action: 'token.list' | 'token.create' | 'token.revoke',
  ) => Pick<RouteConfig, 'security' | 'middleware'>
  readonly params: typeof orgParams | undefined
  readonly ownersIn: (context: Context<ApiContext>) => TokensOf
  /** `a token`, or `your own token`. */
  readonly what: string
}

/** The same three routes for both: an owner's tokens are listed, rotated and revoked alike. */
const serveTokens = ({ paths, guard, params, ownersIn, what }: Owned): void => {
  const oneParams = params ? params.extend(tokenId.shape) : tokenId
  const list = createRoute({
    method: 'get',
    path: paths.list,
    tags,
    ...guard('token.list'),
    summary: `List ${what === 'a token' ? '' : 'your own '}tokens, newest first`,
    request: { ...(params ? { params } : {}), query: pageQuerySchema },
    responses: answers(200, 'Tokens without their secrets', pageOf(tokenSchema)),
  })
  tokens.openapi(list, async (context) =>
    context.json(await listTokens(context.get('platform'), ownersIn(context), context.req.valid('query')), 200),
  )

  const rotate = createRoute({
    method: 'post',
    path: paths.rotate,
    tags,
    ...guard('token.create'),
    summary: `Give ${what} a new secret; the old one works for the overlap`,
    request: { params: oneParams, body: jsonBody(rotateTokenSchema) },
    responses: answers(201, 'The new token with its secret', createdTokenSchema),
  })
  tokens.openapi(rotate, async (context) => {
    const { overlapSeconds } = context.req.valid('json')
    const { tokenId: id } = context.req.valid('param')
    return context.json(need(await rotateToken(context.get('platform'), ownersIn(context), id, overlapSeconds)), 201)
  })

  const revoke = createRoute({
    method: 'delete',
    path: paths.one,
    tags,
    ...guard('token.revoke'),
    summary: `Revoke ${what}`,
    request: { params: oneParams },
    responses: answers(200, 'It opens nothing any more', okSchema),
  })
  tokens.openapi(revoke, async (context) => {
    need(await revokeToken(context.get('platform'), ownersIn(context), context.req.valid('param').tokenId))
    return context.json({ ok: true as const }, 200)
  })
}

serveTokens({
  paths: { list: API_PATHS.tokens, one: API_PATHS.token, rotate: API_PATHS.rotateToken },
  guard: inOrganization,
  params: orgParams,
  ownersIn: (context) => ({ organizationId: context.get('organization').id }),
  what: 'a token',
})
serveTokens({
  paths: { list: API_PATHS.personalTokens, one: API_PATHS.personalToken, rotate: API_PATHS.rotatePersonalToken },
  guard: () => personal,
  params: undefined,
  ownersIn: (context) => ({ userId: userOf(context).userId }),
  what: 'your own token',
})
