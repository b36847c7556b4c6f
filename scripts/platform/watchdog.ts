// A child outlives a parent that is killed outright; workerd would keep the port and the storage. The watchdog is a
// shell that holds a pipe from this process: when the pipe closes, however that came about, it kills the children.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Watchdog {
  /** Forgets whom it watched: called before an orderly end. */
  disarm(): void
}

interface ProcessFacts {
  readonly pid: number
  readonly parentPid: number
  readonly command: string
}

// proc(5): the second field of stat is the name in parentheses, the fourth the parent.
const factsFromProc = (pid: string): readonly ProcessFacts[] => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [, command = '', parentPid = ''] = /^\d+ \((.*)\) \S (\d+) /s.exec(stat) ?? []
    return [{ pid: Number(pid), parentPid: Number(parentPid), command }]
  } catch {
    return [] // It ended between the listing and the reading.
  }
}

const listProcesses = (): readonly ProcessFacts[] => {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap(factsFromProc)
  }
  return execFileSync('ps', ['-Ao', 'pid=,ppid=,comm='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .flatMap((match) =>
      match ? [{ pid: Number(match[1]), parentPid: Number(match[2]), command: match[3] ?? '' }] : [],
    )
}

const isWorkerd = ({ parentPid, command }: ProcessFacts): boolean =>
  parentPid === process.pid && command.split('/').at(-1) === 'workerd'

/** Ends these processes when this one is gone. */
export const guard = (pids: readonly number[]): Watchdog => {
  // A session of its own: Ctrl-C in a terminal must not end the watchdog before those it watches.
  const shell = spawn('/bin/sh', ['-c', 'cat >/dev/null; kill -9 "$@" 2>/dev/null', 'watchdog', ...pids.map(String)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  shell.stdin?.on('error', () => undefined)
  shell.unref()
  // The group: the shell and the cat it waits for.
  return { disarm: () => void (shell.pid && process.kill(-shell.pid, 'SIGKILL')) }
}

/** Call again after workerd was restarted: it has another process id then. */
export const guardWorkerd = (): Watchdog =>
  guard(
    listProcesses()
      .filter(isWorkerd)
      .map(({ pid }) => pid),
  )
