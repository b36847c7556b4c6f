// A packager's own address: one job's blobs, behind that job's token, while it builds. Not in the public document.
import { startUploadSchema } from '@distropack/core/contract/api.ts'
import { sha256Schema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import { Hono } from 'hono'
import { openBlob } from '../../services/blobs.ts'
import { isJobToken } from '../../services/job-tokens.ts'
import { findJobOfBlob } from '../../services/jobs.ts'
import type { ApiContext } from '../context.ts'
import { need, refuse } from '../faults.ts'
import { bearerOf } from '../identity.ts'
import { completeUpload, putBlob, putPart, startUpload } from '../uploads.ts'

export const jobBlobs = new Hono<ApiContext>()

const BLOB = '/jobs/:jobId/blobs/:sha256'

jobBlobs.use(`${BLOB}/*`, async (context, next) => {
  const platform = context.get('platform')
  const jobId = context.req.param('jobId')
  const vault = need(await platform.vault())
  const token = bearerOf(context.req.header('authorization')) ?? ''
  const isIssued = await isJobToken(vault, token, jobId, platform.nowMs())
  const job = isIssued ? await findJobOfBlob(platform, jobId, context.req.param('sha256')) : undefined
  // A job that ended keeps nothing open, however long its token lives.
  if (job?.state !== 'building') return refuse(fault('unauthenticated', 'This address is for this job’s packager.'))
  context.set('projectId', job.projectId)
  context.set('isBlobOwned', job.isOwned)
  await next()
})

const shaOf = (text: string): string => {
  const sha256 = sha256Schema.safeParse(text)
  return sha256.success ? sha256.data : refuse(fault('request_invalid', 'The address must name a sha256.'))
}

jobBlobs.get(BLOB, async (context) => {
  const sha256 = shaOf(context.req.param('sha256'))
  if (!context.get('isBlobOwned')) return refuse(fault('not_found', `There is no blob ${sha256} in this project.`))
  const { body, sizeBytes } = await openBlob(context.get('platform'), sha256)
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(sizeBytes) }
  return new Response(body, { headers })
})

jobBlobs.put(BLOB, async (context) =>
  context.json(await putBlob(context, context.get('projectId'), shaOf(context.req.param('sha256')))),
)

jobBlobs.post(`${BLOB}/uploads`, async (context) => {
  const body = startUploadSchema.safeParse(await context.req.json().catch(() => undefined))
  if (!body.success) return refuse(fault('request_invalid', 'Send {"sizeBytes": …}.'))
  const blob = { sha256: shaOf(context.req.param('sha256')), ...body.data }
  return context.json(await startUpload(context, context.get('projectId'), blob))
})

jobBlobs.put(`${BLOB}/uploads/:uploadId/parts/:part`, async (context) => {
  const { sha256, uploadId, part } = context.req.param()
  const address = { sha256: shaOf(sha256), uploadId, part: Number(part) }
  return context.json(await putPart(context, context.get('projectId'), address))
})

jobBlobs.post(`${BLOB}/uploads/:uploadId/complete`, async (context) => {
  const { sha256, uploadId } = context.req.param()
  return context.json(await completeUpload(context, context.get('projectId'), { sha256: shaOf(sha256), uploadId }))
})
