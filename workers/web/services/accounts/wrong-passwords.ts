// Wrong passwords stop for a while, and their owner is not locked out: a browser that signed in before has a token of its
// own and its own count ("device cookies", owasp.org), so that guesses from elsewhere use up another one.
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { sha256Hex } from '../../storage/sha256.ts'
import type { Platform } from '../platform/platform.ts'
import { giveRateBack, type Rate, takeRate } from '../platform/rate-limits.ts'

const OF_ACCOUNT = { window: 15 * 60, max: 10 }
const OF_ADDRESS = { window: 60, max: 5 }

const sign = (secret: string, email: string, id: string): string =>
  createHmac('sha256', secret).update(`known-browser\n${email}\n${id}`).digest('base64url')

/** What a browser keeps after it signed in to the account. */
export const newBrowserToken = (secret: string, email: string): string => {
  const id = randomUUID()
  return `${id}.${sign(secret, email, id)}`
}

/** The browser's name, when its token was made here for this account. */
const knownBrowser = (secret: string, email: string, token: string | undefined): string | undefined => {
  const [id = '', signature = ''] = (token ?? '').split('.')
  const expected = Buffer.from(sign(secret, email, id))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected) ? id : undefined
}

export interface SignInAttempt {
  /** Lower case. */
  readonly email: string
  /** Absent where nobody says whence a request comes: then the account's own count is all there is. */
  readonly address: string | undefined
  readonly browserToken: string | undefined
  readonly secret: string
}

const countsOf = async ({ email, address, browserToken, secret }: SignInAttempt) => {
  const browser = knownBrowser(secret, email, browserToken)
  if (browser) return [{ key: `wrong:browser:${browser}`, rule: OF_ACCOUNT }]
  const ofAccount = { key: `wrong:account:${await sha256Hex(email)}`, rule: OF_ACCOUNT }
  return address ? [ofAccount, { key: `wrong:address:${address}`, rule: OF_ADDRESS }] : [ofAccount]
}

export interface Guess {
  /** Not a wrong password: it counts for nothing. */
  takeBack(): Promise<void>
}

/**
 * Counts the attempt before it is made, so that a thousand at the same moment are a thousand; or gives the count that is
 * used up, and then nothing was counted.
 */
export const countGuess = async (
  platform: Platform,
  attempt: SignInAttempt,
): Promise<{ readonly refused: Rate } | { readonly refused: undefined; readonly guess: Guess }> => {
  const counts = await countsOf(attempt)
  const rates = await Promise.all(counts.map(({ key, rule }) => takeRate(platform, key, rule)))
  const takeBack = async (): Promise<void> => {
    const taken = counts.filter((_, index) => rates[index]?.allowed)
    await Promise.all(taken.map(({ key }) => giveRateBack(platform, key)))
  }
  const refused = rates.find(({ allowed }) => !allowed)
  if (!refused) return { refused: undefined, guess: { takeBack } }
  await takeBack()
  return { refused }
}
