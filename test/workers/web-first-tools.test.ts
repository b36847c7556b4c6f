// The wire of the first DistroPack's tools, byte by byte as its command line (reqwest) and its action (curl) send it.
import { env, exports } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { api, freshPlatform, newOrganization, QUICK_KEYS, send, settle, sha256Of } from './web-fixture.ts'

const worker = (exports as unknown as { default: Fetcher }).default
const MANIFEST = `name: tool
arch: amd64
version: 0.0.0
maintainer: A <a@example.org>
description: A tool.
contents:
  - { src: slot:source-tarball, dst: /usr/share/tool/source.tar }
`

let token: string
let packageId: string
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  token = await newOrganization('acme')
  await api('PUT', '/projects/acme/tool', { token, json: QUICK_KEYS })
  const json = { package: 'tool', manifest: MANIFEST, targets: ['deb/amd64', 'rpm/amd64', 'arch/amd64'] }
  packageId = (await api('POST', '/projects/acme/tool/packages', { token, json })).body.uuid
})

/** reqwest's form: a boundary of four hex groups, names and types in this order, CR LF everywhere. */
const BOUNDARY = '7d4a1c0f9b3e5a62-0b1c2d3e4f5a6b7c-8d9e0f1a2b3c4d5e-6f7a8b9c0d1e2f3a'

const fileForm = (bytes: Uint8Array, fileName = 'tool-1.0.tar.gz'): Uint8Array =>
  Buffer.concat([
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\n` +
        'Content-Type: application/octet-stream\r\n\r\n',
    ),
    bytes,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ])

const textForm = (name: string, value: string): Uint8Array =>
  Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n--${BOUNDARY}--\r\n`)

/** In chunks of odd sizes, so that a boundary never stands where a reader would like it. */
const inChunks = (bytes: Uint8Array, size: number): ReadableStream<Uint8Array> => {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, at + size))
      at += size
    },
  })
}

const post = async (path: string, body: BodyInit, auth = token) => {
  const response = await worker.fetch(`http://platform.test${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${auth}`,
      'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
      accept: '*/*',
    },
    body,
  })
  const text = await response.text()
  return { status: response.status, type: response.headers.get('content-type'), text }
}

const uploadPath = (slot = 'source-tarball', id = packageId) => `/api/upload_file?packageId=${id}&accessName=${slot}`

describe('upload_file', () => {
  it('puts the file into the slot, whatever the sizes it arrives in', async () => {
    // Bytes that look like a boundary, and every value a byte has.
    const bytes = Buffer.concat([
      Buffer.from(`\r\n--${BOUNDARY.slice(0, 20)}\r\n`),
      Buffer.from([...Array(2000).keys()]),
    ])
    for (const size of [1, 7, 4096]) {
      const sent = await post(uploadPath(), inChunks(fileForm(bytes), size))
      expect(sent.status).toBe(200)
      expect(JSON.parse(sent.text).sha256).toBe(await sha256Of(bytes))
    }
    const { items } = (await api('GET', '/projects/acme/tool/packages/tool/files', { token })).body
    expect(items).toHaveLength(3)
    expect(items[0]).toMatchObject({ slot: 'source-tarball', fileName: 'tool-1.0.tar.gz', sizeBytes: bytes.length })
  })

  it('takes a file that is larger than a part, and keeps nothing of one that is cut off', async () => {
    const large = new Uint8Array(33 * 1024 * 1024).fill(7)
    const sent = await post(uploadPath(), fileForm(large))
    expect(JSON.parse(sent.text).sha256).toBe(await sha256Of(large))
    const count = async () => (await api('GET', '/projects/acme/tool/packages/tool/files', { token })).body.items.length
    const before = await count()
    const cut = await post(uploadPath(), fileForm(large).slice(0, 30 * 1024 * 1024))
    expect(cut.status).toBe(400)
    expect(await count()).toBe(before)
    const { objects } = await (env as unknown as { BUCKET: R2Bucket }).BUCKET.list({ prefix: 'uploads/' })
    expect(objects).toEqual([])
  })

  it('says in a line of text why it refuses', async () => {
    const form = fileForm(Buffer.from('x'))
    const wrongSlot = await post(uploadPath('no-such-slot'), form)
    expect([wrongSlot.status, wrongSlot.type]).toEqual([404, 'text/plain; charset=UTF-8'])
    expect(wrongSlot.text).toContain('source-tarball')
    expect((await post(uploadPath('x', crypto.randomUUID()), form)).status).toBe(404)
    const rival = await newOrganization('rival')
    expect((await post(uploadPath(), form, rival)).text).toBe(
      (await post(uploadPath('source-tarball', packageId), form, rival)).text,
    )
    expect((await post(uploadPath(), form, rival)).status).toBe(404)
    expect((await post(uploadPath(), form, 'nonsense')).status).toBe(401)
    expect((await post(uploadPath(), textForm('other', 'x'))).status).toBe(400)
    expect((await post('/api/upload_file?packageId=x', form)).status).toBe(400)
  })

  it('lets no file name climb out of its folder', async () => {
    const sent = await post(uploadPath(), fileForm(Buffer.from('y'), '../../etc/passwd'))
    expect(sent.status).toBe(200)
    const { items } = (await api('GET', '/projects/acme/tool/packages/tool/files', { token })).body
    expect(items[0].fileName).toBe('passwd')
  })
})

