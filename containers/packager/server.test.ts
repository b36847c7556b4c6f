import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'

const SERVER = join(import.meta.dirname, 'server.ts')

let child: ChildProcess | undefined
afterEach(() => {
  child?.kill('SIGKILL')
})

/** Starts it and waits for its first word. */
const start = async (env: Record<string, string>) => {
  const started = spawn(process.execPath, [SERVER], {
    env: { PATH: process.env.PATH ?? '', HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child = started
  const events: { event: string; port?: number }[] = []
  started.stdout?.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.trim().split('\n')) events.push(JSON.parse(line))
  })
  const ended = new Promise<number | null>((done) => started.once('exit', (code) => done(code)))
  await expect.poll(() => events[0]?.event).toBe('packager.listening')
  return { child: started, events, ended, url: `http://127.0.0.1:${events[0]?.port}` }
}

it('answers, says each event as a line of JSON, and leaves in order when asked', async () => {
  const packager = await start({ PACKAGER_TOKEN: 'shared-secret' })
  expect(await (await fetch(`${packager.url}/healthz`)).json()).toEqual({ state: 'ready', buildsUnderWay: 0 })
  expect((await fetch(`${packager.url}/v1/builds`, { method: 'POST', body: '{}' })).status).toBe(401)
  packager.child.kill('SIGTERM')
  expect(await packager.ended).toBe(0)
  expect(packager.events.map(({ event }) => event)).toEqual([
    'packager.listening',
    'packager.draining',
    'packager.stopped',
  ])
  expect(JSON.stringify(packager.events)).not.toContain('shared-secret')
})

it('ends with its parent when it is bound to it', async () => {
  const packager = await start({ PACKAGER_EXIT_WITH_PARENT: '1' })
  packager.child.stdin?.end()
  expect(await packager.ended).toBe(0)
})

it.each([
  ['PACKAGER_BUILDS_AT_ONCE', '0'],
  ['PACKAGER_LARGE_BUILDS_AT_ONCE', 'many'],
])('does not start with %s=%s, and says what it must be', (name, text) => {
  const { status, stderr } = spawnSync(process.execPath, [SERVER], {
    env: { PORT: '0', [name]: text },
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([2, `${name} must be a whole number of 1 or more, not "${text}".\n`])
})
