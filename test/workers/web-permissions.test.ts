// The written table of permissions, walked: every route of the API as every role, as another organization's member, as
// nobody. What the document says a route needs is what the route asks for.
import { PERMISSIONS, ROLES, type Role } from '@distropack/core/model/permissions.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, newPerson } from './people.ts'
import { type Answer, api, freshPlatform, newOrganization, QUICK_KEYS, send, settle } from './web-fixture.ts'

interface Operation {
  readonly method: string
  readonly path: string
  readonly permission: string
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']
/** Not for actors: a CI run brings its identity, and Stripe signs. */
const OTHER_DOORS = /^\/api\/(v1\/ci\/exchange$|stripe\/)/
const VALUES: Readonly<Record<string, string>> = { org: 'acme', project: 'tool', sha256: '0'.repeat(64), part: '1' }

const pathOf = (template: string): string =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? `${name}-that-is-not-there`)

const readOperations = async (): Promise<Operation[]> => {
  const { paths } = (await send('GET', '/api/openapi.json')).body
  const operations = Object.entries<Record<string, Record<string, string>>>(paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => ({
      method: method.toUpperCase(),
      path,
      permission: methods[method]?.['x-permission'] ?? 'none',
    })),
  )
  // Who leaves is no member afterwards: last of all.
  return operations
    .filter(({ path }) => !OTHER_DOORS.test(path))
    .sort((a, b) => Number(a.path.endsWith('/leave')) - Number(b.path.endsWith('/leave')))
}

/** Those of billing are walked in billing-permissions.test.ts: here it is off. */
const UNUSED: readonly string[] = ['billing.read', 'billing.manage']

let operations: Operation[] = []
let stranger: Browser
const members = new Map<Role, Browser>()

const ask = async (browser: Browser | undefined, { method, path }: Operation): Promise<Answer> => {
  const address = pathOf(path).replace('/api/v1', '')
  // A body that fits no schema: who may not do it must hear so before anything about the body.
  const json = method === 'GET' || method === 'DELETE' ? undefined : { nonsense: true }
  if (browser) return browser.api(method, address, json)
  return api(method, address, json === undefined ? {} : { json })
}

const isOf = (prefix: string) => (operation: Operation) => operation.path.includes(`/${prefix}`)
const NEEDS_ROLE = (operation: Operation): boolean => operation.permission in PERMISSIONS

afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  await newPerson('operator')
  const owner = await newPerson('owner')
  await owner.api('POST', '/organizations', { organization: 'acme' })
  expect((await owner.api('PUT', '/projects/acme/tool', QUICK_KEYS)).status).toBe(201)
  members.set('owner', owner)
  for (const role of ['admin', 'publisher', 'reader'] as const) {
    const person = await newPerson(role)
    const invited = await owner.api('POST', '/organizations/acme/invitations', { email: person.email, role })
    expect((await person.api('POST', `/account/invitations/${invited.body.id}/accept`)).status).toBe(200)
    members.set(role, person)
  }
  stranger = await newPerson('stranger')
  await stranger.api('POST', '/organizations', { organization: 'elsewhere' })
  operations = await readOperations()
})

describe('every route', () => {
  it('says what it needs', () => {
    expect(operations.length).toBeGreaterThan(45)
    const known = [...Object.keys(PERMISSIONS), 'actor', 'account', 'operator']
    expect(operations.filter(({ permission }) => !known.includes(permission))).toEqual([])
    const used = new Set(operations.map(({ permission }) => permission))
    // A line of the table that no route asks for would be a promise nobody keeps.
    expect(Object.keys(PERMISSIONS).filter((action) => !used.has(action))).toEqual(UNUSED)
  })

  it('is closed to nobody with 401', async () => {
    for (const operation of operations)
      expect([operation, (await ask(undefined, operation)).status]).toEqual([operation, 401])
  })

  it('of an organization or project does not exist for a member of another', async () => {
    for (const operation of operations.filter(NEEDS_ROLE)) {
      const { status, body } = await ask(stranger, operation)
      expect([operation, status, body.error?.code]).toEqual([operation, 404, 'not_found'])
    }
  })

  it('of the operator exists for no member', async () => {
    for (const operation of operations.filter(({ permission }) => permission === 'operator')) {
      for (const browser of members.values())
        expect([operation, (await ask(browser, operation)).status]).toEqual([operation, 404])
    }
  })
})

describe.each(ROLES.map((role, rank) => [role, rank] as const))('as %s', (role, rank) => {
  it('every route does what the table says', async () => {
    const browser = members.get(role)
    for (const operation of operations.filter(NEEDS_ROLE)) {
      const needed = ROLES.indexOf(PERMISSIONS[operation.permission as keyof typeof PERMISSIONS])
      const { status, body } = await ask(browser, operation)
      if (rank < needed) expect([operation, status, body.error?.code]).toEqual([operation, 403, 'forbidden'])
      else expect([operation, [401, 403, 500].includes(status) ? status : 'allowed']).toEqual([operation, 'allowed'])
    }
  })
})

describe('a token', () => {
  it.each([
    ['read', 'reader'],
    ['publish', 'publisher'],
    ['admin', 'admin'],
  ] as const)('with the scope %s is %s, and an owner never', async (scope, role) => {
    const token = await newOrganization('acme')
    const json = { name: scope, scopes: [scope] }
    const { secret } = (await api('POST', '/organizations/acme/tokens', { token, json })).body
    const rank = ROLES.indexOf(role)
    for (const operation of operations.filter(NEEDS_ROLE).filter((each) => !isOf('leave')(each))) {
      const needed = ROLES.indexOf(PERMISSIONS[operation.permission as keyof typeof PERMISSIONS])
      const { method, path } = operation
      const options = method === 'GET' || method === 'DELETE' ? {} : { json: { nonsense: true } }
      const { status } = await api(method, pathOf(path).replace('/api/v1', ''), { token: secret, ...options })
      if (rank < needed) expect([operation, status]).toEqual([operation, 403])
      else expect([operation, [401, 403, 500].includes(status) ? status : 'allowed']).toEqual([operation, 'allowed'])
    }
  })

  it('makes no more of itself: what is a person’s own is refused', async () => {
    const token = await newOrganization('acme')
    for (const operation of operations.filter(({ permission }) => permission === 'account')) {
      const { method, path } = operation
      const json = path.endsWith('/tokens') ? { name: 'x', scopes: ['read'] } : { organization: 'another' }
      const options = method === 'GET' || method === 'DELETE' ? {} : { json }
      const { status } = await api(method, pathOf(path).replace('/api/v1', ''), { token, ...options })
      expect([operation, status]).toEqual([operation, 403])
    }
  })
})
