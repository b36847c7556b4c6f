// The threads that encode xz. They are not those of Node's pool: an encoder's memory of some hundred megabytes stays with
// its thread, and the pool's threads have files and other codecs to serve. They end when nobody has needed them for a while.
import { availableParallelism, totalmem } from 'node:os'
import { Worker } from 'node:worker_threads'

/** One chunk after another into whole .xz streams of one block. A text, so that a bundle needs no second file. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads')
const { XzCompressor, xz } = require('node:module').createRequire(workerData.from)('@napi-rs/lzma')
require('node:v8').setFlagsFromString('--expose-gc')
const collectGarbage = require('node:vm').runInNewContext('gc')
const encode = async (chunk, level) => {
  // The one-shot call has no level but its default.
  if (level === workerData.defaultLevel) return xz.compressSync(chunk)
  const encoder = new XzCompressor({ preset: level })
  return Buffer.concat([encoder.update(chunk), await encoder.finish()])
}
parentPort.on('message', async ({ chunk, level }) => {
  try {
    parentPort.postMessage({ stream: await encode(chunk, level) })
  } catch (error) {
    parentPort.postMessage({ error })
  }
  // The binding's results are memory that V8 does not count, so it sees no reason to collect them.
  collectGarbage()
})
`

/** What the binding's one-shot call uses. */
export const DEFAULT_XZ_LEVEL = 6
/** Two encoders at level 6 hold 200 MB: where there is less than this for everything, one has to do. */
const ROOMY_BYTES = 1024 * 1024 * 1024
/** As many as dpkg-deb and xz take on a machine of two cores; a build is not alone on one that has more. */
const MAX_THREADS = 2
const IDLE_MS = 3_000

/** What a container may use, where it is one. */
const memoryBytes = (): number => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)

/** From level 7 on an encoder's memory is several hundred megabytes: one at a time. */
export const xzThreads = (level: number): number =>
  level > DEFAULT_XZ_LEVEL || memoryBytes() < ROOMY_BYTES ? 1 : Math.min(MAX_THREADS, availableParallelism())

interface Job {
  readonly chunk: Uint8Array<ArrayBuffer>
  readonly level: number
  readonly done: (stream: Uint8Array) => void
  readonly fail: (error: Error) => void
}

const waiting: Job[] = []
const threads = new Set<Thread>()

interface Thread {
  readonly worker: Worker
  job: Job | undefined
  idle: NodeJS.Timeout | undefined
}

const end = (thread: Thread, error: Error): void => {
  threads.delete(thread)
  thread.job?.fail(error)
  thread.job = undefined
  void thread.worker.terminate()
  // Others' chunks must not wait for a thread that will not come.
  const next = waiting[0]
  if (next && threads.size < xzThreads(next.level)) start()
}

const give = (thread: Thread): void => {
  const job = waiting.shift()
  thread.job = job
  if (job) {
    thread.worker.ref()
    thread.worker.postMessage({ chunk: job.chunk, level: job.level }, [job.chunk.buffer])
    return
  }
  thread.worker.unref()
  thread.idle = setTimeout(() => end(thread, new Error('idle')), IDLE_MS).unref()
}

const start = (): void => {
  const workerData = { from: import.meta.url, defaultLevel: DEFAULT_XZ_LEVEL }
  const worker = new Worker(PROGRAM, { eval: true, workerData, resourceLimits: { maxYoungGenerationSizeMb: 2 } })
  const thread: Thread = { worker, job: undefined, idle: undefined }
  threads.add(thread)
  worker.on('message', ({ stream, error }: { stream?: Uint8Array; error?: Error }) => {
    if (stream) thread.job?.done(stream)
    else thread.job?.fail(error ?? new Error('xz: the thread gave nothing'))
    give(thread)
  })
  worker.on('error', (error) => end(thread, error as Error))
  worker.on('exit', () => end(thread, new Error('xz: its thread ended')))
  give(thread)
}

/** A chunk, which is gone from here, as a whole .xz stream. */
export const encodeXz = (chunk: Uint8Array<ArrayBuffer>, level: number): Promise<Uint8Array> =>
  new Promise((done, fail) => {
    waiting.push({ chunk, level, done, fail })
    const free = [...threads].find(({ job }) => !job)
    if (free) {
      clearTimeout(free.idle)
      give(free)
    } else if (threads.size < xzThreads(level)) start()
  })
