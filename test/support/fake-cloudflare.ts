// Cloudflare's API as far as a deployment asks it, kept in memory; the real wrangler talks to it. Every answer has the
// envelope of https://developers.cloudflare.com/api/, and what is not known here is a 404 that a test then shows.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export const ACCOUNT = { id: 'acc0000000000000000000000000000f', name: 'Ada' }

interface Envelope {
  readonly status?: number
  readonly result?: unknown
  readonly errors?: readonly { readonly code: number; readonly message: string }[]
  readonly result_info?: object
}

export interface FakeCloudflare {
  readonly url: string
  /** `METHOD /path`, in order. */
  readonly calls: string[]
  /** Those that changed something. */
  changes(): readonly string[]
  readonly state: State
  /** The next answers to this method and path are this refusal. */
  refuse(method: string, path: RegExp, code: number, message: string): void
  /** Takes what `refuse` said back. */
  allow(): void
  close(): void
}

interface Script {
  readonly metadata: Readonly<Record<string, unknown>>
  readonly secrets: readonly string[]
}

interface State {
  readonly databases: Map<string, string>
  readonly buckets: Set<string>
  readonly queues: Map<string, { readonly consumers: object[] }>
  readonly scripts: Map<string, Script>
  readonly routes: string[]
  readonly schedules: Map<string, unknown>
  readonly migrations: string[]
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** The part of a multipart form that says what the Worker is. */
const metadataOf = async (body: Buffer, type: string): Promise<Script['metadata']> => {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
  const metadata = form.get('metadata')
  return JSON.parse(typeof metadata === 'string' ? metadata : await (metadata as File).text())
}

interface Asked {
  readonly match: RegExpExecArray
  readonly query: URLSearchParams
  readonly body: Buffer
  readonly type: string
}

type Route = readonly [method: string, path: RegExp, answer: (asked: Asked) => Envelope | Promise<Envelope>]

const queueRow = (name: string, { consumers }: { readonly consumers: object[] }) => ({
  queue_id: `queue-${name}`,
  queue_name: name,
  producers: [],
  consumers,
  producers_total_count: 0,
  consumers_total_count: consumers.length,
})

const missing: Envelope = { status: 404, errors: [{ code: 10007, message: 'not found' }] }

const routesOf = (state: State): readonly Route[] => {
  const json = ({ body }: Asked) => JSON.parse(body.toString('utf8'))
  const A = '^/accounts/[^/]+'
  return [
    ['GET', /^\/accounts$/, () => ({ result: [ACCOUNT] })],
    ['GET', /^\/memberships$/, () => ({ result: [{ id: 'm', account: ACCOUNT }] })],
    ['GET', /^\/user$/, () => ({ result: { id: 'u', email: 'ada@example.net' } })],
    [
      'GET',
      /^\/zones$/,
      ({ query }) => ({
        result: query.get('name') === 'example.net' ? [{ id: 'zone', name: 'example.net', account: ACCOUNT }] : [],
      }),
    ],
    ['GET', new RegExp(`${A}/workers/subdomain$`), () => ({ result: { subdomain: 'ada' } })],
    [
      'GET',
      new RegExp(`${A}/d1/database$`),
      () => ({ result: [...state.databases].map(([name, uuid]) => ({ name, uuid })) }),
    ],
    [
      'POST',
      new RegExp(`${A}/d1/database$`),
      (asked) => {
        const { name } = json(asked)
        state.databases.set(name, '11111111-2222-3333-4444-555555555555')
        return { result: { name, uuid: state.databases.get(name) } }
      },
    ],
    [
      'GET',
      new RegExp(`${A}/d1/database/[\\w-]+$`),
      () => ({ result: { name: 'x', uuid: 'x', version: 'production' } }),
    ],
    [
      'DELETE',
      new RegExp(`${A}/d1/database/`),
      () => {
        state.databases.clear()
        return { result: null }
      },
    ],
    [
      'POST',
      new RegExp(`${A}/d1/database/[\\w-]+/query$`),
      (asked) => {
        const { sql } = json(asked) as { readonly sql: string }
        const [, name] = /INSERT INTO "?d1_migrations"? \(name\)\s*values \('([^']+)'\)/i.exec(sql) ?? []
        if (name !== undefined) state.migrations.push(name)
        const isList = /SELECT \*\s+FROM "?d1_migrations"?/i.test(sql)
        const results = isList
          ? state.migrations.map((each, index) => ({ id: index + 1, name: each, applied_at: '2026-01-01' }))
          : []
        return { result: [{ success: true, results, meta: { duration: 1, rows_read: 0, rows_written: 0 } }] }
      },
    ],
    [
      'GET',
      new RegExp(`${A}/r2/buckets$`),
      () => ({ result: { buckets: [...state.buckets].map((name) => ({ name })) } }),
    ],
    [
      'GET',
      new RegExp(`${A}/r2/buckets/([\\w-]+)$`),
      ({ match }) =>
        state.buckets.has(match[1] ?? '')
          ? { result: { name: match[1] } }
          : { status: 404, errors: [{ code: 10006, message: 'no such bucket' }] },
    ],
    [
      'POST',
      new RegExp(`${A}/r2/buckets$`),
      (asked) => {
        const { name } = json(asked)
        state.buckets.add(name)
        return { result: { name } }
      },
    ],
    [
      'DELETE',
      new RegExp(`${A}/r2/buckets/`),
      () => {
        state.buckets.clear()
        return { result: {} }
      },
    ],
    [
      'GET',
      new RegExp(`${A}/queues$`),
      ({ query }) => {
        const wanted = query.get('name')
        const rows = [...state.queues].filter(([name]) => wanted === null || name === wanted)
        return {
          result: rows.map(([name, queue]) => queueRow(name, queue)),
          result_info: { page: 1, total_pages: 1, total_count: rows.length, count: rows.length, per_page: 100 },
        }
      },
    ],
    [
      'POST',
      new RegExp(`${A}/queues$`),
      (asked) => {
        const { queue_name: name } = json(asked)
        state.queues.set(name, { consumers: [] })
        return { result: queueRow(name, { consumers: [] }) }
      },
    ],
    [
      'DELETE',
      new RegExp(`${A}/queues/queue-([\\w-]+)$`),
      ({ match }) => {
        state.queues.delete(match[1] ?? '')
        return { result: null }
      },
    ],
    [
      'GET',
      new RegExp(`${A}/queues/queue-([\\w-]+)/consumers$`),
      ({ match }) => ({ result: state.queues.get(match[1] ?? '')?.consumers ?? [] }),
    ],
    [
      'POST',
      new RegExp(`${A}/queues/queue-([\\w-]+)/consumers$`),
      (asked) => {
        const consumer = {
          ...json(asked),
          consumer_id: 'c',
          script: json(asked).script_name,
          type: 'worker',
        }
        state.queues.get(asked.match[1] ?? '')?.consumers.push(consumer)
        return { result: consumer }
      },
    ],
    ['PUT', new RegExp(`${A}/queues/queue-([\\w-]+)/consumers/`), () => ({ result: {} })],
    [
      'GET',
      new RegExp(`${A}/workers/services/([\\w-]+)$`),
      ({ match }) => {
        const script = state.scripts.get(match[1] ?? '')
        if (!script) return { status: 404, errors: [{ code: 10090, message: 'This service does not exist.' }] }
        const tag = (script.metadata.migrations as { new_tag?: string } | undefined)?.new_tag ?? 'v2'
        return {
          result: {
            id: match[1],
            default_environment: {
              environment: 'production',
              script: { id: match[1], tag: match[1], migration_tag: tag, last_deployed_from: 'wrangler' },
            },
          },
        }
      },
    ],
    [
      'GET',
      new RegExp(`${A}/workers/scripts$`),
      () => ({ result: [...state.scripts.keys()].map((id) => ({ id, migration_tag: 'v2' })) }),
    ],
    [
      'PUT',
      new RegExp(`${A}/workers/scripts/([\\w-]+)$`),
      async ({ match, body, type }) => {
        const metadata = await metadataOf(body, type)
        const bindings = metadata.bindings as readonly { readonly type: string; readonly name: string }[]
        const secrets = bindings.filter((each) => each.type === 'secret_text').map(({ name }) => name)
        state.scripts.set(match[1] ?? '', { metadata, secrets })
        return {
          result: {
            id: match[1],
            etag: 'e',
            entry_point: 'worker.js',
            startup_time_ms: 1,
            deployment_id: 'd',
            available_on_subdomain: true,
          },
        }
      },
    ],
    [
      'DELETE',
      new RegExp(`${A}/workers/(?:scripts|services)/([\\w-]+)$`),
      ({ match }) => {
        state.scripts.delete(match[1] ?? '')
        return { result: null }
      },
    ],
    [
      'GET',
      new RegExp(`${A}/workers/scripts/[\\w-]+/subdomain$`),
      () => ({ result: { enabled: true, previews_enabled: true } }),
    ],
    ['POST', new RegExp(`${A}/workers/scripts/[\\w-]+/subdomain$`), (asked) => ({ result: json(asked) })],
    [
      'PUT',
      new RegExp(`${A}/workers/scripts/([\\w-]+)/schedules$`),
      (asked) => {
        state.schedules.set(asked.match[1] ?? '', json(asked))
        return { result: { schedules: json(asked) } }
      },
    ],
    [
      'POST',
      new RegExp(`${A}/workers/scripts/[\\w-]+/assets-upload-session$`),
      () => ({ result: { jwt: 'x', buckets: [] } }),
    ],
    [
      'PUT',
      new RegExp(`${A}/workers/scripts/([\\w-]+)/routes$`),
      (asked) => {
        state.routes.push(...json(asked).map((each: { pattern: string }) => `${asked.match[1]} ${each.pattern}`))
        return { result: json(asked) }
      },
    ],
    [
      'POST',
      new RegExp(`${A}/workers/scripts/([\\w-]+)/domains/changeset`),
      () => ({ result: { added: [], removed: [], updated: [], conflicting: [] } }),
    ],
    [
      'PUT',
      new RegExp(`${A}/workers/scripts/([\\w-]+)/domains/records`),
      (asked) => {
        state.routes.push(
          ...json(asked).origins.map((each: { hostname: string }) => `${asked.match[1]} ${each.hostname}`),
        )
        return { result: [] }
      },
    ],
    [
      'GET',
      new RegExp(`${A}/workers/workers/([\\w-]+)$`),
      ({ match: [, name = ''] }) =>
        state.scripts.has(name)
          ? { result: { id: name, name, subdomain: { enabled: true, previews_enabled: true } } }
          : missing,
    ],
    [
      'GET',
      new RegExp(`${A}/workers/scripts/([\\w-]+)/secrets$`),
      ({ match: [, name = ''] }) => ({
        result: (state.scripts.get(name)?.secrets ?? []).map((each) => ({ name: each, type: 'secret_text' })),
      }),
    ],
    ['GET', new RegExp(`${A}/workers/scripts/[\\w-]+/deployments$`), () => ({ result: { deployments: [] } })],
    // A Worker that is there gets a version, which a deployment then puts to work.
    [
      'POST',
      new RegExp(`${A}/workers/scripts/([\\w-]+)/versions$`),
      async ({ match: [, name = ''], body, type }) => {
        const before = state.scripts.get(name)
        const metadata = await metadataOf(body, type)
        state.scripts.set(name, { metadata, secrets: before?.secrets ?? [] })
        return {
          result: { id: 'v', startup_time_ms: 1, number: 2, metadata: {}, resources: { script: { etag: 'e' } } },
        }
      },
    ],
    ['POST', new RegExp(`${A}/workers/scripts/[\\w-]+/deployments$`), () => ({ result: { id: 'd' } })],
    ['PATCH', new RegExp(`${A}/workers/scripts/[\\w-]+/script-settings$`), () => ({ result: {} })],
    ['GET', new RegExp(`${A}/storage/kv/namespaces$`), () => ({ result: [] })],
    ['GET', new RegExp(`${A}/containers/applications$`), () => ({ result: [] })],
  ]
}

