// Package files: listed, yanked, offered again, deleted.
import { API_PATHS, artifactSchema, withdrawSchema } from '@distropack/core/contract/api.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { viewArtifact } from '../../../services/builds/views.ts'
import { listArtifacts } from '../../../services/packages/artifacts.ts'
import { deleteArtifact, unyankArtifact, yankArtifact } from '../../../services/packages/withdraw.ts'
import { repositoryUrl } from '../../../services/platform/platform.ts'
import type { ApiContext } from '../../context.ts'
import { need } from '../../faults.ts'
import { answers, createRoute, inProject, jsonBody, newRouter, okSchema, projectParams } from '../../route.ts'

const tags = ['Packages']
export const artifacts = newRouter()
const artifactParams = projectParams.extend({ artifactId: z.string() })

const list = createRoute({
  method: 'get',
  path: API_PATHS.artifacts,
  tags,
  ...inProject('artifact.read'),
  summary: 'List package files, newest first',
  request: { params: projectParams, query: pageQuerySchema },
  responses: answers(200, 'Package files', pageOf(artifactSchema)),
})
artifacts.openapi(list, async (context) => {
  const platform = context.get('platform')
  const project = context.get('project')
  const { items: rows, nextCursor } = await listArtifacts(platform, project.id, context.req.valid('query'))
  const base = repositoryUrl(platform.env, project.organization, project.slug)
  const items = rows.map(({ artifact, offers }) => viewArtifact(artifact, offers, base))
  return context.json({ items, nextCursor }, 200)
})

const withdrawal = (path: string, summary: string, description: string) =>
  createRoute({
    method: 'post',
    path,
    tags,
    ...inProject('artifact.yank'),
    summary,
    description,
    request: { params: artifactParams, body: jsonBody(withdrawSchema) },
    responses: answers(200, 'The package file', artifactSchema),
  })

const withdraw = async (
  context: Context<ApiContext>,
  artifactId: string,
  change: typeof yankArtifact,
  channel?: string,
) => {
  const platform = context.get('platform')
  const project = context.get('project')
  const { artifact, offers } = need(await change(platform, project, artifactId, channel))
  return viewArtifact(artifact, offers, repositoryUrl(platform.env, project.organization, project.slug))
}

const yank = withdrawal(
  API_PATHS.yank,
  'Offer a package file no more',
  'No index names it any more, of one channel or of all; its exact address still serves it.',
)
artifacts.openapi(yank, async (context) => {
  const { channel } = context.req.valid('json')
  return context.json(await withdraw(context, context.req.valid('param').artifactId, yankArtifact, channel), 200)
})

const unyank = withdrawal(API_PATHS.unyank, 'Offer a yanked package file again', 'In one channel, or in all it was in.')
artifacts.openapi(unyank, async (context) => {
  const { channel } = context.req.valid('json')
  return context.json(await withdraw(context, context.req.valid('param').artifactId, unyankArtifact, channel), 200)
})

const remove = createRoute({
  method: 'delete',
  path: API_PATHS.artifact,
  tags,
  ...inProject('artifact.delete'),
  summary: 'Delete a package file',
  description: 'Its address answers 404 from the next generation on. Its name and version stay taken.',
  request: { params: artifactParams },
  responses: answers(200, 'It is being taken away', okSchema),
})
artifacts.openapi(remove, async (context) => {
  const platform = context.get('platform')
  const { artifactId } = context.req.valid('param')
  const project = context.get('project')
  need(await deleteArtifact(platform, project, artifactId))
  return context.json({ ok: true as const }, 200)
})
