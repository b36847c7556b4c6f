// Wall time and peak memory of other programs, and of processes that run already.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Measured {
  readonly seconds: number
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

const POLL_MS = 20

/** Throws with the program's words when it fails. */
export const runMeasured = (command: string, args: readonly string[], cwd?: string): Promise<Measured> =>
  new Promise((resolve, reject) => {
    const startedAtMs = performance.now()
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], ...(cwd ? { cwd } : {}) })
    let errors = ''
    let peak = 0
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
      if (status === 0) resolve({ seconds, peakRssMb: peak })
      else reject(new Error(`${command} ended with ${status}: ${errors}`))
    })
  })

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
