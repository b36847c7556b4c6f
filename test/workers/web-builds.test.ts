// What a build request is told at once: everything that words and file lists can show, with its line, and nothing kept.
import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../workers/web/db/client.ts'
import { findProjectById } from '../../workers/web/services/access/access.ts'
import { listBuilds } from '../../workers/web/services/builds/builds.ts'
import { issueJobToken } from '../../workers/web/services/builds/job-tokens.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import worker from '../../workers/web/worker.ts'
import {
  api,
  freshPlatform,
  newOrganization,
  OPERATOR,
  QUICK_KEYS,
  settle,
  sha256Of,
  testEnv,
  uploadText,
} from './web-fixture.ts'

let acme: string
let program: { path: string; kind: 'file'; mode: number; mtimeSeconds: number; sizeBytes: number; sha256: string }

const MANIFEST = `name: tool
arch: amd64
version: 1.0.0
maintainer: A Person <a@example.com>
description: A tool
contents:
  - src: ./tool
    dst: /usr/bin/tool
`

afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  acme = await newOrganization('acme')
  await api('PUT', '/projects/acme/tool', { token: acme, json: QUICK_KEYS })
  const text = '#!/bin/sh\necho tool\n'
  const sha256 = await uploadText(acme, 'acme/tool', text)
  program = { path: 'tool', kind: 'file', mode: 0o755, mtimeSeconds: 1, sizeBytes: text.length, sha256 }
})

const build = (request: object, headers: Record<string, string> = {}) =>
  api('POST', '/projects/acme/tool/builds', {
    token: acme,
    headers,
    json: { manifest: MANIFEST, sources: [program], targets: ['deb/amd64'], ...request },
  })

describe('a request that keeps going', () => {
  /** An epoch in the version is no apk version. */
  const targets = ['deb/amd64', 'apk/amd64']
  const odd = {
    manifest: MANIFEST.replace('1.0.0', '"1:2"').replace('arch: amd64', 'arch: amd64\nversion_schema: none'),
  }

  it('builds what can be made; what cannot is a failed job with its faults', async () => {
    const stopped = await build({ ...odd, targets })
    expect([stopped.status, stopped.body.error.faults.at(-1).code]).toEqual([422, 'target_impossible'])
    const going = await build({ ...odd, targets, keepGoing: true })
    expect(going.status).toBe(201)
    const shown = going.body.jobs.map((job: { target: string; state: string; faults: { code: string }[] }) => [
      ...[job.target, job.state],
      ...job.faults.map(({ code }) => code),
    ])
    expect(shown.sort().reverse()).toEqual([
      ['deb/amd64', 'waiting'],
      ['apk/amd64', 'failed', 'version_invalid'],
    ])
    expect((await api('GET', `/projects/acme/tool/builds/${going.body.id}`, { token: acme })).body.jobs).toHaveLength(2)
  })

  it('is refused where nothing can be made, and where a mistake is everybody’s', async () => {
    expect((await build({ ...odd, targets: ['apk/amd64'], keepGoing: true })).status).toBe(422)
    expect((await build({ sources: [], targets, keepGoing: true })).body.error.code).toBe('source_missing')
    expect((await build({ keepGoing: 'yes' })).status).toBe(400)
  })
})

const countBuilds = async (): Promise<number> =>
  (await testEnv.DB.prepare('SELECT count(*) AS n FROM builds').first<{ n: number }>())?.n ?? -1

