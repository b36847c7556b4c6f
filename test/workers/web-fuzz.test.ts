// The API's own document, turned against it: every operation with bodies, parameters and headers that fit it nearly,
// wildly or not at all. Whatever comes, the answer is a refusal in the documented shape and never trouble of ours.
import { errorBodySchema } from '@distropack/core/contract/wire.ts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { newPerson } from './people.ts'
import { api, freshPlatform, newOrganization, OPERATOR, QUICK_KEYS, send, settle, testEnv } from './web-fixture.ts'

/** The same values every time: a failure is found again. */
const SEED = 20_261_122
const ROUNDS = 2

let state = SEED
const random = (): number => {
  // Mulberry32.
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}
const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly Json[]
  readonly const?: Json
  readonly properties?: Record<string, Schema>
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly additionalProperties?: Schema | boolean
  readonly pattern?: string
}
interface Operation {
  readonly method: string
  readonly path: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[]
  readonly body: Schema | undefined
}

const STRANGE: readonly Json[] = [
  '',
  ' ',
  '\u0000',
  '../../etc/passwd',
  "' OR 1=1 --",
  '💥'.repeat(50),
  '\ud800',
  'a'.repeat(5000),
  '-1',
  '1e309',
  '%00',
  '__proto__',
  'constructor',
  -1,
  0,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  true,
  null,
  [],
  {},
  [[[]]],
  { __proto__: { admin: true } },
]
const WORDS = ['acme', 'tool', 'stable', '1.0.0', 'deb/amd64', 'admin', 'x'.repeat(40), '0'.repeat(64), 'a@example.org']

let components: Record<string, Schema> = {}
const resolve = (schema: Schema): Schema =>
  schema.$ref ? resolve(components[schema.$ref.split('/').at(-1) ?? ''] ?? {}) : schema

const generateObject = (schema: Schema, strangeness: number, depth: number): Json => {
  const entries = Object.entries(schema.properties ?? {}).filter(() => random() > 0.15)
  const made = Object.fromEntries(entries.map(([key, value]) => [key, generate(value, strangeness, depth + 1)]))
  return random() < strangeness ? { ...made, [String(pick(STRANGE))]: pick(STRANGE) } : made
}

/** Something of the schema's shape, here and there with something strange in it. */
const generate = (given: Schema, strangeness: number, depth = 0): Json => {
  if (random() < strangeness || depth > 6) return pick(STRANGE)
  const schema = resolve(given)
  const choice = schema.oneOf ?? schema.anyOf
  if (choice) return generate(pick(choice), strangeness, depth + 1)
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return pick(schema.enum)
  const type = Array.isArray(schema.type) ? pick(schema.type as string[]) : schema.type
  if (type === 'object' || schema.properties) return generateObject(schema, strangeness, depth)
  if (type === 'array')
    return Array.from({ length: Math.floor(random() * 3) }, () => generate(schema.items ?? {}, strangeness, depth + 1))
  if (type === 'integer' || type === 'number') return pick([0, 1, 42, 86_400, -1, Math.floor(random() * 1e6)])
  if (type === 'boolean') return random() < 0.5
  return pick(WORDS)
}

const readOperations = async (): Promise<Operation[]> => {
  const document = (await send('GET', '/api/openapi.json')).body
  components = document.components.schemas
  type Raw = { parameters?: Operation['parameters']; requestBody?: { content: Record<string, { schema: Schema }> } }
  return Object.entries<Record<string, Raw>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      parameters,
      body: requestBody && Object.values(requestBody.content)[0]?.schema,
    })),
  )
}

/** What would end the run's own ground: the organization, its project, the tokens it asks with. */
const DESTRUCTIVE =
  /\/(transfer|leave|revoke)$|^DELETE .*\/(organizations\/\{org\}|tokens\/\{tokenId\}|token|users\/\{userId\})$|PUT .*\/operator\/state$/

const addressOf = ({ path, parameters }: Operation, strangeness: number): string => {
  const known: Readonly<Record<string, string>> = { org: 'acme', project: 'tool' }
  const place = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = random() < strangeness ? String(pick(STRANGE)) : (known[name] ?? pick(WORDS))
    return encodeURIComponent(value.toWellFormed()).replaceAll('.', '%2E') || 'x'
  })
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && random() < 0.6)
    .map(
      ({ name, schema = {} }) => `${name}=${encodeURIComponent(String(generate(schema, strangeness)).toWellFormed())}`,
    )
  return query.length > 0 ? `${place}?${query.join('&')}` : place
}

