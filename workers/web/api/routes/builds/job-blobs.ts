// A packager's own address: one job's blobs, behind that job's token, while it builds. Not in the public document.
import { startUploadSchema, UPLOAD_PART_BYTES } from '@distropack/core/contract/api.ts'
import { cutPacks } from '@distropack/core/contract/packed.ts'
import { sha256Schema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import { Hono } from 'hono'
import { readBatchFiles } from '../../../services/builds/batches.ts'
import { isSourceOf } from '../../../services/builds/build-requests.ts'
import { notePart, notingStored, partsBy, storedByJob } from '../../../services/builds/job-blobs.ts'
import { isJobToken } from '../../../services/builds/job-tokens.ts'
import { findJobOfBlob } from '../../../services/builds/jobs.ts'
import {
  findOpenUpload,
  completeUpload as joinParts,
  openBlob,
  readBlobsPacked,
} from '../../../services/uploads/blobs.ts'
import type { ApiContext } from '../../context.ts'
import { need, refuse } from '../../faults.ts'
import { bearerOf } from '../../identity.ts'
import { putBlob, putPart, startUpload } from '../../uploads.ts'

export const jobBlobs = new Hono<ApiContext>()

const BLOB = '/jobs/:jobId/blobs/:sha256'

const PACK = '/jobs/:jobId/packs/:number'

jobBlobs.get(PACK, async (context) => {
  const platform = context.get('platform')
  const jobId = context.req.param('jobId')
  const vault = need(await platform.vault())
  const token = bearerOf(context.req.header('authorization')) ?? ''
  const isIssued = await isJobToken(vault, token, jobId, platform.nowMs())
  // Of a batch that ended nothing is left: nothing stays open, however long its token lives.
  const files = isIssued ? await readBatchFiles(platform, jobId) : []
  const pack = cutPacks(files.map(({ inputSha256: sha256, sizeBytes }) => ({ sha256, sizeBytes })))[
    Number(context.req.param('number'))
  ]
  if (!pack) return refuse(fault('unauthenticated', 'This address is for this job’s packager.'))
  const body = await readBlobsPacked(platform, pack)
  return new Response(body, { headers: { 'content-type': 'application/octet-stream' } })
})

jobBlobs.use(`${BLOB}/*`, async (context, next) => {
  const platform = context.get('platform')
  const jobId = context.req.param('jobId')
  const vault = need(await platform.vault())
  const token = bearerOf(context.req.header('authorization')) ?? ''
  const isIssued = await isJobToken(vault, token, jobId, platform.nowMs())
  const job = isIssued ? await findJobOfBlob(platform, jobId, context.req.param('sha256')) : undefined
  // A job that ended keeps nothing open, however long its token lives.
  if (job?.state !== 'building') return refuse(fault('unauthenticated', 'This address is for this job’s packager.'))
  context.set('job', job)
  await next()
})

const shaOf = (text: string): string => {
  const sha256 = sha256Schema.safeParse(text)
  return sha256.success ? sha256.data : refuse(fault('request_invalid', 'The address must name a sha256.'))
}

/** Of the project, and of this job's own request: nothing else of the project is its packager's to read. */
jobBlobs.get(BLOB, async (context) => {
  const sha256 = shaOf(context.req.param('sha256'))
  const platform = context.get('platform')
  const job = context.get('job')
  const isReadable = job.isOwned && (await isSourceOf(platform, job, sha256))
  if (!isReadable) return refuse(fault('not_found', `There is no blob ${sha256} among the sources of this job.`))
  const { body, sizeBytes } = await openBlob(platform, sha256)
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(sizeBytes) }
  return new Response(body, { headers })
})

jobBlobs.put(BLOB, async (context) => {
  const { id, projectId } = context.get('job')
  const sha256 = shaOf(context.req.param('sha256'))
  const stored = await putBlob(context, projectId, sha256)
  await notingStored(context.get('platform'), id, sha256)
  return context.json(stored)
})

jobBlobs.post(`${BLOB}/uploads`, async (context) => {
  const body = startUploadSchema.safeParse(await context.req.json().catch(() => undefined))
  if (!body.success) return refuse(fault('request_invalid', 'Send {"sizeBytes": …}.'))
  const blob = { sha256: shaOf(context.req.param('sha256')), ...body.data }
  const upload = await startUpload(context, context.get('job').projectId, blob)
  // Parts that somebody else sent of the same bytes are not this packager's.
  const parts = await partsBy(context.get('platform'), context.get('job').id, upload.uploadId)
  return context.json({ ...upload, parts: upload.parts.filter((part) => parts.has(part)) })
})

jobBlobs.put(`${BLOB}/uploads/:uploadId/parts/:part`, async (context) => {
  const { sha256, uploadId, part } = context.req.param()
  const address = { sha256: shaOf(sha256), uploadId, part: Number(part) }
  const { id, projectId } = context.get('job')
  const stored = await putPart(context, projectId, address)
  await notePart(context.get('platform'), id, uploadId, Number(part))
  return context.json(stored)
})

jobBlobs.post(`${BLOB}/uploads/:uploadId/complete`, async (context) => {
  const { uploadId } = context.req.param()
  const sha256 = shaOf(context.req.param('sha256'))
  const platform = context.get('platform')
  const { id, projectId } = context.get('job')
  if ((await storedByJob(platform, id)).has(sha256)) return context.json({ ok: true })
  const upload = need(await findOpenUpload(platform, projectId, sha256, uploadId))
  const parts = await partsBy(platform, id, uploadId)
  const count = Math.ceil(upload.sizeBytes / UPLOAD_PART_BYTES)
  if (parts.size !== count) {
    return refuse(fault('upload_incomplete', `This job sent ${parts.size} of ${count} parts. Send the others first.`))
  }
  need(await joinParts(platform, upload))
  await notingStored(platform, id, sha256)
  return context.json({ ok: true })
})
