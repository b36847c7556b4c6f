// Members of an organization.
import { API_PATHS } from '@distropack/core/contract/api.ts'
import { editMemberSchema, memberSchema } from '@distropack/core/contract/members.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { z } from '@hono/zod-openapi'
import { changeMember, findMember, listMembers, removeMember } from '../../../services/people/members.ts'
import { etagOfState, refuseStale } from '../../etags.ts'
import { need } from '../../faults.ts'
import { userOf } from '../../identity.ts'
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

const tags = ['Organizations']
const done = { ok: true as const }
export const members = newRouter()
const memberParams = orgParams.extend({ userId: z.string() })

const listAll = createRoute({
  method: 'get',
  path: API_PATHS.members,
  tags,
  ...inOrganization('member.list'),
  summary: 'List members',
  request: { params: orgParams, query: pageQuerySchema },
  responses: answers(200, 'Members', pageOf(memberSchema)),
})
members.openapi(listAll, async (context) => {
  const { id } = context.get('organization')
  return context.json(await listMembers(context.get('platform'), id, context.req.valid('query')), 200)
})

const getMember = createRoute({
  method: 'get',
  path: API_PATHS.member,
  tags,
  ...inOrganization('member.list'),
  summary: 'Read a member',
  request: { params: memberParams },
  responses: answers(200, 'The member; the ETag is for edits', memberSchema),
})
members.openapi(getMember, async (context) => {
  const { userId } = context.req.valid('param')
  const member = need(await findMember(context.get('platform'), context.get('organization').id, userId))
  context.header('etag', etagOfState({ role: member.role }))
  return context.json(member, 200)
})

const editMember = createRoute({
  method: 'patch',
  path: API_PATHS.member,
  tags,
  ...inOrganization('member.edit'),
  summary: 'Give a member another role',
  description: 'Only an owner makes or unmakes an owner, and one owner always stays.',
  request: { params: memberParams, headers: ifMatchHeader, body: jsonBody(editMemberSchema) },
  responses: answers(200, 'The member', memberSchema),
})
members.openapi(editMember, async (context) => {
  const { userId } = context.req.valid('param')
  const { role } = context.req.valid('json')
  const [platform, organization] = [context.get('platform'), context.get('organization')]
  const member = need(await findMember(platform, organization.id, userId))
  need(refuseStale(context.req.valid('header')['if-match'], { role: member.role }))
  const changed = need(await changeMember(platform, organization, userId, role))
  context.header('etag', etagOfState({ role }))
  return context.json(changed, 200)
})

const removeOne = createRoute({
  method: 'delete',
  path: API_PATHS.member,
  tags,
  ...inOrganization('member.edit'),
  summary: 'Remove a member',
  request: { params: memberParams },
  responses: answers(200, 'They are no member any more, nor are their tokens', okSchema),
})
members.openapi(removeOne, async (context) => {
  need(await removeMember(context.get('platform'), context.get('organization'), context.req.valid('param').userId))
  return context.json(done, 200)
})

const leave = createRoute({
  method: 'post',
  path: API_PATHS.leave,
  tags,
  ...inOrganization('organization.read'),
  summary: 'Leave an organization',
  request: { params: orgParams },
  responses: answers(200, 'You are no member any more', okSchema),
})
members.openapi(leave, async (context) => {
  need(await removeMember(context.get('platform'), context.get('organization'), userOf(context).userId))
  return context.json(done, 200)
})
