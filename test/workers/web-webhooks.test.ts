// Webhooks as whoever listens meets them: signed as the standard's own library checks it, tried again, never inside.
import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DeliveryMessage, Env } from '../../workers/web/env.ts'
import worker from '../../workers/web/worker.ts'
import type { Heard } from '../support/outside/listener.ts'
import { mailsTo, newPerson } from './people.ts'
import { freshPlatform, QUICK_KEYS, send, settle, testEnv } from './web-fixture.ts'

type Person = Awaited<ReturnType<typeof newPerson>>
let owner: Person
const at = '/organizations/acme/webhooks'
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  owner = await newPerson('owner')
  await owner.api('POST', '/organizations', { organization: 'acme' })
  await owner.api('PUT', '/projects/acme/tool', QUICK_KEYS)
})

const create = (target: object, events = ['identity.accepted', 'build.failed']) =>
  owner.api('POST', at, { target, events })

const heard = async (): Promise<Heard[]> => (await fetch('https://hooks.example.net/heard')).json()

/** What the queue would do, with its answer. */
const deliver = async (deliveryId: string, attempts = 1) => {
  const messages = [{ id: 'm', timestamp: new Date(), attempts, body: { deliveryId } }]
  const batch = createMessageBatch('distropack-deliveries', messages)
  const context = createExecutionContext()
  await worker.queue(batch as MessageBatch<DeliveryMessage>, env as unknown as Env)
  return getQueueResult(batch, context)
}

const newest = async (id: string) => (await owner.api('GET', `${at}/${id}/deliveries`)).body.items[0]

