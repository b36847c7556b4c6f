// The wire of the first DistroPack's tools: its published command line and action work here unchanged but for the
// address and the token. Refusals are one line of text, because they print what they get.
import { fault } from '@distropack/core/fault.ts'
import { type Context, Hono } from 'hono'
import { openPackage, readStatus, startBuild } from '../services/compatibility/first-tools.ts'
import { addPackageFile } from '../services/packages/packages.ts'
import { receiveFile } from '../services/uploads/received-files.ts'
import type { ApiContext } from './context.ts'
import { need, Refusal, refuse, statusOfCode } from './faults.ts'
import { readFormFields, readFormFile } from './multipart.ts'

export const compatibility = new Hono<ApiContext>()

/** Cloudflare takes no larger body from most plans anyway. */
const MAX_FILE_BYTES = 5 * 1024 ** 3
const MAX_JOBS = 200

const queryOf = (context: Context<ApiContext>, name: string): string => {
  const value = context.req.query(name)
  return value || refuse(fault('request_invalid', `The address lacks ${name}=….`))
}

/** Any name a tool may send, as a name without folders. */
const plainName = (name: string): string =>
  name
    .split(/[/\\]/)
    .at(-1)
    ?.replaceAll(/\p{Cc}/gu, '')
    .slice(0, 255) || 'file'

async function* limited(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let taken = 0
  for await (const chunk of bytes) {
    taken += chunk.length
    if (taken > MAX_FILE_BYTES) refuse(fault('body_too_large', `A file may have ${MAX_FILE_BYTES} bytes.`))
    yield chunk
  }
}

compatibility.post('/upload_file', async (context) => {
  const platform = context.get('platform')
  const slot = queryOf(context, 'accessName')
  const found = need(await openPackage(platform, context.get('actor'), queryOf(context, 'packageId'), 'file.upload'))
  const { fileName, value: received } = await readFormFile(context, 'file', (bytes) =>
    receiveFile(platform, found.project.id, limited(bytes)),
  )
  const file = { ...need(received), fileName: plainName(fileName), mode: 0o644 }
  const added = need(await addPackageFile(platform, found.project, { row: found.row, slot }, file))
  return context.json({ fileId: added.id, sha256: added.sha256 })
})

const build = async (context: Context<ApiContext>, distroType?: string) => {
  const platform = context.get('platform')
  const found = need(await openPackage(platform, context.get('actor'), queryOf(context, 'packageId'), 'build.create'))
  const version = (await readFormFields(context)).get('version')?.trim()
  if (!version) return refuse(fault('request_invalid', 'The form lacks the field "version".'))
  const asked = { version, ...(distroType === undefined ? {} : { distroType }) }
  return context.json({ jobIds: need(await startBuild(platform, found, asked)) })
}

compatibility.post('/build_package', (context) => build(context))
compatibility.post('/build_package_single', (context) => build(context, queryOf(context, 'distroType')))

compatibility.get('/build_status', async (context) => {
  const jobIds = queryOf(context, 'jobIds')
    .split(',')
    .map((id) => id.trim())
    .filter(Boolean)
  if (jobIds.length > MAX_JOBS) return refuse(fault('request_invalid', `Ask for at most ${MAX_JOBS} jobs at once.`))
  return context.json(await readStatus(context.get('platform'), context.get('actor'), jobIds))
})

compatibility.onError((error, context) => {
  if (!(error instanceof Refusal)) throw error
  const text = error.faults.map(({ message }) => message).join('\n')
  return context.text(`${text}\n`, statusOfCode(error.faults[0].code))
})