describe('a request with a mistake is refused and keeps nothing', () => {
  const refusals: [string, object, number, string, RegExp][] = [
    ['broken YAML', { manifest: 'name: [tool\n' }, 422, 'manifest_syntax', /distropack\.yaml:\d+/],
    ['a misspelt key', { manifest: `${MANIFEST}descripton: x\n` }, 422, 'manifest_invalid', /description/],
    ['an unknown target', { targets: ['deb/vax'] }, 422, 'target_unknown', /deb\/amd64/],
    ['a file that is not there', { sources: [] }, 422, 'source_missing', /tool/],
    [
      'a path that climbs out',
      { manifest: MANIFEST.replace('dst: /usr/bin/tool', 'dst: /usr/../../etc/tool') },
      422,
      'path_unsafe',
      /\.\./,
    ],
    [
      'a name the format forbids',
      { manifest: MANIFEST.replace('name: tool', 'name: "My Tool"') },
      422,
      'name_invalid',
      /./,
    ],
    ['a version the format forbids', { version: 'one two' }, 422, 'version_invalid', /./],
    [
      'a text that its variables make too long',
      { manifest: MANIFEST.replace('A tool', `"${'$A '.repeat(10_000)}"`), variables: { A: 'x'.repeat(10_000) } },
      422,
      'limit_exceeded',
      /distropack\.yaml:5:1: `description` has more than 65,536 characters/,
    ],
    ['a channel that is no word', { channel: '../x' }, 400, 'request_invalid', /channel/],
  ]
  it.each(refusals)('%s', async (_name, request, status, code, message) => {
    const before = await countBuilds()
    const answer = await build(request)
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
    expect(answer.body.error.message).toMatch(message)
    expect(await countBuilds()).toBe(before)
  })

  it('bytes nobody uploaded', async () => {
    const answer = await build({ sources: [{ ...program, sha256: 'e'.repeat(64) }] })
    expect([answer.status, answer.body.error.code]).toEqual([409, 'blob_missing'])
    expect(answer.body.error.message).toContain('tool')
  })

  it('twenty thousand keys nobody knows, of which it names the first and counts the rest', async () => {
    const keys = Array.from({ length: 20_000 }, (_, at) => `k${at}: 1\n`).join('')
    const answer = await build({ manifest: MANIFEST + keys })
    expect(answer.status).toBe(422)
    expect(answer.body.error.faults).toHaveLength(51)
    expect(answer.body.error.faults[50].message).toContain('19,950 more')
  })

  it('names the entry at which matching takes too much', async () => {
    const entries = Array.from({ length: 500 }, (_, at) => `  - {src: "d/*a*a*N${at}", dst: /opt/${at}/}\n`).join('')
    const long = Array.from({ length: 2_000 }, (_, at) => ({ ...program, path: `d/${'a'.repeat(1000)}${at}` }))
    const answer = await build({ manifest: MANIFEST + entries, sources: [program, ...long] })
    expect([answer.status, answer.body.error.code, answer.body.error.faults.length]).toEqual([
      422,
      'limit_exceeded',
      51,
    ])
    expect(answer.body.error.message).toMatch(/^distropack\.yaml:\d+:\d+: src d\/\*a\*a\*N\d+ takes more work/)
  })

  it('a source in more folders than any has', async () => {
    const answer = await build({ sources: [{ ...program, path: `${'a/'.repeat(300)}tool` }] })
    expect([answer.status, answer.body.error.code]).toEqual([422, 'limit_exceeded'])
    expect(answer.body.error.message).toContain('256 folders')
  })

  it('a body that is no UTF-8, with its offset', async () => {
    const json = JSON.stringify({ manifest: MANIFEST.replace('A Person', 'Jos\u00e9'), sources: [program] })
    const bytes = Uint8Array.from(json, (letter) => letter.charCodeAt(0))
    const headers = { 'content-type': 'application/json' }
    const answer = await api('POST', '/projects/acme/tool/builds', { token: acme, bytes, headers })
    expect([answer.status, answer.body.error.code]).toEqual([422, 'encoding_invalid'])
    expect(answer.body.error.message).toContain(`byte ${json.indexOf('\u00e9')} (0xe9)`)
  })

  it('a body of nothing but brackets, before it is parsed', async () => {
    const bytes = new TextEncoder().encode('['.repeat(1_000_000))
    const headers = { 'content-type': 'application/json' }
    const answer = await api('POST', '/projects/acme/tool/builds', { token: acme, bytes, headers })
    expect([answer.status, answer.body.error.message]).toEqual([400, 'The body is nested more than 32 deep.'])
  })

  it('every mistake at once, not only the first', async () => {
    const answer = await build({ manifest: `${MANIFEST}descripton: x\nmaintaner: y\n` })
    expect(answer.body.error.faults).toHaveLength(2)
  })
})

