// Projects, what they offer, and the lines a reader pastes.
import {
  API_PATHS,
  createProjectSchema,
  editProjectSchema,
  installSchema,
  projectSchema,
  transferProjectSchema,
} from '@distropack/core/contract/api.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { openOrganization, type Project } from '../../../services/access/access.ts'
import { describeInstall } from '../../../services/projects/install.ts'
import { editProject, transferProject } from '../../../services/projects/project-changes.ts'
import { ensureProject, listProjects, viewProject } from '../../../services/projects/projects.ts'
import { etagOfState, refuseStale } from '../../etags.ts'
import { need } from '../../faults.ts'
import {
  answers,
  channelQuery,
  createRoute,
  ifMatchHeader,
  inNewProject,
  inOrganization,
  inProject,
  jsonBody,
  newRouter,
  orgParams,
  projectParams,
} from '../../route.ts'

const tags = ['Projects']
export const projects = newRouter()

/** What an edit of a project may change. */
const editable = ({ access, archivedAtMs }: Project) => ({ access, archivedAtMs })

const put = createRoute({
  method: 'put',
  path: API_PATHS.project,
  tags,
  ...inNewProject,
  summary: 'Make a project with its signing keys, or find it',
  description: 'A new project has an empty, signed repository at once. Making the keys takes some seconds.',
  request: { params: projectParams, body: { ...jsonBody(createProjectSchema), required: false } },
  responses: { ...answers(200, 'It was there', projectSchema), ...answers(201, 'It was made', projectSchema) },
})
projects.openapi(put, async (context) => {
  const platform = context.get('platform')
  const own: Project | undefined = context.get('project')
  if (own) return context.json(await viewProject(platform, own), 200)
  const organization = context.get('organization')
  const { project: slug } = context.req.valid('param')
  const request = createProjectSchema.parse(context.req.valid('json') ?? {})
  const made = need(await ensureProject(platform, organization, slug, request))
  return context.json(await viewProject(platform, made.project), made.created ? 201 : 200)
})

const get = createRoute({
  method: 'get',
  path: API_PATHS.project,
  tags,
  ...inProject('project.read'),
  summary: 'Read a project',
  request: { params: projectParams },
  responses: answers(200, 'The project', projectSchema),
})
projects.openapi(get, async (context) => {
  const platform = context.get('platform')
  const project = context.get('project')
  context.header('etag', etagOfState(editable(project)))
  return context.json(await viewProject(platform, project), 200)
})

const list = createRoute({
  method: 'get',
  path: API_PATHS.projects,
  tags,
  ...inOrganization('project.list'),
  summary: 'List projects, newest first',
  request: { params: orgParams, query: pageQuerySchema },
  responses: answers(200, 'Projects', pageOf(projectSchema)),
})
projects.openapi(list, async (context) => {
  const platform = context.get('platform')
  const actor = context.get('actor')
  const organization = context.get('organization')
  const onlyProjectId = actor.kind === 'token' ? actor.projectId : null
  const page = await listProjects(platform, organization, { ...context.req.valid('query'), onlyProjectId })
  return context.json(page, 200)
})

const install = createRoute({
  method: 'get',
  path: API_PATHS.install,
  tags,
  ...inProject('project.read'),
  summary: 'The lines a reader pastes, per distribution',
  request: { params: projectParams, query: channelQuery },
  responses: answers(200, 'Instructions', installSchema),
})
projects.openapi(install, async (context) => {
  const platform = context.get('platform')
  const project = context.get('project')
  return context.json(await describeInstall(platform, project, context.req.valid('query').channel), 200)
})

const edit = createRoute({
  method: 'patch',
  path: API_PATHS.project,
  tags,
  ...inProject('project.edit'),
  summary: 'Make a project private or public, archive it or take it up again',
  description:
    'Readers see a change of access within two seconds. An archived project is read on, and takes nothing new.',
  request: { params: projectParams, headers: ifMatchHeader, body: jsonBody(editProjectSchema) },
  responses: answers(200, 'The project', projectSchema),
})
projects.openapi(edit, async (context) => {
  const platform = context.get('platform')
  need(refuseStale(context.req.valid('header')['if-match'], editable(context.get('project'))))
  const edited = need(await editProject(platform, context.get('project'), context.req.valid('json')))
  context.header('etag', etagOfState(editable(edited)))
  return context.json(await viewProject(platform, edited), 200)
})

const transfer = createRoute({
  method: 'post',
  path: API_PATHS.transfer,
  tags,
  ...inProject('project.transfer'),
  summary: 'Move a project to another organization',
  description:
    'Its old address goes on serving the newest generation, and its keys stay. Tokens of the project and of the old ' +
    'organization no longer reach it.',
  request: { params: projectParams, body: jsonBody(transferProjectSchema) },
  responses: answers(200, 'The project at its new name', projectSchema),
})
projects.openapi(transfer, async (context) => {
  const platform = context.get('platform')
  const { organization } = context.req.valid('json')
  const target = need(await openOrganization(platform, context.get('actor'), organization, 'project.create'))
  const moved = need(await transferProject(platform, context.get('project'), target))
  return context.json(await viewProject(platform, moved), 200)
})
