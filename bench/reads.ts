// What a local platform serves a second, beside an empty Worker that reads as many objects of the same sizes in the same
// run: the difference is what the file server itself costs. Both sides in turn, round by round; medians of the rounds.

import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { objectKey } from '@distropack/core/contract/object-keys.ts'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { findFreePort } from '../scripts/platform/packager.ts'
import { startTestPlatform } from '../test/support/platform.ts'
import { buildMany } from './fill.ts'
import { median } from './measure.ts'

const HOST = '127.0.0.1'
const ROUNDS = 5
const ROUND_MS = 1500
const CONNECTIONS = 16

export interface ReadRow {
  readonly request: string
  readonly storageReads: number
  readonly perSecond: number
  /** Of an empty Worker with as many reads. */
  readonly emptyPerSecond: number
  readonly ratio: number
}

/** Reads each object to its end, one after another, and answers with the last, or with as many bytes; nothing else. */
const EMPTY = `const bytes = new Map()
const bytesOf = (length) => {
  if (!bytes.has(length)) bytes.set(length, new Uint8Array(length))
  return bytes.get(length)
}
export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url)
    const keys = searchParams.get('keys').split(',')
    for (const key of keys.slice(0, -1)) await (await env.BUCKET.get(key)).arrayBuffer()
    const last = await env.BUCKET.get(keys.at(-1))
    if (searchParams.get('status') === '304') {
      await last.arrayBuffer()
      return new Response(null, { status: 304 })
    }
    if (searchParams.has('bytes')) {
      await last.arrayBuffer()
      return new Response(bytesOf(Number(searchParams.get('bytes'))))
    }
    return new Response(last.body, { headers: { 'content-length': String(last.size) } })
  },
}`

interface Load {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
}

const once = ({ url, headers, status }: Load, agent: Agent): Promise<{ etag: string; sizeBytes: number }> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(url, { agent, headers: { ...headers } }, (response) => {
      let sizeBytes = 0
      response.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.length
      })
      response.on('end', () => {
        if (response.statusCode !== status) reject(new Error(`${url} answered ${response.statusCode}`))
        else resolve({ etag: response.headers.etag ?? '', sizeBytes })
      })
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })

const perSecond = async (load: Load, agent: Agent): Promise<number> => {
  let count = 0
  const startedAtMs = performance.now()
  const lane = async (): Promise<void> => {
    while (performance.now() - startedAtMs < ROUND_MS) {
      await once(load, agent)
      count++
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, lane))
  return (1000 * count) / (performance.now() - startedAtMs)
}

/** An empty Worker with a bucket of its own, at a port of its own. */
const startEmpty = async (folder: string) => {
  const port = await findFreePort()
  const converted = convertV4MiniflareOptions({
    name: 'empty',
    modules: [{ type: 'ESModule', path: 'empty.mjs', contents: EMPTY }],
    compatibilityDate: '2026-10-01',
    r2Buckets: ['BUCKET'],
    resourcePersistencePath: folder,
    cf: false,
    telemetry: { enabled: false },
    unsafeDirectSockets: [{ host: HOST, port }],
  })
  const miniflare = new Miniflare(converted)
  await miniflare.ready
  const bucket = await miniflare.getR2Bucket('BUCKET')
  return { url: `http://${HOST}:${port}`, bucket, stop: () => miniflare.dispose() }
}

interface Compared {
  readonly request: string
  readonly ours: Load
  /** Sizes of what it reads, in order. */
  readonly reads: readonly number[]
  /** Where the answer is none of what it reads. */
  readonly answerBytes?: number
}

export const benchReads = async (): Promise<readonly ReadRow[]> => {
  const platform = await startTestPlatform()
  const folder = mkdtempSync(join(tmpdir(), 'distropack-bench-'))
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const empty = await startEmpty(join(folder, 'empty'))
  try {
    const token = await platform.organization('bench')
    const [built] = await buildMany(folder, 'deb', 0, 1)
    const { status, stderr } = await platform.cli(token, ['push', built?.path ?? '', '--project', 'bench/reads'])
    if (status !== 0) throw new Error(stderr)
    const base = `${platform.url}/r/bench/reads`
    const inRelease = `${base}/apt/dists/stable/InRelease`
    const { etag, sizeBytes } = await once({ url: inRelease, status: 200 }, agent)
    const { sizeBytes: packageBytes } = built?.entry ?? { sizeBytes: 0 }
    const deb = `${base}/apt/pool/main/b/bench-0/bench-0_1.0.0_amd64.deb`
    const HEAD_BYTES = 250
    const RECIPE_BYTES = 300
    const compared: Compared[] = [
      {
        request: `InRelease, ${sizeBytes} bytes`,
        ours: { url: inRelease, status: 200 },
        reads: [HEAD_BYTES],
        answerBytes: sizeBytes,
      },
      {
        request: 'InRelease, 304',
        ours: { url: inRelease, status: 304, headers: { 'if-none-match': etag } },
        reads: [HEAD_BYTES],
      },
      {
        request: `a package, ${packageBytes} bytes`,
        ours: { url: deb, status: 200 },
        reads: [HEAD_BYTES, RECIPE_BYTES, packageBytes],
      },
    ]
    const rows: ReadRow[] = []
    for (const { request, ours, reads, answerBytes } of compared) {
      const keys = reads.map((bytes, at) => `${objectKey.blob(`${at}-${bytes}`)}`)
      for (const [at, key] of keys.entries()) await empty.bucket.put(key, Buffer.alloc(reads[at] ?? 0, 'x'))
      const asked = `status=${ours.status}&keys=${keys.join(',')}${answerBytes ? `&bytes=${answerBytes}` : ''}`
      const theirs: Load = { url: `${empty.url}/?${asked}`, status: ours.status }
      const [mine, reference]: [number[], number[]] = [[], []]
      for (let round = 0; round < ROUNDS; round++) {
        mine.push(await perSecond(ours, agent))
        reference.push(await perSecond(theirs, agent))
      }
      const [fast, bare] = [median(mine), median(reference)].map(Math.round) as [number, number]
      const ratio = Math.round((100 * fast) / bare) / 100
      rows.push({ request, storageReads: reads.length, perSecond: fast, emptyPerSecond: bare, ratio })
    }
    return rows
  } finally {
    agent.destroy()
    await empty.stop()
    await platform.stop()
    rmSync(folder, { recursive: true })
  }
}
