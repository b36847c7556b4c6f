// Uploads to a project.
import {
  API_PATHS,
  missingBlobsRequestSchema,
  missingBlobsSchema,
  startUploadSchema,
  uploadSchema,
} from '@distropack/core/contract/api.ts'
import { MAX_PACK_BLOBS, MAX_PACK_BYTES, MAX_PACKED_BLOB_BYTES } from '@distropack/core/contract/packed.ts'
import { z } from '@hono/zod-openapi'
import * as blobStore from '../../../services/uploads/blobs.ts'
import { need } from '../../faults.ts'
import {
  answers,
  blobParams,
  bytesBody,
  createRoute,
  inProject,
  jsonBody,
  newRouter,
  okSchema,
  projectParams,
} from '../../route.ts'
import { completeUpload, putBlob, putPack, putPart, startUpload } from '../../uploads.ts'

const tags = ['Blobs']
export const blobs = newRouter()

const uploadParams = blobParams.extend({ uploadId: z.string() })

const missingRoute = createRoute({
  method: 'post',
  path: API_PATHS.missingBlobs,
  tags,
  ...inProject('file.upload'),
  summary: 'Ask which blobs the project lacks',
  request: { params: projectParams, body: jsonBody(missingBlobsRequestSchema) },
  responses: answers(200, 'Those to upload', missingBlobsSchema),
})
blobs.openapi(missingRoute, async (context) => {
  const project = context.get('project')
  const platform = context.get('platform')
  const missing = await blobStore.missingBlobs(platform, project.id, context.req.valid('json').blobs)
  return context.json({ missing }, 200)
})

const packRoute = createRoute({
  method: 'put',
  path: API_PATHS.packedBlobs,
  tags,
  ...inProject('file.upload'),
  summary: 'Upload many small blobs as one body',
  description:
    `A line of JSON, {"blobs":[{"sha256":…,"sizeBytes":…},…]}, then the bytes of each in that order: at most ` +
    `${MAX_PACK_BLOBS} blobs of ${MAX_PACKED_BLOB_BYTES} bytes, ${MAX_PACK_BYTES} in all. Each is verified; a wrong one refuses the pack.`,
  request: { params: projectParams, body: bytesBody },
  responses: answers(200, 'Stored, their sha256s verified', okSchema),
})
blobs.openapi(packRoute, async (context) => {
  const project = context.get('project')
  return context.json(await putPack(context, project.id), 200)
})

const putRoute = createRoute({
  method: 'put',
  path: API_PATHS.blob,
  tags,
  ...inProject('file.upload'),
  summary: 'Upload a blob of at most 64 MiB',
  request: { params: blobParams, body: bytesBody },
  responses: answers(200, 'Stored, its sha256 verified', okSchema),
})
blobs.openapi(putRoute, async (context) => {
  const project = context.get('project')
  const stored = await putBlob(context, project.id, context.req.valid('param').sha256)
  return context.json(stored, 200)
})

const startRoute = createRoute({
  method: 'post',
  path: API_PATHS.uploads,
  tags,
  ...inProject('file.upload'),
  summary: 'Start an upload in parts, or find the one under way',
  request: { params: blobParams, body: jsonBody(startUploadSchema) },
  responses: answers(200, 'The upload and the parts it has', uploadSchema),
})
blobs.openapi(startRoute, async (context) => {
  const project = context.get('project')
  const { sha256 } = context.req.valid('param')
  const upload = await startUpload(context, project.id, { sha256, ...context.req.valid('json') })
  return context.json(upload, 200)
})

const readRoute = createRoute({
  method: 'get',
  path: API_PATHS.upload,
  tags,
  ...inProject('file.upload'),
  summary: 'Say which parts an upload has',
  request: { params: uploadParams },
  responses: answers(200, 'The upload', uploadSchema),
})
blobs.openapi(readRoute, async (context) => {
  const { sha256, uploadId } = context.req.valid('param')
  const project = context.get('project')
  const platform = context.get('platform')
  const upload = need(await blobStore.findOpenUpload(platform, project.id, sha256, uploadId))
  return context.json(await blobStore.describeUpload(platform, upload), 200)
})

const partRoute = createRoute({
  method: 'put',
  path: API_PATHS.uploadPart,
  tags,
  ...inProject('file.upload'),
  summary: 'Upload one part; again replaces it',
  request: { params: uploadParams.extend({ part: z.coerce.number().int().min(1).max(10_000) }), body: bytesBody },
  responses: answers(200, 'Stored', okSchema),
})
blobs.openapi(partRoute, async (context) => {
  const project = context.get('project')
  const stored = await putPart(context, project.id, context.req.valid('param'))
  return context.json(stored, 200)
})

const completeRoute = createRoute({
  method: 'post',
  path: API_PATHS.completeUpload,
  tags,
  ...inProject('file.upload'),
  summary: 'Join the parts and verify the sha256 of the whole',
  request: { params: uploadParams },
  responses: answers(200, 'Stored, its sha256 verified', okSchema),
})
blobs.openapi(completeRoute, async (context) => {
  const project = context.get('project')
  const completed = await completeUpload(context, project.id, context.req.valid('param'))
  return context.json(completed, 200)
})