describe('build_package', () => {
  it('starts a job for each enabled target and answers with their ids', async () => {
    const built = await post(`/api/build_package?packageId=${packageId}`, textForm('version', '1.0.0'))
    expect(built.status).toBe(200)
    const { jobIds } = JSON.parse(built.text)
    expect(jobIds).toHaveLength(3)
    for (const id of jobIds) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
    const status = await send('GET', `/api/build_status?jobIds=${jobIds.join(',')}`, { token })
    expect(status.body).toMatchObject({ allFinished: false, anyFailed: false })
    expect(status.body.jobs).toHaveLength(3)
    for (const job of status.body.jobs)
      expect(job).toMatchObject({ status: 'running', failMessage: null, technicalError: null })
  })

  it.each([
    ['deb', 'deb/amd64'],
    ['rpm', 'rpm/amd64'],
    ['pacman', 'arch/amd64'],
  ])('of the one type %s starts that target alone', async (distroType, target) => {
    const path = `/api/build_package_single?packageId=${packageId}&distroType=${distroType}`
    const { jobIds } = JSON.parse((await post(path, textForm('version', '1.1.0'))).text)
    const status = await send('GET', `/api/build_status?jobIds=${jobIds}`, { token })
    expect(status.body.jobs.map(({ name }: { name: string }) => name)).toEqual([target])
  })

  it('says why it does not start', async () => {
    const single = `/api/build_package_single?packageId=${packageId}&distroType=`
    expect((await post(`${single}apk`, textForm('version', '1.0'))).text).toContain('not enabled')
    expect((await post(`${single}vms`, textForm('version', '1.0'))).status).toBe(422)
    expect((await post(`/api/build_package?packageId=${packageId}`, textForm('nothing', '1'))).status).toBe(400)
    const bad = await post(`/api/build_package?packageId=${packageId}`, textForm('version', 'not a version'))
    expect([bad.status, bad.text]).toEqual([422, expect.stringContaining('version')])
  })
})

describe('build_status', () => {
  it('of a job that failed says why', async () => {
    const built = await post(`/api/build_package?packageId=${packageId}`, textForm('version', '3.0.0'))
    const { jobIds } = JSON.parse(built.text)
    const faults = JSON.stringify([{ code: 'version_invalid', message: 'That is no version.' }])
    const { DB } = env as unknown as { DB: D1Database }
    await DB.prepare("UPDATE jobs SET state = 'failed', faults = ? WHERE target = 'deb/amd64'").bind(faults).run()
    const { body } = await send('GET', `/api/build_status?jobIds=${jobIds.join(',')}`, { token })
    expect(body).toMatchObject({ allFinished: false, anyFailed: true })
    const failed = body.jobs.find(({ name }: { name: string }) => name === 'deb/amd64')
    expect(failed).toMatchObject({
      status: 'failed',
      failMessage: 'That is no version.',
      technicalError: 'version_invalid',
    })
  })

  it('shows no job to a stranger', async () => {
    const built = await post(`/api/build_package?packageId=${packageId}`, textForm('version', '2.0.0'))
    const { jobIds } = JSON.parse(built.text)
    const rival = await newOrganization('rival')
    const { body } = await send('GET', `/api/build_status?jobIds=${jobIds[0]}`, { token: rival })
    expect(body).toEqual({ jobs: [], allFinished: false, anyFailed: false })
  })
})
