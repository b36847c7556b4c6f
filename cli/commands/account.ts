// `distropack login`, `logout`, `whoami` and `config`: who asks, and where that is kept.
import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { stdin } from 'node:process'
import { API_PATHS, createdTokenSchema, doneSchema, whoamiSchema } from '@distropack/core/contract/api.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type * as z from 'zod'
import { asPerson } from '../account-session.ts'
import { clientTrouble, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import {
  type Config,
  checkUrl,
  clientFor,
  configPath,
  type Environment,
  readConfig,
  type ServerFlags,
  writeConfig,
} from '../settings.ts'
import { askSecret, readAllOfStdin, type Terminal } from '../terminal.ts'
import { ask, asking } from './answers.ts'

export interface LoginFlags extends ServerFlags {
  /** Signs in as this person, and makes a token for this machine. */
  readonly email?: string
}

const readToken = async (flags: ServerFlags, env: Environment): Promise<string | undefined> => {
  const given = flags.token || env.DISTROPACK_API_TOKEN
  if (given === '-') return readAllOfStdin()
  if (given) return given
  return stdin.isTTY ? askSecret('Token (it is not shown): ') : undefined
}

const whereOf = ({ organization, project, email }: z.infer<typeof whoamiSchema>): string => {
  if (project) return `${organization}/${project}`
  return organization ?? `every organization of ${email}`
}

const addressOf = async (flags: ServerFlags, env: Environment): Promise<Result<string, Trouble>> => {
  const config = await readConfig(env)
  const address = flags.url || env.DISTROPACK_API_URL || (config.ok ? config.value.url : undefined)
  if (!address) return usageTrouble('Which server? Give --url, or set DISTROPACK_API_URL.')
  return checkUrl(address)
}

const keep = async (url: string, token: string, env: Environment, own: Config): Promise<Outcome> => {
  const whoami = await clientFor(url, token).whoami()
  if (!whoami.ok) return clientTrouble(whoami.error)
  const { organization, project, scopes } = whoami.value
  const named = project ? { project: `${organization}/${project}` } : {}
  const path = await writeConfig(env, { url, token, ...named, ...own })
  if (!path.ok) return path
  return ok({
    document: { url, ...whoami.value, config: path.value },
    lines: [`Logged in to ${url} for ${whereOf(whoami.value)} (${scopes.join(', ')}).`],
  })
}

/** A token of one's own, for this machine; the password and the session it opened are forgotten. */
const loginAsPerson = (flags: LoginFlags, env: Environment, terminal: Terminal): Promise<Outcome> =>
  asPerson(flags, env, terminal, async (client, { url, email }) => {
    const name = `distropack on ${hostname()}`.slice(0, 100)
    const body = { name, scopes: ['read', 'publish', 'admin'] }
    const made = await client.call({ method: 'POST', path: API_PATHS.personalTokens, body, schema: createdTokenSchema })
    if (!made.ok) return clientTrouble(made.error)
    return keep(url, made.value.secret, env, { tokenId: made.value.id, email })
  })

export const login = async (flags: LoginFlags, env: Environment, terminal: Terminal): Promise<Outcome> => {
  if (flags.email !== undefined) return loginAsPerson(flags, env, terminal)
  const url = await addressOf(flags, env)
  if (!url.ok) return url
  const token = await readToken(flags, env)
  if (!token) {
    return usageTrouble(
      'Who are you? Give --email to sign in, --token, --token - to read one from stdin, or set DISTROPACK_API_TOKEN.',
    )
  }
  return keep(url.value, token, env, {})
}

/** A token that `login --email` made ends with it; one that was given goes on. */
export const logout = async (env: Environment): Promise<Outcome> => {
  const config = await readConfig(env)
  const { url, token, tokenId } = config.ok ? config.value : {}
  await rm(configPath(env), { force: true })
  if (!url || !token) return ok({ document: { revoked: false }, lines: ['You were not logged in.'] })
  if (!tokenId) {
    const lines = [`Forgot the token of ${url}. It still opens what it opened; revoke it where it was made.`]
    return ok({ document: { url, revoked: false }, lines })
  }
  const revoked = await clientFor(url, token).call({ method: 'DELETE', path: API_PATHS.ownToken, schema: doneSchema })
  if (revoked.ok)
    return ok({ document: { url, revoked: true }, lines: [`Logged out of ${url}; its token is revoked.`] })
  return clientTrouble(revoked.error)
}

export const whoami = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asking(flags, env, (client) =>
    ask(client, { path: API_PATHS.whoami, schema: whoamiSchema }, (value) => [
      `${value.email ?? `a token of ${value.organization}`} on ${client.url}`,
      `for ${whereOf(value)} (${value.scopes.join(', ')})${value.isOperator ? ', an operator' : ''}`,
    ]),
  )

/** Without the token itself. */
const shownConfig = ({ token, ...rest }: Config) => ({ ...rest, ...(token === undefined ? {} : { token: 'kept' }) })

export const showConfig = async (env: Environment): Promise<Outcome> => {
  const config = await readConfig(env)
  if (!config.ok) return config
  const shown = shownConfig(config.value)
  const path = configPath(env)
  const lines = Object.entries(shown).map(([key, value]) => `${key}: ${value}`)
  return ok({ document: { ...shown, path }, lines: [path, ...(lines.length > 0 ? lines : ['Nothing is set.'])] })
}

export const setConfig = async (key: 'url' | 'token' | 'project', value: string, env: Environment) => {
  const config = await readConfig(env)
  if (!config.ok) return config
  const checked = key === 'url' ? checkUrl(value) : ok(value === '-' ? await readAllOfStdin() : value)
  if (!checked.ok) return checked
  // A token goes to the server it was made for, and to no other.
  const { token: _, tokenId: __, ...withoutToken } = config.value
  const isElsewhere = key === 'url' && config.value.url !== undefined && config.value.url !== checked.value
  const path = await writeConfig(env, { ...(isElsewhere ? withoutToken : config.value), [key]: checked.value })
  return path.ok ? ok({ document: { key, path: path.value }, lines: [`${key} is set in ${path.value}.`] }) : path
}
