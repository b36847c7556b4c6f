// Nothing that somebody sends is ignored: a misspelt key would make a public project of a private one.

import { API_PREFIX } from '@distropack/core/contract/api.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, newPerson } from './people.ts'
import { api, freshPlatform, newOrganization, OPERATOR, QUICK_KEYS, send, settle } from './web-fixture.ts'

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly additionalProperties?: unknown
}
interface RawOperation {
  readonly 'x-permission'?: string
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}
interface Operation {
  readonly at: string
  readonly method: string
  readonly path: string
  /** For a person who signed in, and for no token. */
  readonly isPersonal: boolean
  readonly body: Schema | undefined
}

let token = ''
let person: Browser
let operations: readonly Operation[] = []
let components: Readonly<Record<string, Schema>> = {}

const VALUES: Readonly<Record<string, string>> = { org: 'acme', project: 'tool', sha256: '0'.repeat(64), part: '1' }
const addressOf = (path: string): string => path.replaceAll(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? 'x')

beforeAll(async () => {
  await freshPlatform()
  token = await newOrganization('acme')
  person = await newPerson('somebody')
  await api('PUT', '/projects/acme/tool', { token, json: QUICK_KEYS })
  const document = (await send('GET', '/api/openapi.json')).body
  components = document.components.schemas
  operations = Object.entries<Record<string, RawOperation>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => ({
      at: `${method} ${path}`,
      method: method.toUpperCase(),
      path,
      isPersonal: raw['x-permission'] === 'account',
      body: raw.requestBody?.content['application/json']?.schema,
    })),
  )
})
afterAll(settle)

/** Places inside a body where any key would be taken. */
const openPlaces = (given: Schema, place: string, seen: readonly Schema[] = []): readonly string[] => {
  const schema = given.$ref ? (components[given.$ref.split('/').at(-1) ?? ''] ?? {}) : given
  if (seen.includes(schema)) return []
  const inside = (inner: Schema, step: string) => openPlaces(inner, `${place}${step}`, [...seen, schema])
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  const isOpen = schema.properties !== undefined && schema.additionalProperties !== false
  return [
    ...(isOpen ? [place] : []),
    ...choices.flatMap((choice) => inside(choice, '')),
    ...(schema.items ? inside(schema.items, '[]') : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => inside(inner, `.${key}`)),
  ]
}

describe('what is sent', () => {
  it('is refused where a body holds a key that nobody reads, at any depth of every route', () => {
    const bodies = operations.filter(({ body }) => body !== undefined)
    expect(bodies.length).toBeGreaterThan(25)
    expect(bodies.flatMap(({ at, body }) => openPlaces(body!, at))).toEqual([])
  })

  it('is refused where a query holds a word that nobody reads, by every route', async () => {
    const accepted: string[] = []
    for (const { at, method, path, isPersonal } of operations) {
      if (path.includes('/jobs/{jobId}/blobs')) continue
      const address = `${addressOf(path)}?dry-runn=1`
      const { status, body } = isPersonal
        ? await person.api(method, address.replace(API_PREFIX, ''))
        : await send(method, address, { token: OPERATOR })
      const isNamed = status === 400 && String(body.error?.message).includes('dry-runn')
      if (!isNamed) accepted.push(`${at}: ${status}`)
    }
    expect(accepted).toEqual([])
  })

  it.each([
    ['PUT', '/projects/acme/secret', { private: true }, /unknown key "private"; known keys: "access", "signing"/],
    ['PUT', '/projects/acme/secret', { acess: 'private' }, /unknown key "acess"; did you mean "access"\?/],
    ['POST', '/organizations/acme/tokens', { name: 'ci', scopes: ['read'], projekt: 'tool' }, /did you mean "project"/],
    [
      'POST',
      '/organizations/acme/tokens',
      { name: 'ci', scopes: ['read'], expiresAt: 1 },
      /did you mean "expiresAtMs"/,
    ],
    ['POST', '/organizations/acme/tokens', JSON.parse('{"name":"ci","scopes":["read"],"__proto__":{}}'), /__proto__/],
    ['POST', '/projects/acme/tool/builds', { manifest: 'x', sources: [], chanel: 'beta' }, /did you mean "channel"/],
    [
      'POST',
      '/projects/acme/tool/builds',
      { manifest: 'x', sources: [], variables: JSON.parse('{"__proto__":"x"}') },
      /"__proto__" cannot be a key/,
    ],
    [
      'POST',
      '/projects/acme/tool/publishers',
      { name: 'x', trust: { provider: 'github', repository: 'a/b', branch: 'main' } },
      /unknown key "branch"/,
    ],
    [
      'POST',
      '/organizations/acme/webhooks',
      { target: { kind: 'json', url: 'https://example.org/', secret: 'x' }, events: ['build.failed'] },
      /unknown key "secret"/,
    ],
  ])('%s %s with %j is refused by name', async (method, path, json, sentence) => {
    const { status, body } = await api(method, path, { token, json })
    expect(body.error.message).toMatch(sentence)
    expect([status, body.error.code]).toEqual([400, 'request_invalid'])
  })

  it('made nothing of all that', async () => {
    expect((await api('GET', '/projects/acme/secret', { token })).status).toBe(404)
    expect((await api('GET', '/organizations/acme/tokens', { token })).body.items).toHaveLength(1)
  })

  it('names the nearest key of a query, too', async () => {
    const { status, body } = await api('GET', '/projects/acme/tool/artifacts?limt=5', { token })
    expect([status, body.error.message]).toEqual([400, 'unknown key "limt"; did you mean "limit"?'])
  })

  it('is not missed where a POST has no body, and says so', async () => {
    const none = new Uint8Array()
    const { status } = await api('POST', '/operator/sweep', { token: OPERATOR, bytes: none })
    expect(status).toBe(200)
  })

  it('is refused where its type says it is something else, which would leave a body out that may be left out', async () => {
    const bytes = new TextEncoder().encode('{"access":"private"}')
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', '']) {
      const headers: Record<string, string> = type ? { 'content-type': type } : {}
      const { status, body } = await api('PUT', '/projects/acme/secret', { token, bytes, headers })
      expect([status, body.error.code]).toEqual([415, 'media_type_unsupported'])
    }
    expect((await api('GET', '/projects/acme/secret', { token })).status).toBe(404)
  })
})
