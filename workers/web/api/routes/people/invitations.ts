// Invitations to an organization, as those who invite see them.
import { API_PATHS } from '@distropack/core/contract/api.ts'
import { invitationSchema, inviteSchema } from '@distropack/core/contract/members.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { z } from '@hono/zod-openapi'
import { invite, listInvitations, revokeInvitation } from '../../../services/people/invitations.ts'
import { need } from '../../faults.ts'
import { answers, createRoute, inOrganization, jsonBody, newRouter, okSchema, orgParams } from '../../route.ts'

const tags = ['Organizations']
export const invitations = newRouter()

const inviteOne = createRoute({
  method: 'post',
  path: API_PATHS.invitations,
  tags,
  ...inOrganization('member.invite'),
  summary: 'Invite somebody by e-mail address',
  request: { params: orgParams, body: jsonBody(inviteSchema) },
  responses: answers(201, 'The invitation', invitationSchema),
})
invitations.openapi(inviteOne, async (context) => {
  const invited = await invite(context.get('platform'), context.get('organization'), context.req.valid('json'))
  return context.json(need(invited), 201)
})

const listInvited = createRoute({
  method: 'get',
  path: API_PATHS.invitations,
  tags,
  ...inOrganization('member.invite'),
  summary: 'List open invitations, newest first',
  request: { params: orgParams, query: pageQuerySchema },
  responses: answers(200, 'Invitations', pageOf(invitationSchema)),
})
invitations.openapi(listInvited, async (context) => {
  const { id } = context.get('organization')
  return context.json(await listInvitations(context.get('platform'), id, context.req.valid('query')), 200)
})

const revoke = createRoute({
  method: 'delete',
  path: API_PATHS.invitation,
  tags,
  ...inOrganization('member.invite'),
  summary: 'Take an invitation back',
  request: { params: orgParams.extend({ invitationId: z.string() }) },
  responses: answers(200, 'It can be accepted no more', okSchema),
})
invitations.openapi(revoke, async (context) => {
  const { invitationId } = context.req.valid('param')
  need(await revokeInvitation(context.get('platform'), context.get('organization').id, invitationId))
  return context.json({ ok: true as const }, 200)
})
