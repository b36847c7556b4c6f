// Builds, their jobs and logs.
import {
  API_PATHS,
  buildSchema,
  checkedPushSchema,
  checkPushSchema,
  createBuildSchema,
  createPushSchema,
  jobLogSchema,
  jobSchema,
} from '@distropack/core/contract/api.ts'
import { jobsQuerySchema, pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import { z } from '@hono/zod-openapi'
import { describeBuild, findBuild, findLogOwner, listBuilds, listJobs } from '../../../services/builds/builds.ts'
import { readLog } from '../../../services/builds/jobs.ts'
import { buildKeyOf, createBuild } from '../../../services/builds/new-build.ts'
import { checkPush, createPush } from '../../../services/builds/new-push.ts'
import { need, refuse } from '../../faults.ts'
import { answers, createRoute, idempotencyHeader, inProject, jsonBody, newRouter, projectParams } from '../../route.ts'

const tags = ['Builds']
export const builds = newRouter()
const buildParams = projectParams.extend({ buildId: z.string() })

const create = createRoute({
  method: 'post',
  path: API_PATHS.builds,
  tags,
  ...inProject('build.create'),
  summary: 'Build and publish a manifest',
  description:
    'Manifest, names, versions and file lists are checked before this answers; blobs must be uploaded before. ' +
    'The same Idempotency-Key makes one build however often it is sent.',
  request: {
    params: projectParams,
    headers: idempotencyHeader,
    body: jsonBody(createBuildSchema),
  },
  responses: answers(201, 'The build, with a job for each target', buildSchema),
})
builds.openapi(create, async (context) => {
  const platform = context.get('platform')
  const project = context.get('project')
  const request = context.req.valid('json')
  const key = await buildKeyOf(context.req.valid('header')['idempotency-key'], 'build', request)
  const build = need(await createBuild(platform, project, request, { key }))
  return context.json(build, 201)
})

const push = createRoute({
  method: 'post',
  path: API_PATHS.pushes,
  tags,
  ...inProject('build.create'),
  summary: 'Publish finished packages',
  description:
    'Packages of anybody’s making: each is read, refused when it is corrupt, signed without touching its payload, ' +
    'and published. Upload the files as blobs first.',
  request: {
    params: projectParams,
    headers: idempotencyHeader,
    body: jsonBody(createPushSchema),
  },
  responses: answers(201, 'A build with a job for each file', buildSchema),
})
builds.openapi(push, async (context) => {
  const platform = context.get('platform')
  const project = context.get('project')
  const request = context.req.valid('json')
  const key = await buildKeyOf(context.req.valid('header')['idempotency-key'], 'push', request)
  return context.json(need(await createPush(platform, project, request, { key })), 201)
})

const check = createRoute({
  method: 'post',
  path: API_PATHS.checkPush,
  tags,
  ...inProject('build.create'),
  summary: 'Ask whether a push would be taken',
  description:
    'Before its bytes are sent: names, versions that are published already, the plan’s limits. Changes nothing. ' +
    'Name, version and architecture are what the sender read in each file.',
  request: { params: projectParams, body: jsonBody(checkPushSchema) },
  responses: answers(200, 'What is to be uploaded first', checkedPushSchema),
})
builds.openapi(check, async (context) => {
  const checked = await checkPush(context.get('platform'), context.get('project'), context.req.valid('json'))
  return context.json(need(checked), 200)
})

const list = createRoute({
  method: 'get',
  path: API_PATHS.builds,
  tags,
  ...inProject('build.read'),
  summary: 'List builds, newest first',
  request: { params: projectParams, query: pageQuerySchema },
  responses: answers(200, 'Builds', pageOf(buildSchema)),
})
builds.openapi(list, async (context) => {
  const platform = context.get('platform')
  const project = context.get('project')
  return context.json(await listBuilds(platform, project, context.req.valid('query')), 200)
})

const get = createRoute({
  method: 'get',
  path: API_PATHS.build,
  tags,
  ...inProject('build.read'),
  summary: 'Read a build',
  request: { params: buildParams },
  responses: answers(200, 'The build', buildSchema),
})
builds.openapi(get, async (context) => {
  const platform = context.get('platform')
  const { buildId } = context.req.valid('param')
  const project = context.get('project')
  const build = need(await findBuild(platform, project.id, buildId))
  return context.json(await describeBuild(platform, project, build), 200)
})

const listOfJobs = createRoute({
  method: 'get',
  path: API_PATHS.buildJobs,
  tags,
  ...inProject('build.read'),
  summary: 'List all jobs of a build',
  request: { params: buildParams, query: jobsQuerySchema },
  responses: answers(200, 'Jobs, in the order of their targets', pageOf(jobSchema)),
})
builds.openapi(listOfJobs, async (context) => {
  const platform = context.get('platform')
  const project = context.get('project')
  const build = need(await findBuild(platform, project.id, context.req.valid('param').buildId))
  return context.json(await listJobs(platform, project, build, context.req.valid('query')), 200)
})

const log = createRoute({
  method: 'get',
  path: API_PATHS.jobLog,
  tags,
  ...inProject('build.read'),
  summary: 'Read a job’s log, oldest line first',
  request: { params: buildParams.extend({ jobId: z.string() }), query: pageQuerySchema },
  responses: answers(200, 'Lines; ask again with nextCursor for later ones', jobLogSchema),
})
builds.openapi(log, async (context) => {
  const platform = context.get('platform')
  const { buildId, jobId } = context.req.valid('param')
  const project = context.get('project')
  const build = need(await findBuild(platform, project.id, buildId))
  const owner = await findLogOwner(platform, build.id, jobId)
  if (!owner) return refuse(fault('not_found', `There is no job "${jobId}" in this build.`))
  return context.json(await readLog(platform, owner, context.req.valid('query')), 200)
})