describe('a good request', () => {
  it('makes one build however often its key is sent', async () => {
    const headers = { 'idempotency-key': 'the-same-key' }
    const [first, second] = await Promise.all([build({}, headers), build({}, headers)])
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body.id).toBe(first.body.id)
    expect(first.body).toMatchObject({ state: 'open', channel: 'stable', jobs: [{ target: 'deb/amd64' }] })
  })

  it('of another content under the same key is refused, whoever sends it; after a day the key is free', async () => {
    const headers = { 'idempotency-key': 'release-v2.0.0' }
    const first = await build({ version: '2.0.0' }, headers)
    const other = await build({ version: '2.0.1' }, headers)
    expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_key_reused'])
    // A CI run has a token of its own each time: what it repeats is still the same request.
    const json = { name: 'another', scopes: ['publish'] }
    const { secret } = (await api('POST', '/organizations/acme/tokens', { token: acme, json })).body
    const request = { manifest: MANIFEST, sources: [program], targets: ['deb/amd64'] }
    const send = (version: string) =>
      api('POST', '/projects/acme/tool/builds', { token: secret, headers, json: { ...request, version } })
    expect((await send('2.0.0')).body.id).toBe(first.body.id)
    expect((await send('2.0.1')).body.error.code).toBe('idempotency_key_reused')
    const push = { files: [{ fileName: 'x_1_amd64.deb', sha256: program.sha256, sizeBytes: program.sizeBytes }] }
    const pushed = await api('POST', '/projects/acme/tool/pushes', { token: secret, headers, json: push })
    expect(pushed.body.error.code).toBe('idempotency_key_reused')
    const before = Date.now() - 25 * 3600_000
    await testEnv.DB.prepare('UPDATE builds SET created_at_ms = ? WHERE id = ?').bind(before, first.body.id).run()
    await testEnv.DB.prepare('UPDATE idempotent_answers SET created_at_ms = ?').bind(before).run()
    const later = await send('2.0.2')
    expect([later.status, later.body.id === first.body.id]).toEqual([201, false])
  })

  it('is not read beyond the limit because it carries a key', async () => {
    const path = `/projects/acme/tool/blobs/${'a'.repeat(64)}/uploads`
    const answer = await api('POST', path, {
      token: acme,
      headers: { 'idempotency-key': 'a-key-of-an-upload', 'content-type': 'application/json' },
      bytes: new Uint8Array(25 * 1024 * 1024),
    })
    expect([answer.status, answer.body.error.code]).toEqual([413, 'body_too_large'])
  })

  it('is an object of its own, swept when the build is long over', async () => {
    const { id } = (await build({ version: '2.1.0' })).body
    const key = `requests/${id}.json`
    const { bytes } = (await testEnv.DB.prepare('SELECT request_bytes AS bytes FROM builds WHERE id = ?')
      .bind(id)
      .first<{ bytes: number }>()) ?? { bytes: -1 }
    expect((await testEnv.BUCKET.head(key))?.size).toBe(bytes)
    await testEnv.DB.prepare("UPDATE jobs SET state = 'failed' WHERE build_id = ?").bind(id).run()
    await testEnv.DB.prepare('UPDATE builds SET created_at_ms = 1, ended_at_ms = 1 WHERE id = ?').bind(id).run()
    await api('POST', '/operator/sweep', { token: OPERATOR })
    expect(await testEnv.BUCKET.head(key)).toBeNull()
  })

  it('is not found by its id from another project', async () => {
    const made = await build({}, { 'idempotency-key': 'another-key' })
    await api('PUT', '/projects/acme/neighbour', { token: acme, json: QUICK_KEYS })
    expect((await api('GET', `/projects/acme/tool/builds/${made.body.id}`, { token: acme })).status).toBe(200)
    expect((await api('GET', `/projects/acme/neighbour/builds/${made.body.id}`, { token: acme })).status).toBe(404)
  })
})

const deliver = async (jobId: string, attempts = 1, queue = 'distropack-jobs') => {
  const message = { id: `${jobId}-${attempts}`, timestamp: new Date(), attempts, body: { jobId } }
  const batch = createMessageBatch(queue, [message])
  const context = createExecutionContext()
  await worker.queue(batch, testEnv as never)
  return getQueueResult(batch, context)
}

const readJob = async (buildId: string) =>
  (await api('GET', `/projects/acme/tool/builds/${buildId}`, { token: acme })).body.jobs[0]

