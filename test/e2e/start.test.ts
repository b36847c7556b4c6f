// `npm start` as a person meets it: a process, a port, a folder.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { areGone, descendants, killAll, launch, readLocal, type Start, sleep } from '../support/start-process.ts'

const state = mkdtempSync(join(tmpdir(), 'distropack-start-'))
afterAll(async () => {
  await killAll()
  rmSync(state, { recursive: true })
})

/** Runs from the first test on; a start takes seconds. */
let running: Start

it('a first start that is killed half-way is completed by the next', async () => {
  const first = await launch(state)
  while (!first.output().includes('publishing')) await sleep(20)
  expect(await first.health()).toBe(503)
  const processes = descendants(first.child.pid)
  await first.end('SIGKILL')
  expect(await areGone(processes)).toBe(true)

  running = await launch(state, {}, 'npm start')
  await running.ready()
  const local = readLocal(state)
  expect(local.url).toBe(running.url)
  expect(statSync(join(state, 'local.json')).mode & 0o777).toBe(0o600)
  expect(running.output()).toContain('apt-get install distropack-hello')
  const page = await fetch(`${running.url}/r/demo/hello`)
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('distropack-hello')])
  expect((await fetch(`${running.url}/r/demo/hello/apt/dists/stable/InRelease`)).status).toBe(200)
})

it('nothing of the store is to be had but through the Workers', async () => {
  for (const path of [
    '/cdn-cgi/local/r2/public/distropack/heads/demo/hello.json',
    '/cdn-cgi/local/explorer',
    '/cdn-cgi/local/scheduled',
  ]) {
    const response = await fetch(running.url + path)
    expect([path, response.status]).toEqual([path, 404])
  }
})

/** As a browser asks that was told another name of this address. */
const askAs = (host: string, path: string): Promise<{ status: number | undefined; text: string }> =>
  new Promise((resolve, reject) => {
    const asked = request(running.url + path, { headers: { host } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.once('end', () => resolve({ status: response.statusCode, text }))
    })
    asked.once('error', reject).end()
  })

it('answers to its own names alone: a page elsewhere cannot turn a name of its own to this machine', async () => {
  const { port } = new URL(running.url)
  for (const path of ['/', '/mailbox', '/healthz', '/api/v1/whoami', '/r/demo/hello']) {
    const { status, text } = await askAs(`rebound.example:${port}`, path)
    expect([path, status]).toEqual([path, 421])
    expect(text).toContain('DISTROPACK_PUBLIC_URL')
  }
  expect((await askAs(`localhost:${port}`, '/mailbox')).status).toBe(200)
})

it('two starts do not share a folder, nor a port', async () => {
  const sameFolder = await launch(state)
  expect(await sameFolder.end()).toBe(1)
  expect(sameFolder.output()).toMatch(/already running a platform on .*DISTROPACK_STATE_DIR/s)

  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? String(address.port) : ''
  const other = mkdtempSync(join(tmpdir(), 'distropack-start-'))
  const samePort = await launch(state, { PORT: port, DISTROPACK_STATE_DIR: other })
  expect(await samePort.end()).toBe(1)
  expect(samePort.output()).toBe(`Port ${port} is in use. Set PORT to another, or PORT=0 for any free one.\n`)
  server.close()
  rmSync(other, { recursive: true })
})

/** Whether a process of its own outlived it. */
const leftBehindBy = async (start: Start, signal: NodeJS.Signals, status: number): Promise<boolean> => {
  const processes = descendants(start.child.pid)
  expect(processes.length).toBeGreaterThan(1)
  expect(await start.end(signal)).toBe(status)
  return !(await areGone(processes))
}

it('`npm run dev` finds everything as `npm start` left it, and both end with every process they started', async () => {
  const before = readLocal(state)
  expect(await leftBehindBy(running, 'SIGTERM', 143)).toBe(false)
  const start = await launch(state, {}, 'npm run dev')
  await start.ready()
  expect(start.output()).not.toContain('publishing')
  const { token, email, password } = before
  expect(readLocal(state)).toEqual({ url: start.url, token, email, password })
  const signIn = await fetch(`${start.url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: start.url },
    body: JSON.stringify({ email, password }),
  })
  expect(signIn.status).toBe(200)
  await signIn.body?.cancel()
  expect((await fetch(`${start.url}/r/demo/hello/apt/dists/stable/InRelease`)).status).toBe(200)
  expect(await leftBehindBy(start, 'SIGINT', 130)).toBe(false)
})

it('a state whose key is gone is not started on, and gets no other key', async () => {
  rmSync(join(state, 'key-encryption-key'))
  const start = await launch(state)
  expect(await start.end()).toBe(1)
  expect(start.output()).toMatch(/key-encryption-key is missing.*backup/s)
  expect(readdirSync(state)).not.toContain('key-encryption-key')
})

it('a start that fails ends, and with it every process it started', async () => {
  const damaged = mkdtempSync(join(tmpdir(), 'distropack-start-'))
  writeFileSync(join(damaged, 'key-encryption-key'), `${Buffer.alloc(32, 1).toString('base64')}\n`)
  writeFileSync(join(damaged, 'storage'), 'a file in the place of the folder')
  const start = await launch(damaged)
  expect(await start.end()).toBe(1)
  expect(start.output()).toMatch(/storage.* cannot be opened/)
  rmSync(damaged, { recursive: true })
})