export const startFakeCloudflare = async (): Promise<FakeCloudflare> => {
  const state: State = {
    databases: new Map(),
    buckets: new Set(),
    queues: new Map(),
    scripts: new Map(),
    routes: [],
    schedules: new Map(),
    migrations: [],
  }
  const calls: string[] = []
  const refusals: { method: string; path: RegExp; code: number; message: string }[] = []
  const routes = routesOf(state)
  const answerTo = async (method: string, url: URL, body: Buffer, type: string): Promise<Envelope> => {
    const refusal = refusals.find((each) => each.method === method && each.path.test(url.pathname))
    if (refusal) return { status: 403, errors: [{ code: refusal.code, message: refusal.message }] }
    for (const [asked, path, answer] of routes) {
      const match = asked === method ? path.exec(url.pathname) : null
      if (match) return answer({ match, query: url.searchParams, body, type })
    }
    return missing
  }
  const server: Server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://cloudflare')
    const method = request.method ?? 'GET'
    const {
      status = 200,
      result = null,
      errors = [],
      ...rest
    } = await answerTo(method, url, await readBody(request), request.headers['content-type'] ?? '').catch(
      (error: Error) => ({ status: 500, result: null, errors: [{ code: 1, message: error.message }] }),
    )
    calls.push(`${method} ${url.pathname}${status === 200 ? '' : ` ${status}`}`)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ success: status === 200, result, errors, messages: [], ...rest }))
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    changes: () => calls.filter((call) => !call.startsWith('GET ') && !/query|assets-upload|changeset/.test(call)),
    state,
    refuse: (method, path, code, message) => void refusals.push({ method, path, code, message }),
    allow: () => void refusals.splice(0),
    close: () => server.close(),
  }
}
