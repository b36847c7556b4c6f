// Ctrl-C, or a CI that cancels its run: what was begun is cleared away, and the process ends by that very signal.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** `work` ends soon after its signal is aborted, and leaves nothing half-written. Asked a second time, nobody waits for it. */
export const untilInterrupted = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const abort = new AbortController()
  let asked: NodeJS.Signals | undefined
  const stop = (name: NodeJS.Signals): void => {
    asked = name
    abort.abort()
  }
  for (const name of SIGNALS) process.once(name, stop)
  try {
    return await work(abort.signal)
  } finally {
    for (const name of SIGNALS) process.off(name, stop)
    // A shell that runs a script stops it when a command ended by SIGINT, and not when it merely failed.
    if (asked) process.kill(process.pid, asked)
  }
}
