// Does the time of a refused sign-in tell whether an account exists? Both kinds, one after the other, many times.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { API_PATHS, API_PREFIX } from '@distropack/core/contract/api.ts'
import { type Platform, startPlatform } from '../scripts/platform/platform.ts'

const ROUNDS = 60
/** Guesses are counted by address; these come from many. */
const addressOf = (n: number): string => `198.51.${Math.floor(n / 250)}.${(n % 250) + 1}`

export interface SignInRow {
  readonly account: string
  readonly medianMs: number
  readonly p90Ms: number
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0

const rowOf = (account: string, times: readonly number[]): SignInRow => {
  const sorted = [...times].sort((a, b) => a - b)
  const round = (ms: number): number => Math.round(ms * 10) / 10
  return { account, medianMs: round(at(sorted, 0.5)), p90Ms: round(at(sorted, 0.9)) }
}

const addressee = (name: string, round: number): string => `${name}-${round}@distropack.local`

const makeAccount = async ({ url, operatorToken }: Platform, email: string): Promise<void> => {
  const response = await fetch(`${url}${API_PREFIX}${API_PATHS.operatorUsers}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email, name: 'Known', password: 'another password' }),
  })
  if (!response.ok) throw new Error(`making an account answered ${response.status}`)
}

export const benchSignIn = async (): Promise<SignInRow[]> => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'distropack-bench-'))
  const platform = await startPlatform({
    stateDirectory,
    port: 0,
    log: () => {},
    clientAddressHeader: 'cf-connecting-ip',
  })
  let asked = 0
  const time = async (email: string): Promise<number> => {
    const startedAtMs = performance.now()
    const response = await fetch(`${platform.url}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: platform.url, 'cf-connecting-ip': addressOf(asked++) },
      body: JSON.stringify({ email, password: 'not the right one' }),
    })
    await response.text()
    if (response.status !== 401) throw new Error(`sign-in answered ${response.status}`)
    return performance.now() - startedAtMs
  }
  try {
    const known: number[] = []
    const unknown: number[] = []
    await makeAccount(platform, addressee('known', ROUNDS))
    await time(addressee('known', ROUNDS))
    for (let round = 0; round < ROUNDS; round++) {
      // Each asked once: wrong passwords of one account are counted, and refused unread after some.
      await makeAccount(platform, addressee('known', round))
      known.push(await time(addressee('known', round)))
      unknown.push(await time(addressee('nobody', round)))
    }
    return [rowOf('there, wrong password', known), rowOf('not there', unknown)]
  } finally {
    await platform.stop()
    rmSync(stateDirectory, { recursive: true, force: true })
  }
}
