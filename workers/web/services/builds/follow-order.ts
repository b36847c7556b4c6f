// One order at the packager, followed to its last word; its log is kept as it comes.
import type { BuildEvent, Order } from '@distropack/core/contract/packager.ts'
import { PackagerLost, packagerOf } from '../../packager/packager.ts'
import type { Platform } from '../platform/platform.ts'
import { appendLog } from './jobs.ts'
import type { Lease } from './lease.ts'

const LOG_BATCH = 30

export type Ending = Extract<BuildEvent, { type: 'done' | 'failed' | 'inspected' }>

/** `jobId`: whose log it is. @throws PackagerLost */
export const followOrder = async (platform: Platform, jobId: string, order: Order, lease: Lease): Promise<Ending> => {
  let lines: { atMs: number; line: string }[] = []
  const flush = async (): Promise<void> => {
    const batch = lines
    lines = []
    if (batch.length > 0) await appendLog(platform, jobId, batch)
  }
  try {
    for await (const event of packagerOf(platform.env).build(order)) {
      if (event.type === 'log') lines.push({ atMs: event.atMs, line: event.line })
      else if (event.type !== 'beat') return event
      if (lines.length >= LOG_BATCH || event.type === 'beat') await flush()
      if (lease.isLost()) throw new PackagerLost('another delivery took this job over')
    }
  } finally {
    await flush()
  }
  throw new PackagerLost('the packager ended without a result', { isMidway: true })
}
