// `npm start` as a person meets it: a process, a port, a folder.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { ROOT } from '../../scripts/platform/options.ts'
import { findFreePort } from '../../scripts/platform/packager.ts'

const state = mkdtempSync(join(tmpdir(), 'distropack-start-'))
const running = new Set<Start>()
afterEach(async () => {
  for (const start of running) await start.end('SIGKILL')
})
afterAll(() => rmSync(state, { recursive: true }))

interface Start {
  readonly url: string
  readonly child: ChildProcess
  output(): string
  /** Of /healthz; undefined while nobody listens. */
  health(): Promise<number | undefined>
  ready(): Promise<void>
  end(signal?: NodeJS.Signals): Promise<number | null>
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const launch = async (environment: Readonly<Record<string, string>> = {}): Promise<Start> => {
  const port = environment.PORT ?? String(await findFreePort())
  const child = spawn(process.execPath, [join(ROOT, 'scripts/start.ts')], {
    env: { ...process.env, DISTROPACK_STATE_DIR: state, PORT: port, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const closed = new Promise<number | null>((resolve) => child.once('close', (status) => resolve(status)))
  const url = `http://127.0.0.1:${port}`
  const health = (): Promise<number | undefined> =>
    fetch(`${url}/healthz`).then(
      ({ status }) => status,
      () => undefined,
    )
  const start: Start = {
    url,
    child,
    health,
    output: () => output,
    async ready() {
      while ((await health()) !== 200) {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output}`)
        await sleep(50)
      }
    },
    async end(signal) {
      running.delete(start)
      if (signal && child.exitCode === null) child.kill(signal)
      return closed
    },
  }
  running.add(start)
  return start
}

interface LocalAccess {
  readonly url: string
  readonly token: string
}
const readLocal = (): LocalAccess => JSON.parse(readFileSync(join(state, 'local.json'), 'utf8')) as LocalAccess

const parentOf = (pid: string): string | undefined =>
  /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]

const descendants = (pid: number | undefined): readonly string[] => {
  const children = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && parentOf(name) === String(pid)
    } catch {
      return false
    }
  })
  return children.flatMap((child) => [child, ...descendants(Number(child))])
}

const areGone = async (pids: readonly string[]): Promise<boolean> => {
  for (let attempt = 0; attempt < 100; attempt++) {
    const alive = readdirSync('/proc').filter((name) => pids.includes(name))
    if (alive.length === 0) return true
    await sleep(50)
  }
  return false
}

it('a first start that is killed half-way is completed by the next', async () => {
  const first = await launch()
  while (!first.output().includes('publishing')) await sleep(20)
  expect(await first.health()).toBe(503)
  const processes = descendants(first.child.pid)
  await first.end('SIGKILL')
  expect(await areGone(processes)).toBe(true)

  const second = await launch()
  await second.ready()
  const local = readLocal()
  expect(local.url).toBe(second.url)
  expect(statSync(join(state, 'local.json')).mode & 0o777).toBe(0o600)
  expect(second.output()).toContain('apt-get install distropack-hello')
  const page = await fetch(`${second.url}/r/demo/hello`)
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('distropack-hello')])
  expect((await fetch(`${second.url}/r/demo/hello/apt/dists/stable/InRelease`)).status).toBe(200)
  await second.end('SIGTERM')
})

it('a later start finds everything as it was, and ends with every process it started', async () => {
  const before = readLocal()
  const start = await launch()
  await start.ready()
  expect(start.output()).not.toContain('publishing')
  expect(readLocal()).toEqual({ url: start.url, token: before.token })
  expect((await fetch(`${start.url}/r/demo/hello/apt/dists/stable/InRelease`)).status).toBe(200)
  const processes = descendants(start.child.pid)
  expect(processes.length).toBeGreaterThan(1)
  expect(await start.end('SIGINT')).toBe(130)
  expect(await areGone(processes)).toBe(true)
})

it('nothing of the store is to be had but through the Workers', async () => {
  const start = await launch()
  await start.ready()
  for (const path of [
    '/cdn-cgi/local/r2/public/distropack/heads/demo/hello.json',
    '/cdn-cgi/local/explorer',
    '/cdn-cgi/local/scheduled',
  ]) {
    const response = await fetch(start.url + path)
    expect([path, response.status]).toEqual([path, 404])
  }
})

it('two starts do not share a folder, nor a port', async () => {
  const start = await launch()
  await start.ready()
  const sameFolder = await launch()
  expect(await sameFolder.end()).toBe(1)
  expect(sameFolder.output()).toMatch(/already running a platform on .*DISTROPACK_STATE_DIR/s)

  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? String(address.port) : ''
  const other = mkdtempSync(join(tmpdir(), 'distropack-start-'))
  const samePort = await launch({ PORT: port, DISTROPACK_STATE_DIR: other })
  expect(await samePort.end()).toBe(1)
  expect(samePort.output()).toBe(`Port ${port} is in use. Set PORT to another, or PORT=0 for any free one.\n`)
  server.close()
  rmSync(other, { recursive: true })
})

it('a state whose key is gone is not started on, and gets no other key', async () => {
  rmSync(join(state, 'key-encryption-key'))
  const start = await launch()
  expect(await start.end()).toBe(1)
  expect(start.output()).toMatch(/key-encryption-key is missing.*backup/s)
  expect(readdirSync(state)).not.toContain('key-encryption-key')
})
