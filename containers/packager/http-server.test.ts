import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arMember } from '@distropack/core/bytes/ar.ts'
import { concatBytes } from '@distropack/core/bytes/arrays.ts'
import { type BuildEvent, buildEventSchema } from '@distropack/core/contract/packager.ts'
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { debOf, gzipped, pack, zerosTar } from '../../test/support/hostile.ts'
import { MANIFEST, orderFor, type Store, startStore, TOKEN } from '../../test/support/packager-store.ts'
import { requirePrograms } from '../../test/support/required-programs.ts'
import { type Packager, startPackager } from './http-server.ts'

let store: Store
let packager: Packager
let room: string
let events: { event: string; fields: Record<string, unknown> }[]
const savedTmp = process.env.TMPDIR

beforeEach(async () => {
  room = mkdtempSync(join(tmpdir(), 'packager-test-'))
  process.env.TMPDIR = room
  store = await startStore()
  events = []
  packager = await startPackager({
    port: 0,
    host: '127.0.0.1',
    buildsAtOnce: 1,
    largeBuildsAtOnce: 1,
    ordersWaiting: 0,
    token: 'shared',
    log: (event, fields = {}) => events.push({ event, fields }),
  })
})

afterEach(async () => {
  await packager.drain(0)
  store.close()
  if (savedTmp === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = savedTmp
  rmSync(room, { recursive: true, force: true })
})

const orderOf = (changes: object = {}) => orderFor(store, changes)

const post = (order: object, init: RequestInit = {}): Promise<Response> =>
  fetch(`${packager.url}/v1/builds`, {
    method: 'POST',
    headers: { authorization: 'Bearer shared', 'content-type': 'application/json' },
    body: JSON.stringify(order),
    ...init,
  })

const inspectOrder = (file: { sha256: string; sizeBytes: number }, fileName: string) => ({
  kind: 'inspect',
  jobId: 'job_1',
  blobsUrl: store.blobsUrl,
  token: TOKEN,
  fileName,
  file,
})

const eventsOf = (text: string): BuildEvent[] =>
  text
    .trim()
    .split('\n')
    .map((line) => buildEventSchema.parse(JSON.parse(line)))

beforeAll(() => requirePrograms('bzip2', 'dpkg-deb'))

describe('the packager', () => {
  it('builds a package that dpkg-deb reads, and stores it with its entry', async () => {
    const last = eventsOf(await (await post(orderOf())).text()).at(-1)
    if (last?.type !== 'done') throw new Error(`not done: ${JSON.stringify(last)}`)
    const artifact = store.blobs.get(last.artifact.sha256)
    expect(artifact?.length).toBe(last.artifact.sizeBytes)
    const path = join(room, 'hello.deb')
    writeFileSync(path, artifact ?? '')
    expect(execFileSync('dpkg-deb', ['--contents', path], { encoding: 'utf8' })).toContain('./usr/bin/hello')
    expect(execFileSync('dpkg-deb', ['--ctrl-tarfile', path]).toString('latin1')).toContain('postinst')
    const entry = JSON.parse(store.blobs.get(last.entry.sha256)?.toString() ?? '')
    expect(entry).toMatchObject({ name: 'hello', version: '1.0.0', arch: 'amd64', sha256: last.artifact.sha256 })
  })

  it('makes the same bytes of the same order, for every format', async () => {
    for (const target of ['deb/amd64', 'apk/amd64']) {
      const runs = [
        eventsOf(await (await post(orderOf({ target }))).text()),
        eventsOf(await (await post(orderOf({ target }))).text()),
      ]
      const digests = runs.map((run) => {
        const last = run.at(-1)
        return last?.type === 'done' ? last.artifact.sha256 : JSON.stringify(last)
      })
      expect(digests[0]).toMatch(/^[0-9a-f]{64}$/)
      expect(digests[1]).toBe(digests[0])
    }
  })

  it('warns, in its log and in its last line, of what it repaired', async () => {
    const order = orderOf()
    const script = { ...order.sources[1]!, ...store.add('#!/bin/sh\r\ntrue\r\n') }
    const told = eventsOf(await (await post({ ...order, sources: [order.sources[0], script] })).text())
    const [warning] = (told.at(-1) as Extract<BuildEvent, { type: 'done' }>).warnings
    expect(warning).toMatchObject({ code: 'line_ends_converted', where: { file: 'nfpm.yaml', line: 10 } })
    expect(told).toContainEqual(expect.objectContaining({ type: 'log', line: `warning: ${warning?.message}` }))
  })

  it('asks for a small file once, however often the build opens it', async () => {
    const order = orderOf({ manifest: MANIFEST.replace('contents:', 'contents:\n  - src: post.sh\n    dst: /a') })
    expect(eventsOf(await (await post(order)).text()).at(-1)?.type).toBe('done')
    expect([...store.asked].sort()).toEqual(order.sources.map((source) => source.sha256).sort())
  })

  it('tells the user every problem of the manifest, with its lines', async () => {
    const manifest = 'name: hello\nversoin: 1\ncontents:\n  - src: gone\n    dst: /x\n    typ: file\n'
    const last = eventsOf(await (await post(orderOf({ manifest }))).text()).at(-1)
    if (last?.type !== 'failed') throw new Error('must fail')
    expect(last.faults.map(({ where }) => where?.line)).toEqual([2, 6])
  })

  it('fails with the line of a source that was not sent', async () => {
    const last = eventsOf(await (await post(orderOf({ sources: [] }))).text()).at(-1)
    expect(last).toMatchObject({
      type: 'failed',
      faults: [{ code: 'source_missing', where: { line: 7 } }, { where: { line: 10 } }],
    })
  })

  it('fails when a source has no stored bytes', async () => {
    const order = orderOf()
    store.blobs.delete(order.sources[0]!.sha256)
    const last = eventsOf(await (await post(order)).text()).at(-1)
    expect(last).toMatchObject({ type: 'failed', faults: [{ code: 'blob_missing' }] })
  })

  it('ends without a last line when bytes arrive damaged, so that it is asked again, and leaves nothing behind', async () => {
    const order = orderOf()
    store.corruptOne(order.sources[0]!.sha256)
    const response = await post(order)
    await expect(response.text()).rejects.toThrow()
    expect(events.at(-1)?.event).toBe('build.interrupted')
    expect(readdirSync(room)).toEqual([])
  })

  it('stops the build and removes its files when the connection is cut', async () => {
    const order = orderOf()
    store.stickOn(order.sources[0]!.sha256)
    const abort = new AbortController()
    const response = await post(order, { signal: abort.signal })
    await response.body?.getReader().read()
    abort.abort()
    await expect.poll(() => events.at(-1)?.event).toBe('build.interrupted')
    expect(readdirSync(room)).toEqual([])
  })

  it('refuses more builds than it may run, and says to ask again', async () => {
    const order = orderOf()
    store.stickOn(order.sources[0]!.sha256)
    const abort = new AbortController()
    await post(order, { signal: abort.signal })
    const second = await post(orderOf())
    expect(second.status).toBe(503)
    expect(second.headers.get('retry-after')).toBe('5')
    abort.abort()
  })

  it('stops reading a file when its caller leaves, and has room for the next', async () => {
    // Within what its size allows, and minutes of work.
    const data = await gzipped(zerosTar(8))
    const bomb = concatBytes([debOf('data.tar.gz', data), arMember('filler', randomBytes(8 * 1024 * 1024), 0)])
    const large = concatBytes([debOf('data.tar.bz2', pack('bz2', concatBytes([...zerosTar(500)]))), bomb.subarray(8)])
    const file = store.addBytes(large)
    const abort = new AbortController()
    const response = await post(inspectOrder(file, 'large.deb'), { signal: abort.signal })
    const reader = response.body?.getReader()
    while (!new TextDecoder().decode((await reader?.read())?.value).includes('reading large.deb'));
    abort.abort()
    await expect.poll(() => events.at(-1)?.event).toBe('build.interrupted')
    expect(readdirSync(room)).toEqual([])
    expect(eventsOf(await (await post(orderOf())).text()).at(-1)?.type).toBe('done')
  })

  it('fails what the runtime itself cannot hold, for another attempt would end alike', async () => {
    const fetch = () => Promise.reject(new RangeError('Invalid string length'))
    const log = (event: string, fields = {}) => void events.push({ event, fields })
    const small = { port: 0, host: '127.0.0.1', buildsAtOnce: 1, largeBuildsAtOnce: 1, ordersWaiting: 0 }
    const narrow = await startPackager({ ...small, log, fetch })
    onTestFinished(() => narrow.drain(0))
    const body = JSON.stringify(inspectOrder(store.add('x'), 'a.deb'))
    const answer = await (await globalThis.fetch(`${narrow.url}/v1/builds`, { method: 'POST', body })).text()
    expect(eventsOf(answer).at(-1)).toMatchObject({ type: 'failed', faults: [{ code: 'limit_exceeded' }] })
    expect(events.map(({ event }) => event)).toContain('build.too_large')
  })

  it('answers nothing to a wrong token', async () => {
    const response = await post(orderOf(), { headers: { authorization: 'Bearer shareD' } })
    expect(response.status).toBe(401)
  })

  it('says what is wrong with an order that is none', async () => {
    const response = await post({ ...orderOf(), blobsUrl: 'here' })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('blobsUrl')
  })

  it('never logs the order’s token', async () => {
    await (await post(orderOf())).text()
    const bad = orderOf()
    store.corruptOne(bad.sources[0]!.sha256)
    await post(bad)
      .then((response) => response.text())
      .catch(() => '')
    expect(events.length).toBeGreaterThan(3)
    expect(JSON.stringify(events)).not.toContain(TOKEN)
  })

  it('is healthy until it drains', async () => {
    expect((await fetch(`${packager.url}/healthz`)).status).toBe(200)
  })
})

describe('large builds', () => {
  it('take turns, and keep no place from a small one while they wait', async () => {
    const options = { port: 0, host: '127.0.0.1', ordersWaiting: 9, token: 'shared', log: () => undefined }
    const roomy = await startPackager({ ...options, buildsAtOnce: 2, largeBuildsAtOnce: 1 })
    onTestFinished(() => roomy.drain(0))
    const send = (order: object, init: RequestInit = {}) =>
      fetch(`${roomy.url}/v1/builds`, {
        method: 'POST',
        headers: { authorization: 'Bearer shared', 'content-type': 'application/json' },
        body: JSON.stringify(order),
        ...init,
      })
    const largeOf = (letter: string) => {
      const file = { kind: 'file', path: 'bin/hello', mode: 0o755, mtimeSeconds: 1 }
      return orderOf({
        target: 'tar.gz/amd64',
        manifest: MANIFEST.replace(/scripts:[\s\S]*/, ''),
        sources: [{ ...file, ...store.add(letter.repeat(16 * 1024 * 1024)) }],
      })
    }
    const [first, second] = [largeOf('a'), largeOf('b')]
    const abort = new AbortController()
    store.stickOn(first.sources[0]!.sha256)
    const stuck = await send(first, { signal: abort.signal })
    const waiting = await send(second)
    expect(eventsOf(await (await send(orderOf())).text()).at(-1)?.type).toBe('done')
    expect(store.asked).not.toContain(second.sources[0]!.sha256)
    abort.abort()
    await expect(stuck.text()).rejects.toThrow()
    expect(eventsOf(await waiting.text()).at(-1)?.type).toBe('done')
  })
})
