// A person's session, for as long as one command takes: signed in with a password, and a second factor where there is
// one. What a token may not do, making more of itself and joining others, needs one.
import { stdin } from 'node:process'
import type { ApiClient } from '@distropack/core/contract/client.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { EXIT, type Outcome, type Trouble, usageTrouble } from './outcome.ts'
import { checkUrl, clientFor, type Environment, readConfig, type ServerFlags } from './settings.ts'
import { askSecret, readAllOfStdin, type Terminal } from './terminal.ts'

interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

const trouble = (message: string, exitCode: Trouble['exitCode'] = EXIT.unauthorized): Result<never, Trouble> =>
  err({ exitCode, code: 'unauthenticated', faults: [{ message }] })

/** Both the API's refusals and better-auth's. */
const wordsOf = ({ status, body }: Reply): string => {
  const { error, message } = body as { readonly error?: { readonly message?: string }; readonly message?: string }
  return error?.message ?? message ?? `The server answered ${status}.`
}

/** Cookies as a browser keeps them, of this one server. */
class Jar {
  private readonly cookies = new Map<string, string>()
  private readonly url: string
  constructor(url: string) {
    this.url = url
  }

  /** As `fetch`, with the cookies so far, and from a page of that server, which is all that a session acts for. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const headers = new Headers(init?.headers)
    headers.delete('authorization')
    headers.set('origin', this.url)
    headers.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(input, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(line) ?? []
      if (name !== undefined && value !== undefined) this.cookies.set(name, value)
    }
    return response
  }

  async post(path: string, body: object): Promise<Result<Reply, Trouble>> {
    try {
      const headers = { 'content-type': 'application/json' }
      const response = await this.fetch(`${this.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      const text = await response.text()
      const said: unknown = text ? JSON.parse(text) : {}
      if (typeof said !== 'object' || said === null) throw new Error('its answer is not of this API')
      return ok({ status: response.status, body: said as Reply['body'] })
    } catch (error) {
      return err({
        exitCode: EXIT.unreachable,
        code: 'server_unreachable',
        faults: [{ message: `${this.url} gives no usable answer: ${(error as Error).message}.` }],
      })
    }
  }
}

const secondFactor = async (jar: Jar, terminal: Terminal): Promise<Result<void, Trouble>> => {
  const code = (await terminal.ask('Code of your authenticator app: '))?.trim()
  if (!code) return trouble('This account has a second factor; sign in on a terminal, or give --token.')
  const checked = await jar.post('/api/auth/two-factor/verify-totp', { code })
  if (!checked.ok) return checked
  return checked.value.status === 200 ? ok(undefined) : trouble(wordsOf(checked.value))
}

/** The password is asked for, or read from stdin: on a command line others would see it. */
const signIn = async (url: string, email: string, terminal: Terminal): Promise<Result<Jar, Trouble>> => {
  const password = stdin.isTTY ? await askSecret(`Password of ${email} (it is not shown): `) : await readAllOfStdin()
  if (!password) return trouble('No password: write it on stdin.', EXIT.usage)
  const jar = new Jar(url)
  const signed = await jar.post('/api/auth/sign-in/email', { email, password })
  if (!signed.ok) return signed
  if (signed.value.status !== 200) return trouble(wordsOf(signed.value))
  if (signed.value.body.twoFactorRedirect !== true) return ok(jar)
  const second = await secondFactor(jar, terminal)
  return second.ok ? ok(jar) : second
}

export interface PersonFlags extends ServerFlags {
  readonly email?: string
}

/** Which server, and which person: as flags say, or as `login --email` kept them. */
const personFor = async (flags: PersonFlags, env: Environment) => {
  const config = await readConfig(env)
  if (!config.ok) return config
  const address = flags.url || env.DISTROPACK_API_URL || config.value.url
  if (!address) return usageTrouble('Which server? Give --url, or set DISTROPACK_API_URL.')
  const email = flags.email ?? (config.value.url === address.replace(/\/+$/, '') ? config.value.email : undefined)
  if (!email) return usageTrouble('This is for a person, not for a token: give --email, and the password when asked.')
  const url = checkUrl(address)
  return url.ok ? ok({ url: url.value, email }) : url
}

/** `work` with that person's session, which ends with it. */
export const asPerson = async (
  flags: PersonFlags,
  env: Environment,
  terminal: Terminal,
  work: (client: ApiClient, person: { readonly url: string; readonly email: string }) => Promise<Outcome>,
): Promise<Outcome> => {
  const person = await personFor(flags, env)
  if (!person.ok) return person
  const jar = await signIn(person.value.url, person.value.email, terminal)
  if (!jar.ok) return jar
  try {
    return await work(clientFor(person.value.url, '', jar.value.fetch), person.value)
  } finally {
    await jar.value.post('/api/auth/sign-out', {})
  }
}