describe('a delivered job', () => {
  it('fails with the packager’s reason when the packager refuses it, and a second delivery changes nothing', async () => {
    const made = await build({}, { 'idempotency-key': 'refused-key' })
    const { id } = made.body.jobs[0]
    expect(await deliver(id)).toMatchObject({ explicitAcks: [`${id}-1`], retryMessages: [] })
    expect(await readJob(made.body.id)).toMatchObject({
      state: 'failed',
      attempts: 1,
      faults: [{ message: 'not here' }],
      warnings: [{ code: 'line_ends_converted', message: 'post.sh had CRLF', where: { line: 3 } }],
    })
    expect(await deliver(id, 2)).toMatchObject({ explicitAcks: [`${id}-2`] })
    expect(await readJob(made.body.id)).toMatchObject({ state: 'failed', attempts: 1 })
  })

  it('fails at once when what was made is larger than can be held, and is not tried again', async () => {
    const made = await build({ manifestFile: 'entry-outgrown.yaml' })
    const jobId = made.body.jobs[0].id
    expect(await deliver(jobId)).toMatchObject({ explicitAcks: [`${jobId}-1`], retryMessages: [] })
    const { body } = await api('GET', `/projects/acme/tool/builds/${made.body.id}`, { token: acme })
    expect(body.jobs[0]).toMatchObject({ state: 'failed', attempts: 1, faults: [{ code: 'limit_exceeded' }] })
  })

  it('that the queue itself gave up on is dead, and one that had ended stays as it ended', async () => {
    const waiting = await build({}, { 'idempotency-key': 'given-up-key' })
    const { id } = waiting.body.jobs[0]
    expect((await deliver(id, 1, 'distropack-dead-jobs')).explicitAcks).toHaveLength(1)
    expect((await readJob(waiting.body.id)).state).toBe('dead')
    await testEnv.DB.prepare("UPDATE jobs SET state = 'failed' WHERE id = ?").bind(id).run()
    await deliver(id, 2, 'distropack-dead-jobs')
    expect((await readJob(waiting.body.id)).state).toBe('failed')
  })

  it('whose packager is gone is tried again, dies after the last attempt, and can be replayed', async () => {
    const manifest = MANIFEST.replace('A tool', 'packager-is-gone')
    const made = await build({ manifest }, { 'idempotency-key': 'dead-key' })
    const { id } = made.body.jobs[0]
    for (let attempt = 1; attempt <= 4; attempt++) {
      expect((await deliver(id, attempt)).retryMessages).toHaveLength(1)
      expect(await readJob(made.body.id)).toMatchObject({ state: 'waiting', attempts: attempt })
    }
    expect(await deliver(id, 5)).toMatchObject({ explicitAcks: [`${id}-5`] })
    expect(await readJob(made.body.id)).toMatchObject({ state: 'dead', faults: [{ code: 'packager_unavailable' }] })
    const letters = await api('GET', '/operator/dead-letters', { token: OPERATOR })
    expect(letters.body.items.map(({ jobId }: { jobId: string }) => jobId)).toEqual([id])
    expect((await api('POST', `/operator/dead-letters/${id}/replay`, { token: OPERATOR })).status).toBe(200)
    expect(await readJob(made.body.id)).toMatchObject({ state: 'waiting', attempts: 0 })
    expect((await api('POST', `/operator/dead-letters/${id}/replay`, { token: OPERATOR })).status).toBe(404)
  })
})

