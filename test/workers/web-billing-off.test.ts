// A platform without billing: nothing is limited, and nothing speaks of it.
import { BILLING_PATHS } from '@distropack/core/contract/billing.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Env } from '../../workers/web/env.ts'
import { readStanding } from '../../workers/web/services/billing/billing-switch.ts'
import { mayUse } from '../../workers/web/services/billing/entitlements.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import worker from '../../workers/web/worker.ts'
import { api, freshPlatform, newOrganization, send, testEnv } from './web-fixture.ts'

const env = testEnv as unknown as Env
let acme: string
let organizationId: string
beforeAll(async () => {
  await freshPlatform()
  acme = await newOrganization('acme')
  const row = await testEnv.DB.prepare("SELECT id FROM organizations WHERE slug = 'acme'").first<{ id: string }>()
  organizationId = row?.id ?? ''
})

describe('without billing', () => {
  it('its addresses are like any that do not exist', async () => {
    const nowhere = await api('GET', '/organizations/acme/nowhere', { token: acme })
    expect(nowhere.status).toBe(404)
    for (const path of Object.values(BILLING_PATHS)) {
      for (const method of ['GET', 'POST', 'PUT']) {
        const answer = await api(method, path.replace('{org}', 'acme'), {
          token: acme,
          ...(method === 'GET' ? {} : { json: {} }),
        })
        const { requestId: _, ...error } = answer.body.error
        const { requestId: __, ...expected } = nowhere.body.error
        expect([answer.status, error]).toEqual([404, expected])
      }
    }
    const event = await send('POST', '/api/stripe/webhook', { json: {}, headers: { 'stripe-signature': 't=1,v1=0' } })
    expect(event.status).toBe(404)
    expect(await testEnv.DB.prepare('SELECT * FROM stripe_events').all()).toMatchObject({ results: [] })
  })

  it('no document names it', async () => {
    const words = /billing|stripe|invoice|checkout|subscription|payment|quota|upgrade/gi
    const { body } = await send('GET', '/api/openapi.json')
    expect(Object.keys(body.paths).length).toBeGreaterThan(15)
    const texts: string[] = [
      JSON.stringify(body),
      (await send('GET', '/api/docs')).body,
      JSON.stringify((await api('GET', '/permissions', { token: acme })).body),
    ]
    const found = texts.flatMap((text) =>
      [...text.matchAll(words)].map(({ index }) => text.slice(index - 30, index + 30)),
    )
    expect(found).toEqual([])
  })

  it('an organization may everything', async () => {
    const { limits } = await readStanding(openPlatform(env), organizationId)
    expect(Object.values(limits)).toEqual(Object.values(limits).map(() => null))
    await testEnv.DB.prepare('INSERT INTO storage_usage VALUES (?, 1e15)').bind(organizationId).run()
    const platform = openPlatform(env)
    expect(await mayUse(platform, organizationId, { kind: 'upload', sizeBytes: 1e15 })).toMatchObject({ ok: true })
    expect(await mayUse(platform, organizationId, { kind: 'build' })).toMatchObject({ ok: true })
    expect(await mayUse(platform, organizationId, { kind: 'private_repository' })).toMatchObject({ ok: true })
  })

  it('the sweep asks nobody: without a key it would break', async () => {
    await testEnv.DB.prepare("INSERT INTO billing_customers VALUES (?, 'cus_x', NULL, 1, NULL)")
      .bind(organizationId)
      .run()
    await worker.scheduled({} as ScheduledController, env as never)
    const rows = await testEnv.DB.prepare('SELECT synced_at_ms FROM billing_customers').all()
    expect(rows.results).toEqual([{ synced_at_ms: null }])
  })

  it('a word that is neither on nor off is a mistake that is told', async () => {
    const platform = openPlatform({ ...env, BILLING: 'on' })
    await expect(mayUse(platform, organizationId, { kind: 'build' })).rejects.toThrow(/write "stripe" or "off"/)
  })
})
