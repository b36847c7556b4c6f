// Running an instance: is it alive, what is it at, and what an operator does to it as a whole.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Env } from '../../workers/web/env.ts'
import { rotateKeyEncryption } from '../../workers/web/services/platform/operations.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import { openVault } from '../../workers/web/signing/vault.ts'
import { api, freshPlatform, newOrganization, OPERATOR, QUICK_KEYS, send, settle, testEnv } from './web-fixture.ts'

let token: string
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  token = await newOrganization('acme')
  await api('PUT', '/projects/acme/tool', { token, json: QUICK_KEYS })
  await settle()
})

describe('watching', () => {
  it('says whether it lives and whether it can work, without a token', async () => {
    expect((await send('GET', '/healthz')).status).toBe(200)
    const ready = await send('GET', '/readyz')
    expect([ready.status, ready.body]).toEqual([
      200,
      { ready: true, parts: { database: 'ok', bucket: 'ok', keys: 'ok' } },
    ])
  })

  it('gives numbers in Prometheus’ form to whom they are for', async () => {
    expect((await send('GET', '/metrics')).status).toBe(401)
    expect((await send('GET', '/metrics', { token })).status).toBe(401)
    const metrics = await send('GET', '/metrics', { token: OPERATOR })
    expect(metrics.headers.get('content-type')).toContain('version=0.0.4')
    expect(metrics.body).toContain('# TYPE distropack_projects gauge\ndistropack_projects 1\n')
    for (const line of metrics.body.trim().split('\n')) {
      expect(line).toMatch(/^(# (HELP|TYPE) distropack_\w+ .+|distropack_\w+(\{\w+="[^"]*"\})? \d+)$/)
    }
  })
})

describe('read-only', () => {
  const set = (readOnly: boolean) =>
    api('PUT', '/operator/state', { token: OPERATOR, json: { readOnly, reason: 'moving house' } })

  it('refuses every change and serves readers', async () => {
    expect((await set(true)).body).toEqual({ readOnly: true, reason: 'moving house' })
    const refused = await api('POST', '/projects/acme/tool/blobs/missing', { token, json: { blobs: [] } })
    expect([refused.status, refused.body.error.code]).toEqual([503, 'read_only'])
    expect(refused.body.error.message).toContain('moving house')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await api('GET', '/projects/acme/tool', { token })).status).toBe(200)
    expect((await send('GET', '/r/acme/tool/key.asc')).status).toBe(200)
    expect((await set(false)).body.readOnly).toBe(false)
    expect((await api('POST', '/projects/acme/tool/blobs/missing', { token, json: { blobs: [] } })).status).toBe(200)
  })
})

describe('the key-encryption key', () => {
  const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64')

  it('is replaced while everything goes on, and the old one opens nothing afterwards', async () => {
    const before = await testEnv.DB.prepare('SELECT sealed_private_key AS s FROM signing_keys').all<{ s: string }>()
    const during = { ...(env as unknown as Env), KEY_ENCRYPTION_KEY: keyOf(9), KEY_ENCRYPTION_KEY_BEFORE: keyOf(7) }
    const first = await rotateKeyEncryption(openPlatform(during))
    expect(first).toMatchObject({ ok: true, value: { resealed: before.results.length, remaining: 0 } })
    expect(await rotateKeyEncryption(openPlatform(during))).toMatchObject({ ok: true, value: { resealed: 0 } })
    const after = await testEnv.DB.prepare(
      'SELECT sealed_private_key AS s, project_id AS p, kind AS k FROM signing_keys',
    ).all<Record<'s' | 'p' | 'k', string>>()
    const fresh = await openVault(keyOf(9))
    const old = await openVault(keyOf(7))
    for (const { s, p, k } of after.results) {
      const opened = fresh.ok ? await fresh.value.open(s, `${p}/${k}`) : fresh
      expect(opened).toMatchObject({ ok: true, value: expect.stringContaining('PRIVATE KEY') })
      const refused = old.ok ? await old.value.open(s, `${p}/${k}`) : old
      expect(refused).toMatchObject({ ok: false, error: { code: 'key_encryption_key_wrong' } })
    }
    // Back to the tests' own, the same way.
    const back = { ...(env as unknown as Env), KEY_ENCRYPTION_KEY: keyOf(7), KEY_ENCRYPTION_KEY_BEFORE: keyOf(9) }
    expect(await rotateKeyEncryption(openPlatform(back))).toMatchObject({ ok: true })
  })
})

describe('an operator', () => {
  it('lists what there is and sweeps now', async () => {
    const { items } = (await api('GET', '/operator/organizations', { token: OPERATOR })).body
    expect(items).toMatchObject([{ organization: 'acme', projects: 1 }])
    expect((await api('POST', '/operator/sweep', { token: OPERATOR })).status).toBe(200)
    expect((await api('POST', '/operator/projects/acme/none/reindex', { token: OPERATOR })).status).toBe(404)
  })
})
