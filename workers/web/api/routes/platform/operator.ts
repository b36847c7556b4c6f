// For whoever runs the platform: OPERATOR_TOKEN, or the session of an operator's account. Anybody else gets 404: not
// even the address is known.
import { API_PATHS, bootstrapSchema, createdTokenSchema, deadLetterSchema } from '@distropack/core/contract/api.ts'
import { invitationSchema } from '@distropack/core/contract/members.ts'
import {
  createUserSchema,
  editPlatformStateSchema,
  editUserSchema,
  inviteToInstanceSchema,
  operatorOrganizationSchema,
  platformStateSchema,
  rotatedKeySchema,
  stuckWorkSchema,
  userSchema,
  usersQuerySchema,
} from '@distropack/core/contract/operator.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import { z } from '@hono/zod-openapi'
import { createToken } from '../../../services/access/tokens.ts'
import { createUser, deleteUser, listUsers, setOperator } from '../../../services/accounts/users.ts'
import { listDeadLetters, replayDeadLetter } from '../../../services/builds/dead-letters.ts'
import { inviteToInstance } from '../../../services/people/invitations.ts'
import {
  listAllOrganizations,
  readState,
  reindexProject,
  rotateKeyEncryption,
  setReadOnly,
} from '../../../services/platform/operations.ts'
import { listStuck } from '../../../services/platform/outbox.ts'
import { sweep } from '../../../services/platform/sweep.ts'
import { ensureOrganization } from '../../../services/projects/projects.ts'
import { need, refuse } from '../../faults.ts'
import { answers, createRoute, forOperator, jsonBody, newRouter, okSchema, projectParams } from '../../route.ts'

const tags = ['Operator']
export const operator = newRouter()

operator.use('/operator/*', async (context, next) => {
  const actor = context.get('actor')
  if (actor.kind === 'operator' || (actor.kind === 'user' && actor.isOperator)) return next()
  return refuse(fault('not_found', 'There is nothing at this address.'))
})

const bootstrap = createRoute({
  method: 'post',
  path: API_PATHS.bootstrap,
  tags,
  ...forOperator,
  summary: 'Make an organization, or find it, and a token that administers it',
  request: { body: jsonBody(bootstrapSchema) },
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
  ...forOperator,
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
  ...forOperator,
  summary: 'Start a dead job over',
  request: { params: z.object({ jobId: z.string() }) },
  responses: answers(200, 'It waits for a packager again', okSchema),
})
operator.openapi(replay, async (context) => {
  need(await replayDeadLetter(context.get('platform'), context.req.valid('param').jobId))
  return context.json({ ok: true as const }, 200)
})

const users = createRoute({
  method: 'get',
  path: API_PATHS.operatorUsers,
  tags,
  ...forOperator,
  summary: 'List accounts, newest first',
  request: { query: usersQuerySchema },
  responses: answers(200, 'Accounts', pageOf(userSchema)),
})
operator.openapi(users, async (context) =>
  context.json(await listUsers(context.get('platform'), context.req.valid('query')), 200),
)

const addUser = createRoute({
  method: 'post',
  path: API_PATHS.operatorUsers,
  tags,
  ...forOperator,
  summary: 'Make an account whose address you vouch for',
  request: { body: jsonBody(createUserSchema) },
  responses: answers(201, 'The account', userSchema),
})
operator.openapi(addUser, async (context) =>
  context.json(need(await createUser(context.get('platform'), context.req.valid('json'))), 201),
)

const userParams = z.object({ userId: z.string() })

const editUser = createRoute({
  method: 'patch',
  path: API_PATHS.operatorUser,
  tags,
  ...forOperator,
  summary: 'Make an account an operator, or an ordinary one',
  request: { params: userParams, body: jsonBody(editUserSchema) },
  responses: answers(200, 'The account', userSchema),
})
operator.openapi(editUser, async (context) => {
  const { isOperator } = context.req.valid('json')
  const edited = await setOperator(context.get('platform'), context.req.valid('param').userId, isOperator)
  return context.json(need(edited), 200)
})

