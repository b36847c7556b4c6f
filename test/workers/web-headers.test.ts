// What stands around every answer: counts, origins, and what a browser may do with it.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Env } from '../../workers/web/env.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import { takeActorRate, takeAddressRate } from '../../workers/web/services/platform/rate-limits.ts'
import { api, freshPlatform, newOrganization, send, settle } from './web-fixture.ts'

let token: string
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  token = await newOrganization('acme')
})

describe('requests', () => {
  it('are counted for whoever asks, and the count is told', async () => {
    const first = await api('GET', '/whoami', { token })
    const second = await api('GET', '/whoami', { token })
    expect(first.headers.get('ratelimit-policy')).toBe('"actor";q=3000;w=60')
    const left = ({ headers }: typeof first) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1])
    expect(left(first) - left(second)).toBe(1)
    const other = await newOrganization('other')
    expect(left(await api('GET', '/whoami', { token: other }))).toBeGreaterThan(left(second))
  })

  it('beyond the limit wait, each actor’s and each address’s for itself', async () => {
    const strict = openPlatform({ ...(env as unknown as Env), RATE_PER_ACTOR: '3', RATE_PER_ADDRESS: '2' })
    const taken = async (take: typeof takeActorRate, who: string, times: number) => {
      const rates = []
      for (let i = 0; i < times; i++) rates.push(await take(strict, who))
      return rates
    }
    expect((await taken(takeActorRate, 'tok_busy', 4)).map(({ allowed }) => allowed)).toEqual([true, true, true, false])
    expect((await taken(takeActorRate, 'tok_calm', 1))[0]?.allowed).toBe(true)
    const [, , late] = await taken(takeAddressRate, '192.0.2.200', 3)
    expect(late).toMatchObject({ allowed: false, remaining: 0, limit: 2, windowSeconds: 60 })
    expect(late?.resetSeconds).toBeGreaterThan(0)
  })

  it('that guess at tokens are stopped by address, with a time to wait', async () => {
    const headers = { 'cf-connecting-ip': '192.0.2.201' }
    let last = await api('GET', '/whoami', { token: 'dpk_guess', headers })
    for (let i = 0; i < 700 && last.status === 401; i++)
      last = await api('GET', '/whoami', { token: `dpk_${i}`, headers })
    expect([last.status, last.body.error.code]).toEqual([429, 'rate_limited'])
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
    // Whoever has a token behind the same address goes on.
    expect((await api('GET', '/whoami', { token, headers })).status).toBe(200)
  })
})

describe('an answer', () => {
  it('may be read by pages of our own origin, and of no other', async () => {
    const ask = (origin: string) =>
      send('OPTIONS', '/api/v1/whoami', {
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'if-match' },
      })
    const ours = await ask('http://platform.test')
    expect(ours.headers.get('access-control-allow-origin')).toBe('http://platform.test')
    expect(ours.headers.get('access-control-allow-credentials')).toBe('true')
    for (const origin of ['https://evil.test', 'http://platform.test.evil.test', 'null']) {
      expect((await ask(origin)).headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  it('is data to a browser: not run, framed, sniffed or told about', async () => {
    const { headers } = await api('GET', '/whoami', { token })
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('strict-transport-security')).toContain('max-age=')
  })

  it('to a body beyond the limit is 413, before it is read', async () => {
    const bytes = new Uint8Array(25 * 1024 * 1024).fill(32)
    const headers = { 'content-type': 'application/json' }
    const refused = await api('POST', '/organizations/acme/tokens', { token, bytes, headers })
    expect([refused.status, refused.body.error.code]).toEqual([413, 'body_too_large'])
  })
})
