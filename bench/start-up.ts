// CPU time until a program does its work: commands beside `node -e 0`, and the web Worker's evaluation in workerd.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare'
import '../scripts/platform/compiled.ts'
import { FILES_WORKER, readWorkers, WEB_WORKER } from '../scripts/platform/options.ts'
import { ROOT } from '../scripts/platform/root.ts'
import { cpuSecondsOf, median, runMeasured } from './measure.ts'

/** The first fills the cache of compiled code. */
const ROUNDS = 9

export interface StartUpRow {
  readonly what: string
  readonly cpuMs: number
  /** How many times the CPU time of the row it is measured against. */
  readonly ratio: number
}

const NO_JOBS = { waiting: 0, building: 0, built: 0, published: 0, failed: 0, dead: 0 }
const BUILD = { id: 'bld_1', organization: 'acme', project: 'tool', channel: 'stable', createdAtMs: 1, state: 'open' }

const medianOf = async (run: () => Promise<number>): Promise<number> => {
  await run()
  const seconds: number[] = []
  for (let round = 0; round < ROUNDS; round++) seconds.push(await run())
  return Math.round(median(seconds) * 1000)
}

const commands = async (): Promise<StartUpRow[]> => {
  const server = createServer(
    (_, response) => void response.end(JSON.stringify({ ...BUILD, counts: NO_JOBS, jobs: [] })),
  )
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const out = mkdtempSync(join(tmpdir(), 'distropack-start-up-'))
  const node = (...args: string[]): Promise<number> =>
    medianOf(async () => (await runMeasured(process.execPath, args, join(ROOT, 'examples/hello'))).cpuSeconds)
  try {
    const program = join(ROOT, 'cli/bin/distropack.mjs')
    const status = ['status', 'bld_1', '--url', url, '--token', 'x', '--project', 'acme/tool']
    const rows: readonly (readonly [string, number])[] = [
      ['node -e 0', await node('-e', '0')],
      ['distropack --version', await node(program, '--version')],
      ['distropack status', await node(program, ...status)],
      ['distropack build of one tiny .deb', await node(program, 'build', '-t', 'deb/amd64', '-o', out)],
      ['distropack build of one tiny .zip', await node(program, 'build', '-t', 'zip/amd64', '-o', out)],
    ]
    const reference = rows[0]?.[1] || 1
    return rows.map(([what, cpuMs]) => ({ what, cpuMs, ratio: Math.round((10 * cpuMs) / reference) / 10 }))
  } finally {
    server.close()
    rmSync(out, { recursive: true })
  }
}

/** The web Worker's bindings and classes, and none of its code. */
const EMPTY = `import { DurableObject } from 'cloudflare:workers'
export class RepositoryPublisher extends DurableObject {}
export class PackagerContainer extends DurableObject {}
export class RateLimiter extends DurableObject {}
export default { fetch: () => new Response(), queue() {}, scheduled() {} }`

const workerdUntilReady = async (workers: readonly V4WorkerOptions[]): Promise<number> => {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({ port: 0, cf: false, telemetry: { enabled: false }, workers: [...workers] }),
  )
  const before = cpuSecondsOf('workerd')
  await miniflare.ready
  const taken = cpuSecondsOf('workerd') - before
  await miniflare.dispose()
  return taken
}

const worker = async (): Promise<StartUpRow[]> => {
  const read = await readWorkers()
  const files = read.filter(({ name }) => name === FILES_WORKER)
  const web = read.filter(({ name }) => name === WEB_WORKER)
  const empty = web.map((options) => ({
    ...options,
    modules: [{ type: 'ESModule' as const, path: 'empty.mjs', contents: EMPTY }],
  }))
  const without = await medianOf(() => workerdUntilReady([...files, ...empty]))
  const withIt = await medianOf(() => workerdUntilReady([...files, ...web]))
  return [
    { what: 'workerd with an empty Worker', cpuMs: without, ratio: 1 },
    { what: 'workerd with the web Worker', cpuMs: withIt, ratio: Math.round((10 * withIt) / without) / 10 },
  ]
}

export const benchStartUp = async (): Promise<StartUpRow[]> => [...(await commands()), ...(await worker())]