const requestOf = (operation: Operation, strangeness: number) => {
  const path = addressOf(operation, strangeness)
  const headers: Record<string, string> = {}
  for (const { name, in: place } of operation.parameters) {
    if (place === 'header' && random() < 0.5)
      headers[name] = pick(['"1"', '*', 'W/"x"', 'a-key-of-some-length', 'é', ''])
  }
  if (!operation.body) return { path, options: { headers } }
  const broken = random() < strangeness / 2
  const text = broken
    ? pick(['', '{', '[1,', 'null', '"text"', '{"a":1}{'])
    : JSON.stringify(generate(operation.body, strangeness))
  const type = pick([
    'application/json',
    'application/json',
    'application/json',
    'text/plain',
    'application/octet-stream',
  ])
  return { path, options: { bytes: new TextEncoder().encode(text), headers: { ...headers, 'content-type': type } } }
}

let operations: Operation[] = []
let admin: string
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  admin = await newOrganization('acme')
  await api('PUT', '/projects/acme/tool', { token: admin })
  operations = (await readOperations()).filter(({ method, path }) => !DESTRUCTIVE.test(`${method} ${path}`))
})

/** One request, and what must hold of any answer. */
const ask = async (operation: Operation, token: string, strangeness: number): Promise<number> => {
  const { path, options } = requestOf(operation, strangeness)
  const { status, body, headers } = await send(operation.method, path, { ...options, token })
  const sent = options.bytes ? new TextDecoder().decode(options.bytes).slice(0, 300) : ''
  const said = `${status} ${JSON.stringify(body)} for ${operation.method} ${path} ${sent}`
  // The packager of these tests is never there: that alone may be said to be ours.
  if (status >= 500 && body?.error?.code !== 'packager_unavailable') expect.fail(said)
  if (status < 400) return status
  if (!errorBodySchema.safeParse(body).success) expect.fail(said)
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(body.error.requestId).toBe(headers.get('x-request-id'))
  return status
}

describe.each([
  ['an administrator', () => admin, 0.08],
  ['an administrator gone mad', () => admin, 0.5],
  ['an operator', () => OPERATOR, 0.25],
])('as %s', (_, token, strangeness) => {
  // Hundreds of requests, some of which make signing keys: on a busy machine that takes minutes.
  it('no request whatever gives trouble of ours', { timeout: 600_000 }, async () => {
    expect(operations.length).toBeGreaterThan(60)
    const seen = new Set<number>()
    const round = Array.from({ length: ROUNDS }, () => operations).flat()
    for (const operation of round) seen.add(await ask(operation, token(), strangeness))
    // It is no use when everything is refused at the entry point.
    expect([...seen].filter((status) => status < 300).length).toBeGreaterThan(0)
    expect(seen.size).toBeGreaterThan(3)
  })
})

describe('a secret', () => {
  it('planted anywhere is in no answer, no export, no line of the log and no row but its own', async () => {
    const logged: unknown[] = []
    for (const name of ['log', 'error', 'warn', 'info', 'debug'] as const) {
      vi.spyOn(console, name).mockImplementation((...words: unknown[]) => void logged.push(...words))
    }
    const canary = 'canary-4f1d2c'
    const owner = await newPerson('canary')
    await owner.api('POST', '/organizations', { organization: 'caged' })
    await owner.api('PUT', '/projects/caged/bird', QUICK_KEYS)
    const made = (await owner.api('POST', '/organizations/caged/tokens', { name: 'one', scopes: ['admin'] })).body
    const hook = { target: { kind: 'json', url: `https://hooks.example.net/${canary}` }, events: ['build.failed'] }
    const { secret: hookSecret } = (await owner.api('POST', '/organizations/caged/webhooks', hook)).body
    const secrets = [canary, made.secret, hookSecret, ...owner.cookies.values()]
    // Sent where it does not belong, too: it must not come back in a refusal or be written down.
    await api('GET', '/whoami', { token: `dpk_${canary}` })
    await api('POST', '/ci/exchange', {
      json: { organization: 'caged', project: 'bird', token: `${canary}.${canary}.${canary}` },
    })
    const shown: string[] = []
    for (const { method, path } of operations.filter((each) => each.method === 'GET')) {
      const address = path
        .replace('{org}', 'caged')
        .replace('{project}', 'bird')
        .replaceAll(/\{\w+\}/g, 'x')
      const { body } = await owner.api(method, address.replace('/api/v1', ''))
      shown.push(typeof body === 'string' ? body : JSON.stringify(body))
    }
    const { results: tables } = await testEnv.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
    ).all<{ name: string }>()
    // Sessions hold their token as better-auth keeps it; every other table must hold none of these.
    for (const { name } of tables.filter((table) => table.name !== 'sessions' && !table.name.startsWith('sqlite'))) {
      shown.push(JSON.stringify((await testEnv.DB.prepare(`SELECT * FROM "${name}"`).all()).results))
    }
    vi.restoreAllMocks()
    expect(logged.length).toBeGreaterThan(3)
    shown.push(logged.map(String).join('\n'))
    for (const secret of secrets) for (const text of shown) expect(text).not.toContain(secret)
  })
})
