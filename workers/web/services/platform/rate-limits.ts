// How often one may ask. Readers of repositories are never counted: they go past all this.
import type { Platform } from './platform.ts'

interface Rule {
  readonly window: number
  readonly max: number
}

export interface Rate {
  readonly allowed: boolean
  readonly limit: number
  readonly remaining: number
  readonly windowSeconds: number
  readonly resetSeconds: number
}

const limiterOf = ({ env }: Platform, key: string) => env.RATE_LIMITERS.get(env.RATE_LIMITERS.idFromName(key))

export const takeRate = async (platform: Platform, key: string, rule: Rule): Promise<Rate> => {
  const { allowed, remaining, resetSeconds } = await limiterOf(platform, key).take(rule)
  return { allowed, limit: rule.max, remaining, windowSeconds: rule.window, resetSeconds }
}

/** Of what was taken and turned out to be nothing that is counted. */
export const giveRateBack = (platform: Platform, key: string): Promise<void> => limiterOf(platform, key).giveBack()

/** In better-auth's words. */
export const consumeRate = async (
  platform: Platform,
  key: string,
  rule: Rule,
): Promise<{ allowed: boolean; retryAfter: number | null }> => {
  const { allowed, resetSeconds } = await takeRate(platform, key, rule)
  return { allowed, retryAfter: allowed ? null : resetSeconds }
}

const WINDOW_SECONDS = 60
const DEFAULT_PER_ACTOR = 3000
const DEFAULT_PER_ADDRESS = 600

/** Of one who is known. */
export const takeActorRate = (platform: Platform, actorId: string): Promise<Rate> => {
  const max = Number(platform.env.RATE_PER_ACTOR ?? DEFAULT_PER_ACTOR)
  return takeRate(platform, `actor:${actorId}`, { window: WINDOW_SECONDS, max })
}

/** Of one who is not: guesses at tokens come from here. */
export const takeAddressRate = (platform: Platform, address: string): Promise<Rate> => {
  const max = Number(platform.env.RATE_PER_ADDRESS ?? DEFAULT_PER_ADDRESS)
  return takeRate(platform, `address:${address}`, { window: WINDOW_SECONDS, max })
}
