// Uploads: verified before they count, in one body or in parts, and owned by who sent them.
import { UPLOAD_PART_BYTES } from '@distropack/core/contract/api.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { api, freshPlatform, newOrganization, QUICK_KEYS, settle, sha256Of, testEnv } from './web-fixture.ts'

let acme: string
let rival: string
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  acme = await newOrganization('acme')
  rival = await newOrganization('rival')
  await api('PUT', '/projects/acme/tool', { token: acme, json: QUICK_KEYS })
  await api('PUT', '/projects/rival/tool', { token: rival, json: QUICK_KEYS })
})

const missing = async (token: string, project: string, sha256: string, sizeBytes: number): Promise<string[]> => {
  const json = { blobs: [{ sha256, sizeBytes }] }
  return (await api('POST', `/projects/${project}/blobs/missing`, { token, json })).body.missing
}

describe('a whole body', () => {
  it('is missing before and not after', async () => {
    const bytes = new TextEncoder().encode('hello')
    const sha256 = await sha256Of(bytes)
    expect(await missing(acme, 'acme/tool', sha256, 5)).toEqual([sha256])
    expect((await api('PUT', `/projects/acme/tool/blobs/${sha256}`, { token: acme, bytes })).status).toBe(200)
    expect(await missing(acme, 'acme/tool', sha256, 5)).toEqual([])
  })

  it('with another sha256 is refused and leaves nothing', async () => {
    const sha256 = await sha256Of(new TextEncoder().encode('announced'))
    const bytes = new TextEncoder().encode('sent')
    const answer = await api('PUT', `/projects/acme/tool/blobs/${sha256}`, { token: acme, bytes })
    expect([answer.status, answer.body.error.code]).toEqual([422, 'digest_mismatch'])
    expect(await missing(acme, 'acme/tool', sha256, 9)).toEqual([sha256])
    expect(await testEnv.BUCKET.head(`blobs/${sha256.slice(0, 2)}/${sha256}`)).toBeNull()
  })

  it('may be empty', async () => {
    const bytes = new Uint8Array()
    const sha256 = await sha256Of(bytes)
    expect((await api('PUT', `/projects/acme/tool/blobs/${sha256}`, { token: acme, bytes })).status).toBe(200)
  })

  it('of somebody else is not mine because I know its hash', async () => {
    const bytes = new TextEncoder().encode('a secret of acme')
    const sha256 = await sha256Of(bytes)
    await api('PUT', `/projects/acme/tool/blobs/${sha256}`, { token: acme, bytes })
    expect(await missing(rival, 'rival/tool', sha256, bytes.length)).toEqual([sha256])
  })

  it('larger than one request may be is sent to the parts', async () => {
    const sha256 = '1'.repeat(64)
    const bytes = new Uint8Array(64 * 1024 * 1024 + 1)
    const answer = await api('PUT', `/projects/acme/tool/blobs/${sha256}`, { token: acme, bytes })
    expect([answer.status, answer.body.error.code]).toEqual([413, 'body_too_large'])
  })
})

describe('a body in parts', () => {
  const whole = new Uint8Array(UPLOAD_PART_BYTES + 1000).map((_, i) => i * 31)
  const first = whole.subarray(0, UPLOAD_PART_BYTES)
  const second = whole.subarray(UPLOAD_PART_BYTES)

  const start = async (sha256: string) =>
    (
      await api('POST', `/projects/acme/tool/blobs/${sha256}/uploads`, {
        token: acme,
        json: { sizeBytes: whole.length },
      })
    ).body

  it('goes on where it was cut off and is verified as a whole', async () => {
    const sha256 = await sha256Of(whole)
    const upload = await start(sha256)
    expect(upload).toMatchObject({ partSizeBytes: UPLOAD_PART_BYTES, parts: [] })
    const base = `/projects/acme/tool/blobs/${sha256}/uploads/${upload.uploadId}`
    expect((await api('PUT', `${base}/parts/2`, { token: acme, bytes: second })).status).toBe(200)
    const tooEarly = await api('POST', `${base}/complete`, { token: acme })
    expect([tooEarly.status, tooEarly.body.error.code]).toEqual([409, 'upload_incomplete'])
    expect(await start(sha256)).toMatchObject({ uploadId: upload.uploadId, parts: [2] })
    expect((await api('PUT', `${base}/parts/1`, { token: acme, bytes: first })).status).toBe(200)
    expect((await api('POST', `${base}/complete`, { token: acme })).status).toBe(200)
    expect(await missing(acme, 'acme/tool', sha256, whole.length)).toEqual([])
    // A repeated request after a lost answer is told the same.
    expect((await api('POST', `${base}/complete`, { token: acme })).status).toBe(200)
    expect((await testEnv.BUCKET.list({ prefix: 'uploads/' })).objects).toEqual([])
  })

  it('refuses a part of the wrong size', async () => {
    const upload = await start('2'.repeat(64))
    const path = `/projects/acme/tool/blobs/${'2'.repeat(64)}/uploads/${upload.uploadId}/parts/1`
    const answer = await api('PUT', path, { token: acme, bytes: second })
    expect([answer.status, answer.body.error.code]).toEqual([422, 'size_mismatch'])
  })

  it('with another sha256 is refused as a whole and leaves nothing', async () => {
    const sha256 = '3'.repeat(64)
    const upload = await start(sha256)
    const base = `/projects/acme/tool/blobs/${sha256}/uploads/${upload.uploadId}`
    await api('PUT', `${base}/parts/1`, { token: acme, bytes: first })
    await api('PUT', `${base}/parts/2`, { token: acme, bytes: second })
    const answer = await api('POST', `${base}/complete`, { token: acme })
    expect([answer.status, answer.body.error.code]).toEqual([422, 'digest_mismatch'])
    expect(await missing(acme, 'acme/tool', sha256, whole.length)).toEqual([sha256])
  })
})
