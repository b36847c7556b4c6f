// A line before a few places: who comes first is served first, and who leaves the line costs nobody anything.

export interface BuildQueue {
  /** Runs the work when a place is free. Rejects with the signal's reason when it is aborted while waiting. */
  take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>
}

export const openBuildQueue = (places: number): BuildQueue => {
  let free = places
  const waiting = new Set<() => void>()
  const enter = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = (): void => {
        waiting.delete(go)
        signal.removeEventListener('abort', leave)
        free -= 1
        resolve()
      }
      const leave = (): void => {
        waiting.delete(go)
        reject(signal.reason)
      }
      if (signal.aborted) return leave()
      if (free > 0) return go()
      waiting.add(go)
      signal.addEventListener('abort', leave, { once: true })
    })
  return {
    async take(work, signal) {
      await enter(signal)
      try {
        return await work()
      } finally {
        free += 1
        const [next] = waiting
        next?.()
      }
    },
  }
}
