// Who may do what, and what strangers learn.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { api, freshPlatform, newOrganization, OPERATOR, QUICK_KEYS, send, settle, testEnv } from './web-fixture.ts'

let acme: string
let rival: string
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  acme = await newOrganization('acme')
  rival = await newOrganization('rival')
  expect((await api('PUT', '/projects/acme/tool', { token: acme })).status).toBe(201)
})

describe('a token', () => {
  it('is asked for: without one the answer is 401 and names the way', async () => {
    const answer = await api('GET', '/projects/acme/tool')
    expect(answer.status).toBe(401)
    expect(answer.body.error.code).toBe('unauthenticated')
    expect(answer.headers.get('www-authenticate')).toContain('Bearer')
    expect(answer.body.error.requestId).toMatch(/^req_/)
  })

  it('that nobody issued opens nothing', async () => {
    expect((await api('GET', '/whoami', { token: 'dpk_made-up' })).status).toBe(401)
  })

  it('says what it opens', async () => {
    expect((await api('GET', '/whoami', { token: acme })).body).toEqual({
      kind: 'organization',
      email: null,
      organization: 'acme',
      project: null,
      scopes: ['admin'],
      isOperator: false,
    })
  })

  it('of another organization cannot tell a project from none', async () => {
    const real = await api('GET', '/projects/acme/tool', { token: rival })
    const unreal = await api('GET', '/projects/acme/nothing', { token: rival })
    expect([real.status, unreal.status]).toEqual([404, 404])
    expect(real.body.error.message.replace('tool', 'X')).toBe(unreal.body.error.message.replace('nothing', 'X'))
  })

  it('of another organization makes no project here', async () => {
    expect((await api('PUT', '/projects/acme/theirs', { token: rival, json: QUICK_KEYS })).status).toBe(404)
  })

  it('that only reads is refused with 403 when it writes', async () => {
    const made = await api('POST', '/organizations/acme/tokens', {
      token: acme,
      json: { name: 'reader', scopes: ['read'] },
    })
    const reader = made.body.secret
    expect((await api('GET', '/projects/acme/tool', { token: reader })).status).toBe(200)
    const refused = await api('POST', '/projects/acme/tool/blobs/missing', { token: reader, json: { blobs: [] } })
    expect([refused.status, refused.body.error.code]).toEqual([403, 'forbidden'])
  })

  it('of one project does not see its neighbours', async () => {
    await api('PUT', '/projects/acme/other', { token: acme, json: QUICK_KEYS })
    const made = await api('POST', '/organizations/acme/tokens', {
      token: acme,
      json: { name: 'ci', project: 'tool', scopes: ['publish'] },
    })
    const ci = made.body.secret
    expect((await api('GET', '/projects/acme/tool', { token: ci })).status).toBe(200)
    expect((await api('GET', '/projects/acme/other', { token: ci })).status).toBe(404)
    const listed = await api('GET', '/organizations/acme/projects', { token: ci })
    expect(listed.body.items.map((item: { project: string }) => item.project)).toEqual(['tool'])
  })

  it('is shown once, stored only as a hash, and dead when revoked or expired', async () => {
    const json = { name: 'short', scopes: ['read'] }
    const made = (await api('POST', '/organizations/acme/tokens', { token: acme, json })).body
    const rows = await testEnv.DB.prepare('SELECT * FROM api_tokens').all()
    expect(JSON.stringify(rows.results)).not.toContain(made.secret)
    const listed = await api('GET', '/organizations/acme/tokens', { token: acme })
    expect(JSON.stringify(listed.body)).not.toContain(made.secret)
    expect((await api('DELETE', `/organizations/acme/tokens/${made.id}`, { token: acme })).status).toBe(200)
    expect((await api('GET', '/whoami', { token: made.secret })).status).toBe(401)
    const expired = await api('POST', '/organizations/acme/tokens', { token: acme, json: { ...json, expiresAtMs: 1 } })
    expect((await api('GET', '/whoami', { token: expired.body.secret })).status).toBe(401)
  })
})

describe('the operator’s addresses', () => {
  it('do not exist for anybody else', async () => {
    expect((await api('GET', '/operator/dead-letters', { token: acme })).status).toBe(404)
    expect((await api('GET', '/operator/dead-letters', { token: OPERATOR })).body).toEqual({
      items: [],
      nextCursor: null,
    })
  })
})

describe('a packager’s addresses', () => {
  it('open to nobody without the job’s own token', async () => {
    const path = `/jobs/job_x/blobs/${'0'.repeat(64)}`
    expect((await api('GET', path)).status).toBe(401)
    expect((await api('GET', path, { token: acme })).status).toBe(401)
  })
})

describe('private keys', () => {
  it('are sealed in the database and in no answer', async () => {
    const { results } = await testEnv.DB.prepare('SELECT * FROM signing_keys').all()
    expect(results.length).toBeGreaterThanOrEqual(2)
    expect(JSON.stringify(results)).not.toContain('PRIVATE KEY')
    const { body } = await api('GET', '/projects/acme/tool', { token: acme })
    expect(JSON.stringify(body)).not.toContain('PRIVATE')
    expect(body.openpgpFingerprint).toMatch(/^[0-9A-F]{40}$/)
  })
})

describe('the documents', () => {
  it('are OpenAPI 3.1 and a page made from it', async () => {
    const { body } = await send('GET', '/api/openapi.json')
    expect(body.openapi).toBe('3.1.0')
    expect(Object.keys(body.paths)).toContain('/api/v1/projects/{org}/{project}/builds')
    expect(Object.keys(body.components.schemas)).toEqual(expect.arrayContaining(['Build', 'Error', 'Project']))
    const page = await send('GET', '/api/docs')
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(page.body).toContain('/api/v1/projects/{org}/{project}/builds')
  })
})