describe('a job that is cut off', () => {
  const deliveredUntil = async (buildId: string, jobId: string, last: number) => {
    for (let attempt = 1; attempt < last; attempt++) {
      expect((await deliver(jobId, attempt)).retryMessages).toHaveLength(1)
      const { faults, state } = await readJob(buildId)
      expect([state, faults[0].message]).toEqual(['waiting', expect.stringContaining('It is tried again.')])
    }
    expect((await deliver(jobId, last)).explicitAcks).toEqual([`${jobId}-${last}`])
  }

  it('each time in the middle, as by a packager without memory, has failed after the last attempt, with a sentence', async () => {
    const made = await build({ manifest: MANIFEST.replace('A tool', 'out-of-memory') })
    await deliveredUntil(made.body.id, made.body.jobs[0].id, 5)
    expect(await readJob(made.body.id)).toMatchObject({
      ...{ state: 'failed', attempts: 5 },
      faults: [{ code: 'limit_exceeded', message: expect.stringMatching(/^deb\/amd64: .*5 times.*memory.*split it/) }],
    })
    // A later delivery, and the sweep's, find it over.
    expect((await deliver(made.body.jobs[0].id, 6)).explicitAcks).toHaveLength(1)
    expect(await readJob(made.body.id)).toMatchObject({ state: 'failed', attempts: 5 })
  })

  it('before it began is dead after the last attempt, and says that it is not tried again', async () => {
    const made = await build({ manifest: MANIFEST.replace('A tool', 'packager-is-gone') })
    await deliveredUntil(made.body.id, made.body.jobs[0].id, 5)
    const { state, faults } = await readJob(made.body.id)
    expect([state, faults[0].message]).toEqual(['dead', expect.stringMatching(/attempt 5, the last; an operator/)])
  })

  it('with its consumer, without a word, is dead when one more takes it up', async () => {
    const made = await build({ manifest: MANIFEST.replace('A tool', 'its consumer dies') })
    const { id } = made.body.jobs[0]
    const died = "UPDATE jobs SET state = 'building', attempts = 5, lease_until_ms = 1 WHERE id = ?"
    await testEnv.DB.prepare(died).bind(id).run()
    expect((await deliver(id, 1)).explicitAcks).toHaveLength(1)
    expect(await readJob(made.body.id)).toMatchObject({ state: 'dead', faults: [{ code: 'internal' }] })
  })
})

describe('a push of many files', () => {
  it('is one build, of as many jobs as files', async () => {
    const text = 'the same bytes under many names'
    const sha256 = await uploadText(acme, 'acme/tool', text)
    const named = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ fileName: `many_${n}_amd64.deb`, sha256, sizeBytes: text.length }))
    const push = (count: number) =>
      api('POST', '/projects/acme/tool/pushes', { token: acme, json: { files: named(count) } })
    const made = await push(700)
    expect([made.status, made.body.jobs.length, made.body.counts.waiting]).toEqual([201, 200, 700])
    const { id } = made.body
    await testEnv.DB.prepare("UPDATE jobs SET state = 'failed' WHERE build_id = ?").bind(id).run()
    const before = await countBuilds()
    expect((await push(10_001)).status).toBe(400)
    expect(await countBuilds()).toBe(before)
  })
})

