// One per repository: the single writer of its generations. Calls only wake it; the alarm publishes whatever D1
// says is pending, so bursts fold, and a repeated or lost call changes nothing.
import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../env.ts'
import { logError } from '../services/platform/log.ts'
import { openPlatform } from '../services/platform/platform.ts'
import { type IndexStore, openIndexStore } from '../services/repositories/index-store.ts'
import { openPieceStore, type PieceStore } from '../services/repositories/pieces.ts'
import { beginRebuild, publishPending } from '../services/repositories/publish.ts'

/** R2 takes one write a second to a key, and the head is one key. */
const BETWEEN_FLIPS_MS = 1000
/** Long enough for the other jobs of a burst to arrive, too short for a person to notice. */
const GATHER_MS = 50
const RETRY_MS = 5000

export class RepositoryPublisher extends DurableObject<Env> {
  readonly #store: IndexStore
  readonly #pieces: PieceStore

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    this.#store = openIndexStore(state.storage)
    this.#pieces = openPieceStore(env.BUCKET)
  }

  /** Says that D1 holds something to publish for this repository; answers before it is done. */
  async publish(projectId: string): Promise<void> {
    this.#store.setMeta('project', projectId)
    if ((await this.ctx.storage.getAlarm()) !== null) return
    const earliest = Number(this.#store.meta('flippedAtMs') ?? 0) + BETWEEN_FLIPS_MS
    await this.ctx.storage.setAlarm(Math.max(Date.now() + GATHER_MS, earliest))
  }

  /** Makes every index of the repository anew from D1; answers before it is done. */
  async rebuild(projectId: string): Promise<void> {
    const platform = openPlatform(this.env)
    await beginRebuild({ platform, projectId, store: this.#store, pieces: this.#pieces })
    await this.publish(projectId)
  }

  generation(): number {
    return this.#store.generation()
  }

  override async alarm(): Promise<void> {
    const projectId = this.#store.meta('project')
    if (!projectId) return
    const platform = openPlatform(this.env)
    try {
      const { hasMore } = await publishPending({ platform, projectId, store: this.#store, pieces: this.#pieces })
      if (hasMore) await this.ctx.storage.setAlarm(Date.now() + BETWEEN_FLIPS_MS)
    } catch (error) {
      // The runtime gives up after six alarms; a repository must not.
      logError('publish.broke', error, { projectId })
      await this.ctx.storage.setAlarm(Date.now() + RETRY_MS)
    }
  }
}