describe('a webhook', () => {
  it('gets what happened, signed so that the standard’s library accepts it and no change of it', async () => {
    const made = (await create({ kind: 'json', url: 'https://hooks.example.net/json?key=x' })).body
    expect(made.secret).toMatch(/^whsec_/)
    expect(made.target.address).toBe('https://hooks.example.net')
    const test = (await owner.api('POST', `${at}/${made.id}/test`)).body
    expect(test.state).toBe('waiting')
    expect((await deliver(test.id)).explicitAcks).toEqual(['m'])
    const got = (await heard()).at(-1)
    const verifier = new Webhook(made.secret)
    const payload = verifier.verify(got?.body ?? '', got?.headers ?? {})
    expect(payload).toMatchObject({ type: 'ping', data: { organization: 'acme', actor: { name: owner.email } } })
    expect(() => verifier.verify(got?.body.replace('ping', 'pong') ?? '', got?.headers ?? {})).toThrow()
    expect(() =>
      new Webhook('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA').verify(got?.body ?? '', got?.headers ?? {}),
    ).toThrow()
    expect(await newest(made.id)).toMatchObject({ state: 'delivered', status: 200, answer: 'thanks', attempts: 1 })
    // Delivered is delivered, however often the queue says it again.
    const before = (await heard()).length
    await deliver(test.id)
    expect((await heard()).length).toBe(before)
  })

  it('hears only of what it asked for', async () => {
    const made = (await create({ kind: 'json', url: 'https://hooks.example.net/some' }, ['build.failed'])).body
    await owner.api('PATCH', '/projects/acme/tool', { archived: true })
    await owner.api('PATCH', '/projects/acme/tool', { archived: false })
    expect((await owner.api('GET', `${at}/${made.id}/deliveries`)).body.items).toEqual([])
  })

  it('that fails is tried again, later and later, and its log says what it answered', async () => {
    const made = (await create({ kind: 'json', url: 'https://hooks.example.net/broken' })).body
    await fetch('https://hooks.example.net/answer', { method: 'POST', body: '[500, 302, 200]' })
    const { id } = (await owner.api('POST', `${at}/${made.id}/test`)).body
    expect((await deliver(id)).retryMessages).toHaveLength(1)
    const first = await newest(made.id)
    expect(first).toMatchObject({ state: 'waiting', status: 500, answer: 'out of order', attempts: 1 })
    // An answer that would send us elsewhere is a failure and is not followed.
    expect((await deliver(id, 2)).retryMessages).toHaveLength(1)
    const second = await newest(made.id)
    expect(second).toMatchObject({ status: 302 })
    expect(second.nextAttemptAtMs - first.nextAttemptAtMs).toBeGreaterThanOrEqual(50_000)
    expect((await deliver(id, 3)).explicitAcks).toEqual(['m'])
    expect(await newest(made.id)).toMatchObject({ state: 'delivered', attempts: 3 })
    const again = await owner.api('POST', `${at}/${made.id}/deliveries/${id}/redeliver`)
    expect(again.body).toMatchObject({ id, state: 'waiting', attempts: 0 })
    await deliver(id)
    expect((await heard()).filter(({ headers }) => headers['webhook-id'] === id)).toHaveLength(4)
  })

  it('that never answers is given up on, and in the end switched off', async () => {
    const made = (await create({ kind: 'json', url: 'https://hooks.example.net/dead' })).body
    await testEnv.DB.prepare('UPDATE webhooks SET failures = 19 WHERE id = ?').bind(made.id).run()
    await fetch('https://hooks.example.net/answer', { method: 'POST', body: JSON.stringify(Array(7).fill(503)) })
    const { id } = (await owner.api('POST', `${at}/${made.id}/test`)).body
    for (let attempt = 1; attempt <= 6; attempt++) expect((await deliver(id, attempt)).retryMessages).toHaveLength(1)
    expect((await deliver(id, 7)).explicitAcks).toEqual(['m'])
    expect(await newest(made.id)).toMatchObject({ state: 'failed', attempts: 7 })
    const listed = (await owner.api('GET', at)).body.items.find((each: { id: string }) => each.id === made.id)
    expect(listed).toMatchObject({ enabled: false, failures: 20 })
    const stale = { 'if-match': '"of-another-time"' }
    expect((await owner.api('PATCH', `${at}/${made.id}`, { enabled: true }, stale)).status).toBe(412)
    const etag = (await owner.api('GET', `${at}/${made.id}`)).headers.get('etag') ?? ''
    const on = await owner.api('PATCH', `${at}/${made.id}`, { enabled: true }, { 'if-match': etag })
    expect(on.body).toMatchObject({ enabled: true, failures: 0 })
  })

  it.each(['http://hooks.example.net/', 'https://10.0.0.1/', 'https://localhost/', 'https://a:b@hooks.example.net/'])(
    'is not made for %s',
    async (url) => {
      const refused = await create({ kind: 'json', url })
      expect([refused.status, refused.body.error.code]).toEqual([422, 'address_refused'])
    },
  )

  it('keeps its address and secret sealed: a chat’s address is as good as a password', async () => {
    const made = (await create({ kind: 'slack', url: 'https://hooks.example.net/services/T0/B0/planted-canary' })).body
    expect(made.secret).toBeNull()
    const rows = JSON.stringify((await testEnv.DB.prepare('SELECT * FROM webhooks').all()).results)
    expect(rows).not.toContain('planted-canary')
    expect(JSON.stringify((await owner.api('GET', at)).body)).not.toContain('planted-canary')
    expect(JSON.stringify((await owner.api('GET', '/organizations/acme/audit')).body)).not.toContain('planted-canary')
    const { id } = (await owner.api('POST', `${at}/${made.id}/test`)).body
    await deliver(id)
    const got = (await heard()).at(-1)
    expect(got?.path).toContain('planted-canary')
    expect(Object.keys(JSON.parse(got?.body ?? ''))).toEqual(['text'])
  })
})

describe('a notice by mail', () => {
  it('goes to members alone', async () => {
    expect((await create({ kind: 'mail', email: 'stranger@example.net' })).status).toBe(400)
    const made = (await create({ kind: 'mail', email: owner.email })).body
    const { id } = (await owner.api('POST', `${at}/${made.id}/test`)).body
    await deliver(id)
    expect((await mailsTo(owner.email)).at(-1)).toMatchObject({ subject: 'DistroPack: ping' })
  })
})

describe('the feed', () => {
  it('is Atom, and stands at the repository', async () => {
    await settle()
    const feed = await send('GET', '/r/acme/tool/feed.atom')
    expect(feed.headers.get('content-type')).toContain('application/atom+xml')
    expect(feed.body).toContain('<feed xmlns="http://www.w3.org/2005/Atom">')
  })
})
