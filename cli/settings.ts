// Where the server is and who asks: flags, then the environment, then the file that `login` writes.

import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiClient, createClient, type ProjectName } from '@distropack/core/contract/client.ts'
import { slugSchema } from '@distropack/core/contract/wire.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { tokenOfRun } from './ci-identity.ts'
import { type Trouble, usageTrouble } from './outcome.ts'

export interface Config {
  readonly url?: string
  readonly token?: string
  readonly project?: string
}

const CONFIG_KEYS = ['url', 'token', 'project'] as const

/** Keys of later versions are left alone; a known one must be text. */
const isConfig = (value: unknown): value is Config =>
  typeof value === 'object' &&
  value !== null &&
  CONFIG_KEYS.every((key) => ['string', 'undefined'].includes(typeof (value as Readonly<Record<string, unknown>>)[key]))

export type Environment = Readonly<Record<string, string | undefined>>

/** XDG base directory specification: a relative XDG_CONFIG_HOME counts as unset. */
export const configPath = (env: Environment): string => {
  const home = env.XDG_CONFIG_HOME
  return join(home?.startsWith('/') ? home : join(env.HOME || homedir(), '.config'), 'distropack', 'config.json')
}

export const readConfig = async (env: Environment): Promise<Result<Config, Trouble>> => {
  const path = configPath(env)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch {
    return ok({})
  }
  try {
    const value: unknown = JSON.parse(text)
    if (isConfig(value)) return ok(value)
  } catch {
    // Not JSON: the same sentence.
  }
  return usageTrouble(`${path} is damaged. Run \`distropack login\` to write it anew.`)
}

/** Readable by this user alone from the moment it exists. Its path; trouble where the home cannot be written. */
export const writeConfig = async (env: Environment, config: Config): Promise<Result<string, Trouble>> => {
  const path = configPath(env)
  const fresh = `${path}.${process.pid}`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(fresh, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    await rename(fresh, path)
    return ok(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return usageTrouble(
      `${path} cannot be written (${code}). Set XDG_CONFIG_HOME to a folder that can, or DISTROPACK_API_URL and DISTROPACK_API_TOKEN instead of logging in.`,
    )
  }
}

export interface ServerFlags {
  readonly url?: string
  readonly token?: string
  readonly project?: string
}

export const checkUrl = (text: string): Result<string, Trouble> => {
  try {
    const { protocol } = new URL(text)
    if (protocol === 'https:' || protocol === 'http:') return ok(text.replace(/\/+$/, ''))
  } catch {
    // Falls through to the same sentence.
  }
  return usageTrouble(`"${text}" is not the address of a server; write it as in https://packages.example.org.`)
}

/** Longer than the slowest answer, which makes signing keys; uploads have none. */
const REQUEST_TIMEOUT_MS = 120_000

const fetchInTime: typeof globalThis.fetch = (input, init) =>
  fetch(
    input,
    init?.body && typeof init.body !== 'string' ? init : { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) },
  )

export const clientFor = (url: string, token: string): ApiClient =>
  createClient({
    url,
    token,
    fetch: fetchInTime,
    sleep: (ms) => sleep(ms),
    newIdempotencyKey: () => randomUUID(),
  })

export const openClient = async (flags: ServerFlags, env: Environment): Promise<Result<ApiClient, Trouble>> => {
  const config = await readConfig(env)
  if (!config.ok) return config
  const address = flags.url || env.DISTROPACK_API_URL || config.value.url
  if (!address) return usageTrouble('Which server? Run `distropack login`, give --url, or set DISTROPACK_API_URL.')
  const url = checkUrl(address)
  if (!url.ok) return url
  // A token goes to the server it was made for, and to no other.
  const stored = config.value.url === url.value ? config.value.token : undefined
  const given = flags.token || env.DISTROPACK_API_TOKEN || stored
  if (given) return ok(clientFor(url.value, given))
  const project = await projectFor(flags, env)
  const ofRun = await tokenOfRun(env, url.value, project.ok ? project.value : undefined)
  if (!ofRun.ok) return ofRun
  const token = ofRun.value
  if (!token) return usageTrouble('Who are you? Run `distropack login`, give --token, or set DISTROPACK_API_TOKEN.')
  return ok(clientFor(url.value, token))
}

export const projectFor = async (flags: ServerFlags, env: Environment): Promise<Result<ProjectName, Trouble>> => {
  const config = await readConfig(env)
  if (!config.ok) return config
  const text = flags.project || env.DISTROPACK_PROJECT || config.value.project
  if (!text) return usageTrouble('Which project? Give --project organization/name, or set DISTROPACK_PROJECT.')
  const [organization = '', project = '', ...rest] = text.split('/')
  const isName = slugSchema.safeParse(organization).success && slugSchema.safeParse(project).success
  if (!isName || rest.length > 0)
    return usageTrouble(`"${text}" is not a project; write organization/name, as in acme/tool.`)
  return ok({ organization, project })
}

/** The project these flags name, on the server they name. */
export const openProject = async (
  flags: ServerFlags,
  env: Environment,
): Promise<Result<ReturnType<ApiClient['inProject']>, Trouble>> => {
  const name = await projectFor(flags, env)
  if (!name.ok) return name
  const client = await openClient(flags, env)
  return client.ok ? ok(client.value.inProject(name.value)) : client
}