const removeUser = createRoute({
  method: 'delete',
  path: API_PATHS.operatorUser,
  tags,
  ...forOperator,
  summary: 'Delete an account',
  request: { params: userParams },
  responses: answers(200, 'It is gone, with its sessions and tokens', okSchema),
})
operator.openapi(removeUser, async (context) => {
  need(await deleteUser(context.get('platform'), context.req.valid('param').userId))
  return context.json({ ok: true as const }, 200)
})

const inviteUser = createRoute({
  method: 'post',
  path: API_PATHS.operatorInvitations,
  tags,
  ...forOperator,
  summary: 'Invite an address to make an account on this instance',
  request: { body: jsonBody(inviteToInstanceSchema) },
  responses: answers(201, 'The invitation', invitationSchema),
})
operator.openapi(inviteUser, async (context) =>
  context.json(await inviteToInstance(context.get('platform'), context.req.valid('json').email), 201),
)

const organizationsRoute = createRoute({
  method: 'get',
  path: API_PATHS.operatorOrganizations,
  tags,
  ...forOperator,
  summary: 'List organizations, newest first',
  request: { query: pageQuerySchema },
  responses: answers(200, 'Organizations', pageOf(operatorOrganizationSchema)),
})
operator.openapi(organizationsRoute, async (context) =>
  context.json(await listAllOrganizations(context.get('platform'), context.req.valid('query')), 200),
)

const state = createRoute({
  method: 'get',
  path: API_PATHS.platformState,
  tags,
  ...forOperator,
  summary: 'Say whether the platform takes changes',
  responses: answers(200, 'Its state', platformStateSchema),
})
operator.openapi(state, async (context) => context.json(await readState(context.get('platform')), 200))

const setState = createRoute({
  method: 'put',
  path: API_PATHS.platformState,
  tags,
  ...forOperator,
  summary: 'Keep the platform from changing, or let it change again',
  description: 'While it is read-only readers are served as always, and jobs under way are finished.',
  request: { body: jsonBody(editPlatformStateSchema) },
  responses: answers(200, 'Its state', platformStateSchema),
})
operator.openapi(setState, async (context) => {
  const { readOnly, reason } = context.req.valid('json')
  return context.json(await setReadOnly(context.get('platform'), readOnly, reason), 200)
})

const reindex = createRoute({
  method: 'post',
  path: API_PATHS.reindex,
  tags,
  ...forOperator,
  summary: 'Make every index of a repository anew from the database',
  request: { params: projectParams },
  responses: answers(202, 'It is begun; readers see the outcome as one generation', okSchema),
})
operator.openapi(reindex, async (context) => {
  const { org: organization, project } = context.req.valid('param')
  need(await reindexProject(context.get('platform'), { organization, project }))
  return context.json({ ok: true as const }, 202)
})

const rotate = createRoute({
  method: 'post',
  path: API_PATHS.rotateKey,
  tags,
  ...forOperator,
  summary: 'Seal every secret under the present key-encryption key',
  description: 'Set the new key as KEY_ENCRYPTION_KEY and the old one as KEY_ENCRYPTION_KEY_BEFORE first.',
  responses: answers(200, 'How many, and how many are left', rotatedKeySchema),
})
operator.openapi(rotate, async (context) => context.json(need(await rotateKeyEncryption(context.get('platform'))), 200))

const outboxRoute = createRoute({
  method: 'get',
  path: API_PATHS.outbox,
  tags,
  ...forOperator,
  summary: 'List what follows a change and fails again and again',
  description: 'It is tried on, once an hour; POST /operator/sweep tries it now.',
  request: { query: pageQuerySchema },
  responses: answers(200, 'What is not as the database says', pageOf(stuckWorkSchema)),
})
operator.openapi(outboxRoute, async (context) =>
  context.json(await listStuck(context.get('platform'), context.req.valid('query')), 200),
)

const sweepNow = createRoute({
  method: 'post',
  path: API_PATHS.sweep,
  tags,
  ...forOperator,
  summary: 'Take up again whatever was lost between two steps, now',
  responses: answers(200, 'Done', okSchema),
})
operator.openapi(sweepNow, async (context) => {
  await sweep(context.get('platform'), true)
  return context.json({ ok: true as const }, 200)
})
