// `npm start` as a process: started, watched, ended or killed, with everything it started in turn.
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort } from '../../scripts/platform/packager.ts'
import { ROOT } from '../../scripts/platform/root.ts'

const running = new Set<Start>()

// A run that is interrupted never comes to afterAll.
process.once('exit', () => {
  for (const { child } of running) child.kill('SIGKILL')
})

/** Whatever a test left running. */
export const killAll = async (): Promise<void> => {
  for (const start of running) await start.end('SIGKILL')
}

export interface Start {
  readonly url: string
  readonly child: ChildProcess
  output(): string
  /** Of /healthz; undefined while nobody listens. */
  health(): Promise<number | undefined>
  ready(): Promise<void>
  end(signal?: NodeJS.Signals): Promise<number | null>
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The program alone, which a signal reaches however it comes; or npm with a shell between, as a person starts it. */
type Command = 'program' | 'npm start' | 'npm run dev'

const PROGRAM = [process.execPath, join(ROOT, 'scripts/start.ts')]

/** On this state folder; PORT is a free one unless given. */
export const launch = async (
  state: string,
  environment: Readonly<Record<string, string>> = {},
  command: Command = 'program',
): Promise<Start> => {
  const port = environment.PORT ?? String(await findFreePort())
  const [file = '', ...args] = command === 'program' ? PROGRAM : command.split(' ')
  const child = spawn(file, args, {
    cwd: ROOT,
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

export interface LocalAccess {
  readonly url: string
  readonly token: string
  readonly email: string
  readonly password: string
}
export const readLocal = (state: string): LocalAccess =>
  JSON.parse(readFileSync(join(state, 'local.json'), 'utf8')) as LocalAccess

const parentOf = (pid: string): string | undefined =>
  /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]

export const descendants = (pid: number | undefined): readonly string[] => {
  const children = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && parentOf(name) === String(pid)
    } catch {
      return false
    }
  })
  return children.flatMap((child) => [child, ...descendants(Number(child))])
}

export const areGone = async (pids: readonly string[]): Promise<boolean> => {
  for (let attempt = 0; attempt < 100; attempt++) {
    const alive = readdirSync('/proc').filter((name) => pids.includes(name))
    if (alive.length === 0) return true
    await sleep(50)
  }
  return false
}
