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
  /** Of a token that `login` made, so that `logout` can revoke it. */
  readonly tokenId?: string
  /** Who signed in; what is for a person alone asks for their password again. */
  readonly email?: string
}

const CONFIG_KEYS = ['url', 'token', 'project', 'tokenId', 'email'] as const

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
  /** The manifest, which may name the project. */
  readonly file?: string
}

export interface OrganizationFlags extends ServerFlags {
  readonly org?: string
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

const inTime =
  (ask: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init) =>
    ask(
      input,
      init?.body && typeof init.body !== 'string' ? init : { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) },
    )

export const clientFor = (url: string, token: string, ask: typeof globalThis.fetch = fetch): ApiClient =>
  createClient({
    url,
    token,
    fetch: inTime(ask),
    sleep: (ms) => sleep(ms),
    newIdempotencyKey: () => randomUUID(),
  })

export interface ServerAccess {
  readonly url: string
  readonly token: string
  /** Made for this CI run alone, by its identity. */
  readonly isOfRun?: true
}

/** Which server, and who asks it. */
export const openAccess = async (flags: ServerFlags, env: Environment): Promise<Result<ServerAccess, Trouble>> => {
  const config = await readConfig(env)
  if (!config.ok) return config
  const address = flags.url || env.DISTROPACK_API_URL || config.value.url
  if (!address) return usageTrouble('Which server? Run `distropack login`, give --url, or set DISTROPACK_API_URL.')
  const url = checkUrl(address)
  if (!url.ok) return url
  // A token goes to the server it was made for, and to no other.
  const stored = config.value.url === url.value ? config.value.token : undefined
  const given = flags.token || env.DISTROPACK_API_TOKEN || stored
  if (given) return ok({ url: url.value, token: given })
  const project = await projectFor(flags, env)
  const ofRun = await tokenOfRun(env, url.value, project.ok ? project.value : undefined)
  if (!ofRun.ok) return ofRun
  const token = ofRun.value
  if (!token) return usageTrouble('Who are you? Run `distropack login`, give --token, or set DISTROPACK_API_TOKEN.')
  return ok({ url: url.value, token, isOfRun: true })
}

export const openClient = async (flags: ServerFlags, env: Environment): Promise<Result<ApiClient, Trouble>> => {
  const access = await openAccess(flags, env)
  return access.ok ? ok(clientFor(access.value.url, access.value.token)) : access
}

/** The names a manifest has when nobody says another. */
export const MANIFEST_FILES = ['distropack.yaml', 'distropack.yml', 'nfpm.yaml', 'nfpm.yml']

/** Its key `project`, if it has one; read as text, for the YAML reader is more than most commands need. */
const projectOfManifest = async (file: string | undefined): Promise<string | undefined> => {
  for (const path of file === undefined ? MANIFEST_FILES : [file]) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined) return /^project:[ \t]*(["']?)([^\s"'#]+)\1[ \t]*(?:#.*)?$/m.exec(text)?.[2]
  }
  return undefined
}

export const projectFor = async (flags: ServerFlags, env: Environment): Promise<Result<ProjectName, Trouble>> => {
  const config = await readConfig(env)
  if (!config.ok) return config
  const ofManifest = flags.project || env.DISTROPACK_PROJECT ? undefined : await projectOfManifest(flags.file)
  const text = flags.project || env.DISTROPACK_PROJECT || ofManifest || config.value.project
  if (!text) {
    return usageTrouble(
      'Which project? Give --project organization/name, set DISTROPACK_PROJECT, or write `project:` into the manifest.',
    )
  }
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

/** Named, or that of the project these flags, the environment or the settings name. */
export const organizationFor = async (
  flags: OrganizationFlags,
  env: Environment,
): Promise<Result<{ readonly org: string }, Trouble>> => {
  if (flags.org === undefined) {
    const project = await projectFor(flags, env)
    if (project.ok) return ok({ org: project.value.organization })
    return usageTrouble('Which organization? Give --org, or set DISTROPACK_PROJECT to organization/name.')
  }
  if (slugSchema.safeParse(flags.org).success) return ok({ org: flags.org })
  return usageTrouble(`"${flags.org}" is not the name of an organization: a-z, 0-9 and -, as in acme.`)
}