describe('what a packager holds', () => {
  const tokenOf = async (jobId: string): Promise<string> => {
    const vault = await openPlatform(testEnv as never).vault()
    if (!vault.ok) throw new Error(vault.error.message)
    return issueJobToken(vault.value, jobId, Date.now())
  }
  const setState = (jobId: string, state: string) =>
    testEnv.DB.prepare('UPDATE jobs SET state = ? WHERE id = ?').bind(state, jobId).run()

  it('opens the blobs of its own project, while its job builds, and no others', async () => {
    await api('PUT', '/projects/acme/neighbour', { token: acme, json: QUICK_KEYS })
    const foreign = await uploadText(acme, 'acme/neighbour', 'a neighbour’s text')
    const job = (await build({ version: '7.0.0' })).body.jobs[0].id
    const token = await tokenOf(job)
    const get = (sha256: string, as = token, of = job) => api('GET', `/jobs/${of}/blobs/${sha256}`, { token: as })
    expect((await get(program.sha256)).status).toBe(401)
    await setState(job, 'building')
    expect(await get(program.sha256)).toMatchObject({ status: 200, body: '#!/bin/sh\necho tool\n' })
    expect(await get(foreign)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
    expect((await get('0'.repeat(64))).status).toBe(404)
    expect((await get('short')).status).toBe(400)
    expect((await get(program.sha256, await tokenOf('job_other'))).status).toBe(401)
    expect((await get(program.sha256, await tokenOf('job_other'), 'job_other')).status).toBe(401)
    const unnamed = await uploadText(acme, 'acme/tool', 'another file of this project')
    expect((await get(unnamed)).status).toBe(404)
    await setState(job, 'built')
    expect((await get(program.sha256)).status).toBe(401)
    await setState(job, 'failed')
  })

  /** A packager in the container's place, which says what it likes; `put` is its way to store something. */
  const runWith = async (jobId: string, say: (put: (text: string) => Promise<object>) => Promise<object>) => {
    const token = await tokenOf(jobId)
    const put = async (text: string) => {
      const bytes = new TextEncoder().encode(text)
      const sha256 = await sha256Of(bytes)
      expect((await api('PUT', `/jobs/${jobId}/blobs/${sha256}`, { token, bytes })).status).toBe(200)
      return { sha256, sizeBytes: bytes.length }
    }
    const PACKAGERS = {
      idFromName: (name: string) => name,
      get: () => ({ fetch: async () => new Response(`${JSON.stringify({ type: 'done', ...(await say(put)) })}\n`) }),
    }
    const message = { id: jobId, timestamp: new Date(), attempts: 1, body: { jobId } }
    const env = { ...testEnv, PACKAGERS, PACKAGER_URL: '' }
    await worker.queue(createMessageBatch('distropack-jobs', [message]), env as never)
  }

  it('becomes the package only when this job stored it', async () => {
    const made = (await build({ version: '7.1.0' })).body
    const { id } = made.jobs[0]
    const entryOf = (sha256: string) => JSON.stringify({ sha256, fileName: 'tool_7.1.0_amd64.deb' })
    const own = { sha256: program.sha256, sizeBytes: program.sizeBytes }
    const claims = [
      async (put: (text: string) => Promise<object>) => ({ artifact: own, entry: await put(entryOf(own.sha256)) }),
      async (put: (text: string) => Promise<object>) => ({ artifact: await put('a package'), entry: own }),
    ]
    for (const claim of claims) {
      await runWith(id, claim)
      expect(await readJob(made.id)).toMatchObject({ state: 'waiting', artifact: null })
      expect(JSON.stringify((await readJob(made.id)).faults)).toContain('is not what it stored')
    }
  })

  it('is joined of parts that this job sent itself', async () => {
    const { id } = (await build({ version: '7.2.0' })).body.jobs[0]
    await setState(id, 'building')
    const token = await tokenOf(id)
    const bytes = new TextEncoder().encode('bytes of somebody else')
    const sha256 = await sha256Of(bytes)
    const theirs = `/projects/acme/tool/blobs/${sha256}/uploads`
    const json = { sizeBytes: bytes.length }
    const { uploadId } = (await api('POST', theirs, { token: acme, json })).body
    await api('PUT', `${theirs}/${uploadId}/parts/1`, { token: acme, bytes })
    const mine = `/jobs/${id}/blobs/${sha256}/uploads`
    expect((await api('POST', mine, { token, json })).body).toMatchObject({ uploadId, parts: [] })
    const claimed = await api('POST', `${mine}/${uploadId}/complete`, { token, json: {} })
    expect(claimed.body.error.code).toBe('upload_incomplete')
    await api('PUT', `${mine}/${uploadId}/parts/1`, { token, bytes })
    expect((await api('POST', `${mine}/${uploadId}/complete`, { token, json: {} })).status).toBe(200)
    expect((await api('POST', `${mine}/${uploadId}/complete`, { token, json: {} })).status).toBe(200)
    await setState(id, 'failed')
  })
})

describe('a page of builds', () => {
  /** How many statements the database is asked. */
  const countStatements = async (limit: number): Promise<{ builds: number; statements: number }> => {
    let statements = 0
    const counting = new Proxy(testEnv.DB, {
      get: (database, name) => {
        if (name === 'prepare') statements++
        const member = Reflect.get(database, name) as unknown
        return typeof member === 'function' ? member.bind(database) : member
      },
    })
    const platform = { ...openPlatform(testEnv as never), db: openDatabase(counting) }
    const row = await testEnv.DB.prepare("SELECT id FROM projects WHERE slug = 'tool'").first<{ id: string }>()
    const project = await findProjectById(platform, row?.id ?? '')
    if (!project) throw new Error('no project')
    statements = 0
    const { items } = await listBuilds(platform, project, { limit })
    return { builds: items.length, statements }
  }

  it('asks the database as often as one build does: a Worker may only ask so many times', async () => {
    for (const version of ['8.0.1', '8.0.2', '8.0.3']) expect((await build({ version })).status).toBe(201)
    const one = await countStatements(1)
    const page = await countStatements(100)
    expect([one.builds, page.builds > 3]).toEqual([1, true])
    expect(page.statements).toBe(one.statements)
  })
})
