// Projects, what they offer, and the lines a reader pastes.
import { API_PATHS, createProjectSchema, installSchema, projectSchema } from '@distropack/core/contract/api.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { createRoute } from '@hono/zod-openapi'
import { openOrganization, openProject } from '../../services/access.ts'
import { describeInstall } from '../../services/install.ts'
import { ensureProject, listProjects, viewProject } from '../../services/projects.ts'
import { need } from '../faults.ts'
import { answers, channelQuery, jsonBody, newRouter, orgParams, projectParams, security } from '../route.ts'

const tags = ['Projects']
export const projects = newRouter()

const put = createRoute({
  method: 'put',
  path: API_PATHS.project,
  tags,
  security,
  summary: 'Make a project with its signing keys, or find it',
  description: 'A new project has an empty, signed repository at once. Making the keys takes some seconds.',
  request: { params: projectParams, body: { ...jsonBody(createProjectSchema), required: false } },
  responses: { ...answers(200, 'It was there', projectSchema), ...answers(201, 'It was made', projectSchema) },
})
projects.openapi(put, async (context) => {
  const platform = context.get('platform')
  const actor = context.get('actor')
  const { org, project: slug } = context.req.valid('param')
  if (actor.kind === 'token' && actor.projectId !== null) {
    const own = need(await openProject(platform, actor, org, slug, 'publish'))
    return context.json(await viewProject(platform, own), 200)
  }
  const organization = need(await openOrganization(platform, actor, org, 'publish'))
  const { signing } = createProjectSchema.parse(context.req.valid('json') ?? {})
  const made = need(await ensureProject(platform, organization, slug, signing))
  return context.json(await viewProject(platform, made.project), made.created ? 201 : 200)
})

const get = createRoute({
  method: 'get',
  path: API_PATHS.project,
  tags,
  security,
  summary: 'Read a project',
  request: { params: projectParams },
  responses: answers(200, 'The project', projectSchema),
})
projects.openapi(get, async (context) => {
  const platform = context.get('platform')
  const { org, project: slug } = context.req.valid('param')
  const project = need(await openProject(platform, context.get('actor'), org, slug, 'read'))
  return context.json(await viewProject(platform, project), 200)
})

const list = createRoute({
  method: 'get',
  path: API_PATHS.projects,
  tags,
  security,
  summary: 'List projects, newest first',
  request: { params: orgParams, query: pageQuerySchema },
  responses: answers(200, 'Projects', pageOf(projectSchema)),
})
projects.openapi(list, async (context) => {
  const platform = context.get('platform')
  const actor = context.get('actor')
  const organization = need(await openOrganization(platform, actor, context.req.valid('param').org, 'read'))
  const onlyProjectId = actor.kind === 'token' ? actor.projectId : null
  const page = await listProjects(platform, organization, { ...context.req.valid('query'), onlyProjectId })
  return context.json(page, 200)
})

const install = createRoute({
  method: 'get',
  path: API_PATHS.install,
  tags,
  security,
  summary: 'The lines a reader pastes, per distribution',
  request: { params: projectParams, query: channelQuery },
  responses: answers(200, 'Instructions', installSchema),
})
projects.openapi(install, async (context) => {
  const platform = context.get('platform')
  const { org, project: slug } = context.req.valid('param')
  const project = need(await openProject(platform, context.get('actor'), org, slug, 'read'))
  return context.json(await describeInstall(platform, project, context.req.valid('query').channel), 200)
})
