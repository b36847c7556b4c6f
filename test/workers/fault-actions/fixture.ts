// What the actions share: an organization with a private project, its tokens and people, and the ways to look at D1,
// at the store and at the file server.
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { objectKey } from '@distropack/core/contract/objects.ts'
import type { Env } from '../../../workers/web/env.ts'
import { newId } from '../../../workers/web/services/platform/ids.ts'
import { openPlatform } from '../../../workers/web/services/platform/platform.ts'
import { sweep } from '../../../workers/web/services/platform/sweep.ts'
import { newPerson } from '../people.ts'
import { api, freshPlatform, newOrganization, OPERATOR, QUICK_KEYS, send, sha256Of } from '../web-fixture.ts'

export const realEnv = env as unknown as Env

type Person = Awaited<ReturnType<typeof newPerson>>

export interface World {
  /** Administrates `acme`. */
  readonly admin: string
  readonly owner: Person
  readonly guest: Person
  readonly ownerCookie: string
  readonly guestCookie: string
}

export let world: World

export const cookieOf = ({ cookies }: Person): string =>
  [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

export const rows = async <T>(sql: string, ...values: unknown[]): Promise<T[]> =>
  (
    await realEnv.DB.prepare(sql)
      .bind(...values)
      .all<T>()
  ).results

export const one = async <T>(sql: string, ...values: unknown[]): Promise<T> => {
  const [row] = await rows<T>(sql, ...values)
  if (!row) throw new Error(`nothing for ${sql}`)
  return row
}

export const run = async (sql: string, ...values: unknown[]): Promise<void> => {
  await realEnv.DB.prepare(sql)
    .bind(...values)
    .run()
}

/** Without faults, and meant to be taken. */
export const must = async (method: string, path: string, options: Parameters<typeof api>[2] = {}) => {
  const answer = await api(method, path, { token: world?.admin, ...options })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

let last = 0
/** A word that nothing else is called. */
export const word = (prefix: string): string => `${prefix}${last++}`

export const projectId = async (slug: string, organization = 'acme'): Promise<string> =>
  (
    await one<{ id: string }>(
      'SELECT p.id FROM projects p JOIN organizations o ON o.id = p.organization_id WHERE o.slug = ? AND p.slug = ?',
      organization,
      slug,
    )
  ).id

export const publisherStub = (id: string) => realEnv.PUBLISHERS.get(realEnv.PUBLISHERS.idFromName(id))

/** A publisher that is told things and does none of them: what it does is another action's, and costs a generation. */
export const holdPublisher = (id: string): Promise<void> =>
  runInDurableObject(publisherStub(id) as never, async (_, state: DurableObjectState) => {
    const inAnHour = String(Date.now() + 3600_000)
    state.storage.sql.exec("INSERT OR REPLACE INTO meta VALUES ('flippedAtMs', ?)", inAnHour)
    await state.storage.deleteAlarm()
  })

/** Whether a held publisher has been told: its alarm is set, and sees it through whatever happens to whoever told it. */
export const isWoken = (id: string): Promise<boolean> =>
  runInDurableObject(
    publisherStub(id) as never,
    async (_, state: DurableObjectState) => (await state.storage.getAlarm()) !== null,
  )

const MAX_LOOKS = 200

/** What is missing once the publishers have done what they were told, or at last. */
export const afterPublishing = async (
  ids: readonly string[],
  look: () => Promise<string | undefined>,
): Promise<string | undefined> => {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const ran = await Promise.all(ids.map((id) => runDurableObjectAlarm(publisherStub(id) as never)))
    const missing = await look()
    if (missing === undefined) return undefined
    // Nobody has anything to do, and no alarm of before is at work: this is how it stays.
    if (!ran.includes(true) && looks > 3) return missing
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return look()
}

/** As a reader asks: the status, and the text. */
export const read = (path: string, token?: string) => send('GET', `/r/${path}`, token ? { token } : {})

/** The status alone. */
export const statusAt = async (path: string, token?: string): Promise<number> =>
  (await send('HEAD', `/r/${path}`, token ? { token } : {})).status

/** May the bearer of this read the private project? */
export const opensHidden = async (token: string): Promise<boolean> =>
  (await statusAt('acme/hidden/index.json', token)) === 200

/** What the cron does, long enough after whatever was left. */
export const sweepLater = async (): Promise<void> => {
  const platform = openPlatform(realEnv)
  const later = Date.now() + 60_000
  await sweep({ ...platform, nowMs: () => later })
}

/** Somebody with an account who cannot sign in: a row, and a membership. */
export const newMember = async (role = 'reader'): Promise<{ id: string; email: string }> => {
  const id = newId('usr', Date.now())
  const email = `${word('member')}@example.net`
  await run(
    'INSERT INTO users (id, name, email, email_verified, created_at, updated_at) VALUES (?, ?, ?, 1, ?, ?)',
    ...[id, email, email, Date.now(), Date.now()],
  )
  const { id: organizationId } = await one<{ id: string }>("SELECT id FROM organizations WHERE slug = 'acme'")
  await run('INSERT INTO members VALUES (?, ?, ?, ?)', organizationId, id, role, Date.now())
  return { id, email }
}

/** A token of this person alone, with its grant. */
export const newPersonalToken = async (userId: string): Promise<string> => {
  const secret = `dpk_${word('secret')}-of-somebody`
  const sha256 = await sha256Of(new TextEncoder().encode(secret))
  await run(
    `INSERT INTO api_tokens (id, kind, user_id, name, secret_sha256, scopes, created_at_ms)
     VALUES (?, 'personal', ?, 'x', ?, '["read"]', ?)`,
    ...[newId('tok', Date.now()), userId, sha256, Date.now()],
  )
  const reach = await rows<{ organization: string }>(
    'SELECT o.slug AS organization FROM members m JOIN organizations o ON o.id = m.organization_id WHERE m.user_id = ?',
    userId,
  )
  const grant = { reach: reach.map(({ organization }) => ({ organization, project: null })), expiresAtMs: null }
  await realEnv.BUCKET.put(objectKey.grant(sha256), JSON.stringify(grant))
  return secret
}

export const openWorld = async (): Promise<void> => {
  await freshPlatform()
  // The first account runs the instance.
  const owner = await newPerson('owner')
  const guest = await newPerson('guest')
  const admin = await newOrganization('acme')
  const { id } = await one<{ id: string }>("SELECT id FROM organizations WHERE slug = 'acme'")
  await run('INSERT INTO members VALUES (?, ?, ?, ?)', id, owner.id, 'owner', Date.now())
  world = { admin, owner, guest, ownerCookie: cookieOf(owner), guestCookie: cookieOf(guest) }
  for (const slug of ['hidden', 'tool']) {
    await must('PUT', `/projects/acme/${slug}`, {
      json: { ...QUICK_KEYS, access: slug === 'hidden' ? 'private' : 'public' },
    })
    const missing = await afterPublishing([await projectId(slug)], async () =>
      (await read(`acme/${slug}/index.json`, admin)).status === 200 ? undefined : 'no first generation',
    )
    if (missing) throw new Error(missing)
  }
  await must('PUT', '/projects/acme/held', { json: QUICK_KEYS })
  await holdPublisher(await projectId('held'))
}

export { OPERATOR }
