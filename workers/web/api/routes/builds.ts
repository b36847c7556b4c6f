// Builds, their jobs and logs.
import {
  API_PATHS,
  buildSchema,
  createBuildSchema,
  createPushSchema,
  jobLogSchema,
} from '@distropack/core/contract/api.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import { z } from '@hono/zod-openapi'
import { describeBuild, findBuild, listBuilds } from '../../services/builds/builds.ts'
import { readLog } from '../../services/builds/jobs.ts'
import { buildKeyOf, createBuild, createPush } from '../../services/builds/new-build.ts'
import { need, refuse } from '../faults.ts'
import { answers, createRoute, idempotencyHeader, inProject, jsonBody, newRouter, projectParams } from '../route.ts'

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
  const { jobs } = await describeBuild(platform, project, build)
  if (!jobs.some(({ id }) => id === jobId)) {
    return refuse(fault('not_found', `There is no job "${jobId}" in this build.`))
  }
  return context.json(await readLog(platform, jobId, context.req.valid('query')), 200)
})
