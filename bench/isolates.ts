// What isolates of a running workerd hold, asked of them through its inspector while they work.

/** Both in MB (2^20 bytes), garbage that nobody has collected yet included. */
export interface Held {
  /** V8's heap: code, objects, strings. */
  readonly heapMb: number
  /** ArrayBuffers and the runtime's own objects, which lie outside that heap. */
  readonly outsideMb: number
}

const MB = 1024 * 1024
/** The smallest body that counts, a part of 32 MiB, takes longer than this; asking oftener would measure the asking. */
const PAUSE_MS = 20

/** Chrome DevTools Protocol, Runtime.getHeapUsage; bytes. */
interface HeapUsage {
  readonly usedSize: number
  readonly embedderHeapUsedSize: number
  readonly backingStorageSize: number
}

interface Isolate {
  readonly name: string
  usage(): Promise<HeapUsage>
  close(): void
}

const connect = async (inspector: URL, name: string): Promise<Isolate> => {
  // As the inspector itself lists it under /json: the colon of "core:user:…" is not escaped.
  const socket = new WebSocket(`ws://${inspector.host}/core:user:${name}`)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', () => reject(new Error(`the inspector knows no Worker ${name}`)), { once: true })
  })
  const waiting = new Map<number, (usage: HeapUsage) => void>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data))
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  let last = 0
  return {
    name,
    usage: () =>
      new Promise((resolve) => {
        const id = ++last
        waiting.set(id, resolve)
        socket.send(JSON.stringify({ id, method: 'Runtime.getHeapUsage' }))
      }),
    close: () => socket.close(),
  }
}

export interface IsolateWatch {
  /** The most that each was seen with, by its Worker's name, and how often they were asked. */
  stop(): Promise<{ readonly peaks: ReadonlyMap<string, Held>; readonly samples: number }>
}

/** Asks the isolates of these Workers again and again until stopped. */
export const watchIsolates = async (inspector: URL, workers: readonly string[]): Promise<IsolateWatch> => {
  const isolates = await Promise.all(workers.map((name) => connect(inspector, name)))
  const peaks = new Map<string, Held>()
  let samples = 0
  let isStopping = false
  const sample = async (isolate: Isolate): Promise<void> => {
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = await isolate.usage()
    const before = peaks.get(isolate.name)
    peaks.set(isolate.name, {
      heapMb: Math.max(before?.heapMb ?? 0, usedSize / MB),
      outsideMb: Math.max(before?.outsideMb ?? 0, (embedderHeapUsedSize + backingStorageSize) / MB),
    })
  }
  const watching = (async () => {
    while (!isStopping) {
      await Promise.all(isolates.map(sample))
      samples++
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  })()
  return {
    async stop() {
      isStopping = true
      await watching
      for (const isolate of isolates) isolate.close()
      return { peaks, samples }
    },
  }
}
