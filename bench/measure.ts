// Wall time and peak memory of other programs, and of processes that run already.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Measured {
  readonly seconds: number
  /** Of the program and all it started; on a machine that others use too, this says more than the clock. */
  readonly cpuSeconds: number
  readonly peakRssMb: number
}

/** proc(5): VmHWM is the most memory a process ever had resident, in KiB. 0 once it has ended. */
export const peakRssMb = (pid: number): number => {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kib ?? 0) / 1024
  } catch {
    return 0
  }
}

const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      try {
        return new RegExp(`\\) \\S ${pid} `).test(readFileSync(`/proc/${candidate}/stat`, 'utf8'))
      } catch {
        return false
      }
    })

/** Of a program that forks: the largest of its processes, which is the kinder figure for it. */
const peakOfTree = (pid: number): number => Math.max(peakRssMb(pid), 0, ...childrenOf(pid).map(peakOfTree))

/** Linux counts CPU time in ticks of which a second has 100 (sysconf(3), _SC_CLK_TCK). */
const TICKS_A_SECOND = 100

const statOf = (pid: number): { readonly name: string; readonly cpuSeconds: number } => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name stands in parentheses and may hold anything; fields 14 and 15 are utime and stime (proc(5)).
    const end = stat.lastIndexOf(')')
    const fields = stat.slice(end + 2).split(' ')
    return {
      name: stat.slice(stat.indexOf('(') + 1, end),
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
    }
  } catch {
    return { name: '', cpuSeconds: 0 }
  }
}

/** Process ids of this process's own children of that name. */
export const childrenNamed = (name: string): readonly number[] =>
  childrenOf(process.pid).filter((child) => statOf(child).name === name)

/** So far, of the programs of that name among this process's descendants. */
export const cpuSecondsOf = (name: string, pid: number = process.pid): number =>
  childrenOf(pid).reduce((sum, child) => {
    const stat = statOf(child)
    return sum + (stat.name === name ? stat.cpuSeconds : 0) + cpuSecondsOf(name, child)
  }, 0)

const POLL_MS = 20

/** bash counts what its children took; Node cannot. */
const TIMED = 'TIMEFORMAT="@cpu %U %S"; time "$0" "$@"'

/** Throws with the program's words when it fails. */
export const runMeasured = (
  command: string,
  args: readonly string[],
  cwd?: string,
): Promise<Measured & { readonly stdout: string }> =>
  new Promise((resolve, reject) => {
    const startedAtMs = performance.now()
    const child = spawn('bash', ['-c', TIMED, command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd ? { cwd } : {}),
    })
    let errors = ''
    let peak = 0
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    const timer = setInterval(() => {
      if (child.pid) peak = Math.max(peak, peakOfTree(child.pid))
    }, POLL_MS)
    child.once('error', reject)
    child.once('close', (status) => {
      clearInterval(timer)
      const seconds = (performance.now() - startedAtMs) / 1000
      const [, user, system] = /^@cpu (\S+) (\S+)$/m.exec(errors) ?? []
      if (status === 0) resolve({ seconds, cpuSeconds: Number(user) + Number(system), peakRssMb: peak, stdout })
      else reject(new Error(`${command} ended with ${status}: ${errors}`))
    })
  })

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

export const isInstalled = (command: string): Promise<boolean> =>
  runMeasured('sh', ['-c', `command -v ${command}`]).then(
    () => true,
    () => false,
  )
