// A platform whose object store and database run in a workerd of their own: what the other one holds is our Workers'.
// Miniflare's simulators hash each byte in JavaScript, and in one process their memory could not be told from ours.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { FILES_WORKER, WEB_WORKER } from '../scripts/platform/options.ts'
import { startTestPlatform, type TestPlatform } from '../test/support/platform.ts'
import { type Held, watchIsolates } from './isolates.ts'
import { childrenNamed, peakRssMb } from './measure.ts'

export interface SplitPlatform {
  readonly platform: TestPlatform
  /** Of the process with the entry point, both Workers, their Durable Objects and the queues. */
  readonly workersPid: number
  /** Of the process with the simulated R2 and D1. */
  readonly storePid: number
  stop(): Promise<void>
}

const STORE = `export default { fetch: () => new Response('store') }`

const workerdStartedBy = async (start: () => Promise<void>): Promise<number> => {
  const before = childrenNamed('workerd')
  await start()
  const started = childrenNamed('workerd').filter((pid) => !before.includes(pid))
  if (started[0] === undefined || started.length > 1) throw new Error(`${started.length} workerd began, and not one`)
  return started[0]
}

/** Miniflare gives the storage of a folder to the first instance that registers for it; the others ask that one. */
const sharing = (folder: string, instance: string) => ({
  enableDevRegistry: true,
  unsafeEnableSharedStorage: true,
  unsafeDevRegistryPath: join(folder, 'registry'),
  resourcePersistencePath: join(folder, 'shared'),
  isolatedResourcePersistencePath: join(folder, instance),
})

export const startSplitPlatform = async (): Promise<SplitPlatform> => {
  const folder = mkdtempSync(join(tmpdir(), 'distropack-split-'))
  mkdirSync(join(folder, 'shared'))
  const alone = convertV4MiniflareOptions({
    name: 'store',
    modules: true,
    script: STORE,
    compatibilityDate: '2026-10-01',
    cf: false,
    telemetry: { enabled: false },
  })
  const store = new Miniflare({ ...alone, ...sharing(folder, 'store') })
  const storePid = await workerdStartedBy(async () => void (await store.ready))
  let platform: TestPlatform | undefined
  const workersPid = await workerdStartedBy(async () => {
    platform = await startTestPlatform(undefined, {}, { inspectorPort: 0, ...sharing(folder, 'workers') })
  })
  const started = platform
  if (!started) throw new Error('the platform did not start')
  const stop = async (): Promise<void> => {
    await started.stop()
    await store.dispose()
    rmSync(folder, { recursive: true })
  }
  return { platform: started, workersPid, storePid, stop }
}

/** Peaks in MB. `web` and `files`: the Workers' isolates. `…Rss`: whole processes, native memory too. */
export interface WorkerPeaks {
  readonly webHeap: number
  readonly webOutside: number
  readonly filesHeap: number
  readonly filesOutside: number
  readonly samples: number
  readonly workersIdleRss: number
  readonly workersRss: number
  readonly storeRss: number
}

export interface WorkerRow extends WorkerPeaks {
  /** A target: through the command line, to a reader. Otherwise the entry point it came in by. */
  readonly way: string
  readonly payloadMb: number
}

const NOTHING: Held = { heapMb: 0, outsideMb: 0 }

export const watchWorkers = async (split: SplitPlatform, work: () => Promise<void>): Promise<WorkerPeaks> => {
  const workersIdleRss = peakRssMb(split.workersPid)
  const watch = await watchIsolates(await split.platform.inspectorUrl(), [WEB_WORKER, FILES_WORKER])
  // Stopped either way: a watch that goes on would ask a platform that is gone.
  const { peaks, samples } = await work().then(watch.stop, async (error: unknown) => {
    await watch.stop()
    throw error
  })
  const web = peaks.get(WEB_WORKER) ?? NOTHING
  const files = peaks.get(FILES_WORKER) ?? NOTHING
  return {
    ...{ webHeap: web.heapMb, webOutside: web.outsideMb, filesHeap: files.heapMb, filesOutside: files.outsideMb },
    ...{ samples, workersIdleRss, workersRss: peakRssMb(split.workersPid), storeRss: peakRssMb(split.storePid) },
  }
}
