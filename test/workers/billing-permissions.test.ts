// Who sees billing, and who changes it: the table of permissions, walked over billing's own routes.
import { BILLING_PATHS } from '@distropack/core/contract/billing.ts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { api, freshAccount, freshBilling, newOrganization, send } from './billing-fixture.ts'
import { type Browser, newPerson } from './people.ts'

const READS = [
  ['GET', ''],
  ['GET', '/plans'],
  ['GET', '/invoices'],
] as const
const CHANGES = [
  ['POST', '/checkout'],
  ['POST', '/portal'],
  ['PUT', '/plan'],
  ['POST', '/plan/preview'],
  ['POST', '/cancel'],
  ['POST', '/resume'],
] as const
const CHOICE = { plan: 'pro' }

let owner: Browser
let admin: Browser
let reader: Browser
let stranger: Browser
beforeAll(async () => {
  await freshBilling()
  vi.useRealTimers()
  await newPerson('operator')
  owner = await newPerson('owner')
  await owner.api('POST', '/organizations', { organization: 'acme' })
  const join = async (role: 'admin' | 'reader'): Promise<Browser> => {
    const person = await newPerson(role)
    const { body } = await owner.api('POST', '/organizations/acme/invitations', { email: person.email, role })
    expect((await person.api('POST', `/account/invitations/${body.id}/accept`)).status).toBe(200)
    return person
  }
  admin = await join('admin')
  reader = await join('reader')
  stranger = await newPerson('stranger')
})
afterAll(freshAccount)

const ask = async (browser: Browser, [method, path]: readonly [string, string]): Promise<number> => {
  const json = method === 'GET' ? undefined : CHOICE
  return (await browser.api(method, `/organizations/acme/billing${path}`, json)).status
}
const REFUSED: readonly number[] = [401, 403, 404]

describe('billing', () => {
  it('has a route for every address of its contract, and this test knows each', async () => {
    const known = [...READS, ...CHANGES].map(([, path]) => `/organizations/{org}/billing${path}`)
    expect(known.sort()).toEqual(Object.values(BILLING_PATHS).sort())
    const { paths } = (await send('GET', '/api/openapi.json')).body
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(known.map((path) => `/api/v1${path}`)))
  })

  it('is seen by administrators and changed by owners', async () => {
    for (const route of READS) {
      expect([route, await ask(owner, route), await ask(admin, route)]).toEqual([route, 200, 200])
      expect([route, await ask(reader, route), await ask(stranger, route)]).toEqual([route, 403, 404])
    }
    for (const route of CHANGES) {
      expect([route, REFUSED.includes(await ask(owner, route))]).toEqual([route, false])
      expect([route, await ask(admin, route), await ask(reader, route)]).toEqual([route, 403, 403])
      expect([route, await ask(stranger, route)]).toEqual([route, 404])
    }
  })

  it('is changed by no token, whatever its scope', async () => {
    const token = await newOrganization('acme')
    for (const [method, path] of CHANGES) {
      const { status } = await api(method, `/organizations/acme/billing${path}`, { token, json: CHOICE })
      expect([path, status]).toEqual([path, 403])
    }
  })

  it('limits members, and says so to whoever invites', async () => {
    const fourth = await owner.api('POST', '/organizations/acme/invitations', {
      email: 'x@example.net',
      role: 'reader',
    })
    expect([fourth.status, fourth.body.error.code]).toEqual([402, 'quota_exceeded'])
    expect(fourth.body.error.message).toMatch(/^Members: 3 of 3/)
  })

  it('ends with the organization', async () => {
    await owner.api('POST', '/organizations', { organization: 'short-lived' })
    const made = await owner.api('POST', '/organizations/short-lived/billing/checkout', { plan: 'team' })
    const complete = { do: 'complete_checkout', url: made.body.url, card: 'good' }
    await fetch('http://stripe.test/__fake', { method: 'POST', body: JSON.stringify(complete) })
    await owner.api('POST', '/organizations/short-lived/billing/checkout', { plan: 'team' })
    expect((await owner.api('GET', '/organizations/short-lived/billing')).body.plan).toBe('team')
    expect((await owner.api('DELETE', '/organizations/short-lived')).status).toBe(200)
    const look = await fetch('http://stripe.test/__fake', { method: 'POST', body: JSON.stringify({ do: 'look' }) })
    const { subscriptions } = (await look.json()) as { subscriptions: { status: string }[] }
    expect(subscriptions.map(({ status }) => status)).toEqual(['canceled'])
  })
})
