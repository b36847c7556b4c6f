// Cloudflare, as far as a deployment needs it: wrangler for everything it does itself, the API for what wrangler only says
// in tables. Refusals that people meet become a sentence with the page where something can be done.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { ROOT } from '../platform/root.ts'
import { DeployError } from './settings.ts'

const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')

/** Cloudflare's own numbers, and what to do about each. */
const KNOWN_REFUSALS: readonly (readonly [sign: RegExp, sentence: string])[] = [
  [
    /\b10015\b|not_entitled|Workers Paid/i,
    'This account is on Workers Free; queues with consumers, containers and long requests need Workers Paid: https://dash.cloudflare.com/?to=/:account/workers/plans',
  ],
  [/\b10042\b|enable R2/i, 'R2 is not enabled in this account: https://dash.cloudflare.com/?to=/:account/r2'],
  [
    /\b10063\b|workers\.dev subdomain/i,
    'This account has no workers.dev subdomain: open https://dash.cloudflare.com/?to=/:account/workers once, or give --domain.',
  ],
  [
    /\b10000\b|Authentication error|not authenticated|You are not logged in/i,
    'Cloudflare does not know you: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN to a token that may edit Workers, D1, R2 and Queues: https://dash.cloudflare.com/profile/api-tokens',
  ],
  [
    /Docker CLI is needed|Cannot connect to the Docker daemon/i,
    'The packager’s image is built with Docker, which is not running here: start it, or give --packager the address of a packager of your own (docs/deploy.md).',
  ],
]

export const sentenceOf = (words: string): string | undefined => KNOWN_REFUSALS.find(([sign]) => sign.test(words))?.[1]

export interface WranglerRun {
  readonly stdout: string
}

/** Its words on stdout; throws with the known sentence, or with all it said. `input`: never seen on a command line. */
export const wrangler = (args: readonly string[], input = ''): Promise<WranglerRun> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1', NO_COLOR: '1', FORCE_COLOR: '0' }
    const child = spawn(process.execPath, [WRANGLER, ...args], { cwd: ROOT, env })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text
      })
    }
    child.once('error', reject)
    child.once('close', (status) => {
      if (status === 0) return resolve({ stdout: output.stdout })
      const words = stripVTControlCharacters(`${output.stdout}${output.stderr}`).trim()
      reject(new DeployError(sentenceOf(words) ?? `wrangler ${args.slice(0, 3).join(' ')} failed:\n${words}`))
    })
    child.stdin.end(input)
  })

const base = (): string =>
  (process.env.CLOUDFLARE_API_BASE_URL ?? 'https://api.cloudflare.com/client/v4').replace(/\/+$/, '')

export interface Cloudflare {
  /** The `result` of an answer. Throws a sentence. */
  readonly ask: <T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<T>
}

interface Envelope {
  readonly success: boolean
  readonly result: unknown
  readonly errors?: readonly { readonly code: number; readonly message: string }[]
}

export const openCloudflare = (token: string): Cloudflare => ({
  async ask<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
    const response = await fetch(`${base()}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const answer = (await response.json().catch(() => ({ success: false, result: null }))) as Envelope
    if (response.ok && answer.success) return answer.result as T
    const words = (answer.errors ?? []).map(({ code, message }) => `${message} [code: ${code}]`).join('; ')
    throw new DeployError(sentenceOf(words) ?? `Cloudflare answered ${response.status} to ${method} ${path}: ${words}`)
  },
})

/** The token of the environment, or the one that `wrangler login` keeps. */
export const findToken = async (): Promise<string> => {
  if (process.env.CLOUDFLARE_API_TOKEN) return process.env.CLOUDFLARE_API_TOKEN
  const { stdout } = await wrangler(['auth', 'token', '--json'])
  const { token } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { readonly token?: string }
  if (!token) throw new DeployError(sentenceOf('not authenticated') ?? '')
  return token
}
