import { describe, expect, it } from 'vitest'
import { createClient } from './client.ts'

interface Sent {
  readonly url: string
  readonly init: RequestInit
}
type Answer = Response | Error | (() => Response)

const PROJECT = { organization: 'acme', project: 'tool' }
const json = (value: unknown, status = 200, headers: Record<string, string> = {}): (() => Response) => {
  return () => new Response(JSON.stringify(value), { status, headers })
}
const NO_JOBS = { waiting: 0, building: 0, built: 0, published: 0, failed: 0, dead: 0 }
const BUILD = {
  id: 'bld_1',
  ...PROJECT,
  channel: 'stable',
  createdAtMs: 1,
  state: 'open',
  jobs: [],
  files: [],
  counts: NO_JOBS,
}
const REFUSAL = { error: { code: 'forbidden', message: 'no', requestId: 'req_1' } }

/** A server that gives these answers in order, the last one for ever. */
const clientOf = (...answers: Answer[]) => {
  const sent: Sent[] = []
  const slept: number[] = []
  let keys = 0
  const client = createClient({
    url: 'https://host.test/',
    token: 'secret',
    sleep: async (ms) => void slept.push(ms),
    newIdempotencyKey: () => `key-${++keys}`,
    fetch: async (url, init = {}) => {
      sent.push({ url: String(url), init })
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (answer instanceof Error) throw answer
      return typeof answer === 'function' ? answer() : (answer ?? new Response(null))
    },
  })
  return { client, project: client.inProject(PROJECT), sent, slept }
}

describe('a call', () => {
  it('goes to its path with the token', async () => {
    const { project, sent } = clientOf(json(BUILD))
    expect(await project.build('bld/1')).toEqual({ ok: true, value: BUILD })
    expect(sent[0]?.url).toBe('https://host.test/api/v1/projects/acme/tool/builds/bld%2F1')
    expect(new Headers(sent[0]?.init.headers).get('authorization')).toBe('Bearer secret')
  })

  it.each(['.', '..'])('of "%s" is not sent: it would be another address', async (id) => {
    const { project, sent } = clientOf(json({ ok: true }))
    const refused = await project.deleteArtifact(id)
    expect(refused).toMatchObject({ ok: false, error: { kind: 'refused', faults: [{ code: 'request_invalid' }] } })
    expect(sent).toEqual([])
    expect((await project.deleteArtifact('..x')).ok).toBe(true)
  })

  it('is tried again when the network or the server fails for a while', async () => {
    const { project, sent, slept } = clientOf(new TypeError('fetch failed'), json({}, 503), json(BUILD))
    expect((await project.build('bld_1')).ok).toBe(true)
    expect(sent).toHaveLength(3)
    expect(slept).toEqual([500, 1000])
  })

  it('waits as long as it is told', async () => {
    const { project, slept } = clientOf(json({}, 429, { 'retry-after': '7' }), json(BUILD))
    await project.build('bld_1')
    expect(slept).toEqual([7000])
  })

  it('gives up, and says why', async () => {
    const { project, sent } = clientOf(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }))
    expect(await project.build('bld_1')).toMatchObject({
      ok: false,
      error: { kind: 'unreachable', faults: [{ message: expect.stringContaining('ECONNREFUSED') }] },
    })
    expect(sent).toHaveLength(6)
  })

  it('is not tried again when it is refused', async () => {
    const { project, sent } = clientOf(json(REFUSAL, 403))
    expect(await project.build('bld_1')).toEqual({
      ok: false,
      error: { kind: 'refused', status: 403, requestId: 'req_1', faults: [{ code: 'forbidden', message: 'no' }] },
    })
    expect(sent).toHaveLength(1)
  })

  it('hands on every fault of a refusal', async () => {
    const faults = [
      { code: 'name_invalid', message: 'a' },
      { code: 'version_invalid', message: 'b' },
    ]
    const { project } = clientOf(json({ error: { ...REFUSAL.error, faults } }, 422))
    expect(await project.build('bld_1')).toMatchObject({ error: { faults } })
  })

  it('does not take a stranger’s page for an answer', async () => {
    const { project } = clientOf(() => new Response('<html>', { status: 200 }))
    expect(await project.build('bld_1')).toMatchObject({ error: { kind: 'unreachable' } })
  })
})

it('a build that is asked for again is asked for under one key', async () => {
  const { project, sent } = clientOf(new TypeError('fetch failed'), json(BUILD, 201))
  expect((await project.createBuild({ manifest: 'name: a', sources: [] })).ok).toBe(true)
  expect(sent.map(({ init }) => new Headers(init.headers).get('idempotency-key'))).toEqual(['key-1', 'key-1'])
})

it('missing blobs are asked for a thousand at a time', async () => {
  const { project, sent } = clientOf(json({ missing: ['a'.repeat(64)] }))
  const blobs = Array.from({ length: 2001 }, (_, n) => ({ sha256: n.toString(16).padStart(64, '0'), sizeBytes: 1 }))
  expect(await project.missingBlobs(blobs)).toEqual({ ok: true, value: new Set(['a'.repeat(64)]) })
  expect(sent.map(({ init }) => JSON.parse(String(init.body)).blobs.length)).toEqual([1000, 1000, 1])
})

it('an upload that broke off is started again', async () => {
  const { project, sent } = clientOf(new TypeError('fetch failed'), json({}, 201))
  const opened: number[] = []
  const sentBlob = await project.upload({ sha256: 'b'.repeat(64), sizeBytes: 3 }, (offset, length) => {
    opened.push(offset)
    return new Uint8Array(length)
  })
  expect(sentBlob.ok).toBe(true)
  expect(opened).toEqual([0, 0])
  expect(sent[1]?.url).toBe(`https://host.test/api/v1/projects/acme/tool/blobs/${'b'.repeat(64)}`)
})
