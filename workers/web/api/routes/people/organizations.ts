// Organizations: made, read, edited and deleted.
import { API_PATHS } from '@distropack/core/contract/api.ts'
import {
  createOrganizationSchema,
  editOrganizationSchema,
  organizationSchema,
} from '@distropack/core/contract/members.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import {
  createOrganization,
  deleteOrganization,
  editableOrganization,
  editOrganization,
  listOrganizations,
  viewOrganization,
} from '../../../services/people/organizations.ts'
import { etagOfState, refuseStale } from '../../etags.ts'
import { need, refuse } from '../../faults.ts'
import { userOf } from '../../identity.ts'
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
} from '../../route.ts'

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
