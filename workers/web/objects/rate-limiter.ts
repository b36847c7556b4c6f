// Counts of one key, in memory alone: a limiter that is evicted forgets, which errs on the side of the caller.
// One object a key, so a busy token never slows another down.
import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../env.ts'

export interface RateRule {
  /** Seconds. */
  readonly window: number
  /** Requests in one window. */
  readonly max: number
}

export interface RateState {
  readonly allowed: boolean
  readonly remaining: number
  /** Seconds until the window ends. */
  readonly resetSeconds: number
}

export class RateLimiter extends DurableObject<Env> {
  #count = 0
  #endsAtMs = 0

  take({ window, max }: RateRule): RateState {
    const now = Date.now()
    if (now >= this.#endsAtMs) {
      this.#count = 0
      this.#endsAtMs = now + window * 1000
    }
    const allowed = this.#count < max
    if (allowed) this.#count++
    return { allowed, remaining: max - this.#count, resetSeconds: Math.ceil((this.#endsAtMs - now) / 1000) }
  }

  /** What was taken turned out to be nothing that is counted. */
  giveBack(): void {
    this.#count = Math.max(0, this.#count - 1)
  }
}
