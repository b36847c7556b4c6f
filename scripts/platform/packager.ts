// The packager as a child process: the same server that runs in a container, on a loopback port of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { bundleProgram } from './bundle.ts'
import { ROOT } from './root.ts'

export interface PackagerProcess {
  readonly url: string
  /** Of the child that runs now; a restart changes it. */
  readonly pid: () => number | undefined
  stop(): Promise<void>
}

export interface PackagerOptions {
  readonly token: string
  readonly log: (line: string) => void
  /** Called before each start: the folder it works in, in which nothing is. */
  readonly emptyRoom: () => string
}

const FIRST_BACKOFF_MS = 200
const MAX_BACKOFF_MS = 10_000
/** A child that lived this long was healthy: the next death starts the back-off anew. */
const HEALTHY_AFTER_MS = 30_000
const START_TIMEOUT_MS = 30_000

/**
 * Below what systems lend to outgoing connections (Linux: 32768 and up, RFC 6335: 49152 and up). There a port that is
 * free now may be somebody's by the time its process listens; a busy machine loses that race every few hundred times.
 */
const PORTS = { first: 20_000, end: 32_000 } as const
const ATTEMPTS = 100

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(false) : reject(error),
    )
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

export const findFreePort = async (): Promise<number> => {
  for (let i = 0; i < ATTEMPTS; i++) {
    const port = randomInt(PORTS.first, PORTS.end)
    if (await isFree(port)) return port
  }
  throw new Error(`none of ${ATTEMPTS} ports between ${PORTS.first} and ${PORTS.end} is free`)
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const isHealthy = (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  )

const spawnChild = (program: string, port: number, { token, log, emptyRoom }: PackagerOptions): ChildProcess => {
  const child = spawn(process.execPath, ['--max-semi-space-size=2', program], {
    cwd: ROOT,
    // It reads strangers' files: of this process's environment it gets what a program needs to run, and no secret.
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TMPDIR: emptyRoom(),
      LANG: 'C.UTF-8',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      PORT: String(port),
      HOST: '127.0.0.1',
      PACKAGER_TOKEN: token,
      PACKAGER_EXIT_WITH_PARENT: '1',
    },
    // stdin is the thread it hangs on: when this process dies, however it dies, the pipe closes and the child ends.
    stdio: ['pipe', 'pipe', 'pipe'],
    // Not in the terminal's group: Ctrl-C reaches the parent alone, which ends it in order.
    detached: true,
  })
  // Nothing is written; a child that died first must not break this process.
  child.stdin?.on('error', () => undefined)
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => log(`packager: ${text.trimEnd()}`))
  }
  return child
}

/** Resolves when it answers; from then on it is started again whenever it dies. */
export const startPackager = async (options: PackagerOptions): Promise<PackagerProcess> => {
  const program = await bundleProgram('containers/packager/server.ts')
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  let isStopping = false
  let backoffMs = FIRST_BACKOFF_MS
  let child: ChildProcess
  const run = (): void => {
    const startedAtMs = Date.now()
    child = spawnChild(program, port, options)
    child.once('exit', (code, signal) => {
      if (isStopping) return
      if (Date.now() - startedAtMs > HEALTHY_AFTER_MS) backoffMs = FIRST_BACKOFF_MS
      options.log(`packager: ended (${signal ?? code}), starting again in ${backoffMs} ms`)
      setTimeout(() => isStopping || run(), backoffMs)
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)
    })
  }
  run()
  const stop = async (): Promise<void> => {
    isStopping = true
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000)
    await ended
    clearTimeout(timer)
  }
  const deadlineMs = Date.now() + START_TIMEOUT_MS
  while (!(await isHealthy(url))) {
    if (Date.now() > deadlineMs) {
      await stop()
      throw new Error(`the packager did not answer at ${url}/healthz within ${START_TIMEOUT_MS / 1000} s`)
    }
    await sleep(50)
  }
  return { url, pid: () => child.pid, stop }
}
