// Packages the server keeps: manifest, slots, builds.
import { API_PATHS, buildSchema } from '@distropack/core/contract/api.ts'
import {
  addPackageFileSchema,
  buildPackageSchema,
  createPackageSchema,
  editPackageSchema,
  packageFileSchema,
  packageSchema,
  slotSchema,
} from '@distropack/core/contract/packages.ts'
import { pageOf, pageQuerySchema, slugSchema } from '@distropack/core/contract/wire.ts'
import { z } from '@hono/zod-openapi'
import { buildPackage } from '../../../services/packages/package-builds.ts'
import {
  addPackageFile,
  createPackage,
  editPackage,
  findPackage,
  listPackageFiles,
  listPackages,
  viewPackage,
} from '../../../services/packages/packages.ts'
import { etagOf, revisionOf } from '../../etags.ts'
import { need } from '../../faults.ts'
import { answers, createRoute, idempotencyHeader, inProject, jsonBody, newRouter, projectParams } from '../../route.ts'

const tags = ['Packages']
export const packages = newRouter()
const packageParams = projectParams.extend({ package: slugSchema })

const create = createRoute({
  method: 'post',
  path: API_PATHS.packages,
  tags,
  ...inProject('package.edit'),
  summary: 'Make a package: a manifest the server keeps',
  description: 'A source `slot:NAME` in the manifest is a slot: upload a file to it, and a build uses the newest.',
  request: { params: projectParams, body: jsonBody(createPackageSchema) },
  responses: answers(201, 'The package', packageSchema),
})
packages.openapi(create, async (context) => {
  const platform = context.get('platform')
  const made = need(await createPackage(platform, context.get('project'), context.req.valid('json')))
  context.header('etag', etagOf(made.revision))
  return context.json(await viewPackage(platform, made), 201)
})

const list = createRoute({
  method: 'get',
  path: API_PATHS.packages,
  tags,
  ...inProject('package.read'),
  summary: 'List packages',
  request: { params: projectParams, query: pageQuerySchema },
  responses: answers(200, 'Packages', pageOf(packageSchema)),
})
packages.openapi(list, async (context) => {
  const page = await listPackages(context.get('platform'), context.get('project'), context.req.valid('query'))
  return context.json(page, 200)
})

const get = createRoute({
  method: 'get',
  path: API_PATHS.package,
  tags,
  ...inProject('package.read'),
  summary: 'Read a package',
  request: { params: packageParams },
  responses: answers(200, 'The package; its ETag is for edits', packageSchema),
})
packages.openapi(get, async (context) => {
  const platform = context.get('platform')
  const row = need(await findPackage(platform, context.get('project'), context.req.valid('param').package))
  context.header('etag', etagOf(row.revision))
  return context.json(await viewPackage(platform, row), 200)
})

const edit = createRoute({
  method: 'patch',
  path: API_PATHS.package,
  tags,
  ...inProject('package.edit'),
  summary: 'Edit a package in place, or archive it',
  description: 'Send the ETag you read as If-Match: an edit of an older revision is refused with 412.',
  request: {
    params: packageParams,
    headers: z.object({ 'if-match': z.string().optional() }),
    body: jsonBody(editPackageSchema),
  },
  responses: answers(200, 'The package', packageSchema),
})
packages.openapi(edit, async (context) => {
  const platform = context.get('platform')
  const project = context.get('project')
  const row = need(await findPackage(platform, project, context.req.valid('param').package))
  const revision = need(revisionOf(context.req.valid('header')['if-match']))
  const edited = need(await editPackage(platform, project, row, { ...context.req.valid('json'), revision }))
  context.header('etag', etagOf(edited.revision))
  return context.json(await viewPackage(platform, edited), 200)
})

const fileParams = packageParams.extend({ slot: slotSchema })

const addFile = createRoute({
  method: 'post',
  path: API_PATHS.packageSlot,
  tags,
  ...inProject('file.upload'),
  summary: 'Put an uploaded blob into a slot; earlier ones are kept',
  request: { params: fileParams, body: jsonBody(addPackageFileSchema) },
  responses: answers(201, 'The file', packageFileSchema),
})
packages.openapi(addFile, async (context) => {
  const platform = context.get('platform')
  const project = context.get('project')
  const { package: slug, slot } = context.req.valid('param')
  const row = need(await findPackage(platform, project, slug))
  return context.json(need(await addPackageFile(platform, project, { row, slot }, context.req.valid('json'))), 201)
})

const listFiles = createRoute({
  method: 'get',
  path: API_PATHS.packageFiles,
  tags,
  ...inProject('package.read'),
  summary: 'List every upload to a package’s slots, newest first',
  request: { params: packageParams, query: pageQuerySchema.extend({ slot: slotSchema.optional() }) },
  responses: answers(200, 'Uploads', pageOf(packageFileSchema)),
})
packages.openapi(listFiles, async (context) => {
  const platform = context.get('platform')
  const row = need(await findPackage(platform, context.get('project'), context.req.valid('param').package))
  return context.json(await listPackageFiles(platform, row.id, context.req.valid('query')), 200)
})

const build = createRoute({
  method: 'post',
  path: API_PATHS.packageBuilds,
  tags,
  ...inProject('build.create'),
  summary: 'Build and publish a package from its slots',
  request: { params: packageParams, headers: idempotencyHeader, body: jsonBody(buildPackageSchema) },
  responses: answers(201, 'The build, with a job for each target', buildSchema),
})
packages.openapi(build, async (context) => {
  const platform = context.get('platform')
  const project = context.get('project')
  const row = need(await findPackage(platform, project, context.req.valid('param').package))
  const idempotencyKey = context.req.valid('header')['idempotency-key'] ?? null
  const made = await buildPackage(platform, project, row, { ...context.req.valid('json'), idempotencyKey })
  return context.json(need(made), 201)
})
