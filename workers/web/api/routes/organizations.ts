// Organizations, their members, invitations and audit log.
import { API_PATHS } from '@distropack/core/contract/api.ts'
import { auditEntrySchema, auditFilterSchema, auditQuerySchema } from '@distropack/core/contract/audit.ts'
import {
  createOrganizationSchema,
  editMemberSchema,
  editOrganizationSchema,
  invitationSchema,
  inviteSchema,
  memberSchema,
  organizationSchema,
} from '@distropack/core/contract/members.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import { z } from '@hono/zod-openapi'
import { invite, listInvitations, revokeInvitation } from '../../services/people/invitations.ts'
import { changeMember, findMember, listMembers, removeMember } from '../../services/people/members.ts'
import {
  createOrganization,
  deleteOrganization,
  editableOrganization,
  editOrganization,
  listOrganizations,
  viewOrganization,
} from '../../services/people/organizations.ts'
import { exportAudit, listAudit } from '../../services/platform/audit.ts'
import { etagOfState, refuseStale } from '../etags.ts'
import { need, refuse } from '../faults.ts'
import { userOf } from '../identity.ts'
import {
  answers,
  createRoute,
  forAnybody,
  ifMatchHeader,
  inOrganization,
  jsonBody,
  newRouter,
  okSchema,
  orgParams,
  personal,
} from '../route.ts'

const tags = ['Organizations']
const done = { ok: true as const }
export const organizations = newRouter()

const create = createRoute({
  method: 'post',
  path: API_PATHS.organizations,
  tags,
  ...personal,
  summary: 'Make an organization; you own it',
  request: { body: jsonBody(createOrganizationSchema) },
  responses: answers(201, 'The organization', organizationSchema),
})
organizations.openapi(create, async (context) => {
  const made = await createOrganization(context.get('platform'), userOf(context), context.req.valid('json'))
  return context.json(need(made), 201)
})

const list = createRoute({
  method: 'get',
  path: API_PATHS.organizations,
  tags,
  ...forAnybody,
  summary: 'List the organizations you belong to',
  request: { query: pageQuerySchema },
  responses: answers(200, 'Organizations', pageOf(organizationSchema)),
})
organizations.openapi(list, async (context) => {
  const actor = context.get('actor')
  if (actor.kind === 'operator') return refuse(fault('not_found', 'An operator token belongs to no organization.'))
  return context.json(await listOrganizations(context.get('platform'), actor, context.req.valid('query')), 200)
})

const get = createRoute({
  method: 'get',
  path: API_PATHS.organization,
  tags,
  ...inOrganization('organization.read'),
  summary: 'Read an organization',
  request: { params: orgParams },
  responses: answers(200, 'The organization', organizationSchema),
})
organizations.openapi(get, (context) => {
  const organization = context.get('organization')
  context.header('etag', etagOfState(editableOrganization(organization)))
  return context.json(viewOrganization(organization, organization.role), 200)
})

const edit = createRoute({
  method: 'patch',
  path: API_PATHS.organization,
  tags,
  ...inOrganization('organization.edit'),
  summary: 'Change an organization’s display name, or who may read projects that are made without a word on it',
  request: { params: orgParams, headers: ifMatchHeader, body: jsonBody(editOrganizationSchema) },
  responses: answers(200, 'The organization', organizationSchema),
})
organizations.openapi(edit, async (context) => {
  const organization = context.get('organization')
  need(refuseStale(context.req.valid('header')['if-match'], editableOrganization(organization)))
  const edited = await editOrganization(context.get('platform'), organization, context.req.valid('json'))
  context.header('etag', etagOfState(editableOrganization(edited)))
  return context.json(viewOrganization(edited, organization.role), 200)
})

const remove = createRoute({
  method: 'delete',
  path: API_PATHS.organization,
  tags,
  ...inOrganization('organization.delete'),
  summary: 'Delete an organization that has no projects',
  request: { params: orgParams },
  responses: answers(200, 'It is gone; its audit log is kept', okSchema),
})
organizations.openapi(remove, async (context) => {
  need(await deleteOrganization(context.get('platform'), context.get('organization')))
  return context.json(done, 200)
})

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
organizations.openapi(listAll, async (context) => {
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
organizations.openapi(getMember, async (context) => {
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
organizations.openapi(editMember, async (context) => {
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
organizations.openapi(removeOne, async (context) => {
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
organizations.openapi(leave, async (context) => {
  need(await removeMember(context.get('platform'), context.get('organization'), userOf(context).userId))
  return context.json(done, 200)
})

const inviteOne = createRoute({
  method: 'post',
  path: API_PATHS.invitations,
  tags,
  ...inOrganization('member.invite'),
  summary: 'Invite somebody by e-mail address',
  request: { params: orgParams, body: jsonBody(inviteSchema) },
  responses: answers(201, 'The invitation', invitationSchema),
})
organizations.openapi(inviteOne, async (context) => {
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
organizations.openapi(listInvited, async (context) => {
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
organizations.openapi(revoke, async (context) => {
  const { invitationId } = context.req.valid('param')
  need(await revokeInvitation(context.get('platform'), context.get('organization').id, invitationId))
  return context.json(done, 200)
})

const readAudit = createRoute({
  method: 'get',
  path: API_PATHS.audit,
  tags,
  ...inOrganization('audit.read'),
  summary: 'Read the audit log, newest first',
  request: { params: orgParams, query: auditQuerySchema },
  responses: answers(200, 'Who did what', pageOf(auditEntrySchema)),
})
organizations.openapi(readAudit, async (context) => {
  const { id } = context.get('organization')
  return context.json(await listAudit(context.get('platform'), id, context.req.valid('query')), 200)
})

const download = createRoute({
  method: 'get',
  path: API_PATHS.auditExport,
  tags,
  ...inOrganization('audit.read'),
  summary: 'Export the audit log as JSON lines, oldest first',
  request: { params: orgParams, query: auditFilterSchema },
  responses: {
    200: { description: 'One AuditEntry a line', content: { 'application/x-ndjson': { schema: z.string() } } },
  },
})
organizations.openapi(download, (context) => {
  const { id, slug } = context.get('organization')
  const lines = exportAudit(context.get('platform'), id, context.req.valid('query'))
  const headers = {
    'content-type': 'application/x-ndjson',
    'content-disposition': `attachment; filename="${slug}-audit.jsonl"`,
  }
  // The typed answers know JSON and text alone.
  return Promise.resolve(new Response(lines, { headers }) as never)
})
