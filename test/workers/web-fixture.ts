// The web Worker as a stranger meets it: over HTTP, with a fresh database, one organization and its token.
import { type D1Migration, reset } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { API_PREFIX } from '@distropack/core/contract/api.ts'

export interface TestEnv {
  readonly DB: D1Database
  readonly BUCKET: R2Bucket
  readonly MIGRATIONS: D1Migration[]
}
export const testEnv = env as unknown as TestEnv
const worker = (exports as unknown as { default: Fetcher }).default

export const OPERATOR = 'operator-of-the-tests'
const BASE = 'http://platform.test'

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  readonly body: any
  readonly headers: Headers
}

export const send = async (
  method: string,
  path: string,
  options: { token?: string; json?: unknown; bytes?: Uint8Array; headers?: Record<string, string> } = {},
): Promise<Answer> => {
  const headers = new Headers(options.headers)
  if (options.token) headers.set('authorization', `Bearer ${options.token}`)
  if (options.json !== undefined) headers.set('content-type', 'application/json')
  if (options.bytes) headers.set('content-length', String(options.bytes.length))
  const body = options.json === undefined ? options.bytes : JSON.stringify(options.json)
  const init = { method, headers, body: body as BodyInit | undefined, redirect: 'manual' as const }
  const response = await worker.fetch(`${BASE}${path}`, init)
  const text = await response.text()
  const isJson = /^application\/(?:problem\+)?json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, body: isJson && text ? JSON.parse(text) : text, headers: response.headers }
}

export const api = (method: string, path: string, options?: Parameters<typeof send>[2]): Promise<Answer> =>
  send(method, `${API_PREFIX}${path}`, options)

export { QUICK_KEYS } from '../support/own-keys.ts'

/** An administrating token of a new organization. */
export const newOrganization = async (organization: string): Promise<string> => {
  const { body } = await api('POST', '/operator/bootstrap', { token: OPERATOR, json: { organization } })
  return body.secret
}

/** Two of some three hundred resets left the database as it was, where files share one workerd (1.20261023.1). */
const isDatabaseEmpty = async (): Promise<boolean> =>
  (await testEnv.DB.prepare("SELECT 1 FROM sqlite_master WHERE name = 'organizations'").first()) === null

export const freshPlatform = async (): Promise<void> => {
  do await reset()
  while (!(await isDatabaseEmpty()))
  await testEnv.DB.batch(testEnv.MIGRATIONS.flatMap(({ queries }) => queries.map((sql) => testEnv.DB.prepare(sql))))
}

export const sha256Of = async (bytes: Uint8Array): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', bytes as BufferSource)).toString('hex')

export const uploadText = async (token: string, project: string, text: string): Promise<string> => {
  const bytes = new TextEncoder().encode(text)
  const sha256 = await sha256Of(bytes)
  const { status } = await api('PUT', `/projects/${project}/blobs/${sha256}`, { token, bytes })
  if (status !== 200) throw new Error(`upload answered ${status}`)
  return sha256
}

/** Waits until every project has its first generation: a run that ends while an alarm is at work never ends. */
export const settle = async (): Promise<void> => {
  const { results } = await testEnv.DB.prepare(
    'SELECT o.slug AS org, p.slug AS project FROM projects p JOIN organizations o ON o.id = p.organization_id',
  ).all<{ org: string; project: string }>()
  for (const { org, project } of results) {
    while ((await api('GET', `/projects/${org}/${project}`, { token: OPERATOR })).body.generation === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  // The head is flipped and D1 is told a moment after the generation is committed.
  await new Promise((resolve) => setTimeout(resolve, 300))
}
