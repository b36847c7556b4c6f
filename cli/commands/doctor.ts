// `distropack doctor`: what is here, what the server says, and whether the two fit.
import { spawnSync } from 'node:child_process'
import { API_PATHS } from '@distropack/core/contract/api.ts'
import { keysSchema } from '@distropack/core/contract/keys.ts'
import { err, ok } from '@distropack/core/result.ts'
import { EXIT, type Outcome } from '../outcome.ts'
import {
  checkUrl,
  clientFor,
  configPath,
  type Environment,
  openAccess,
  projectFor,
  readConfig,
  type ServerFlags,
} from '../settings.ts'
import { print } from '../terminal.ts'
import { inColumns } from './answers.ts'

type State = 'ok' | 'note' | 'trouble'
interface Check {
  readonly what: string
  readonly state: State
  readonly says: string
}

/** Package managers and makers of packages; none of them is needed, each is somebody's way to try what was built. */
const PROGRAMS: readonly (readonly [name: string, ...versionWords: string[]])[] = [
  ['apt-get', '--version'],
  ['dpkg-deb', '--version'],
  ['dnf', '--version'],
  ['zypper', '--version'],
  ['rpm', '--version'],
  ['pacman', '--version'],
  ['apk', '--version'],
  ['opkg', '--version'],
  ['brew', '--version'],
  ['gpg', '--version'],
]

const firstVersion = (text: string): string => /\d+(?:\.\d+)+[\w.~+-]*/.exec(text)?.[0] ?? 'here'

const programs = (): readonly Check[] =>
  PROGRAMS.flatMap(([name, ...words]): Check[] => {
    const asked = spawnSync(name, words, { encoding: 'utf8', timeout: 5_000 })
    if (asked.error) return []
    return [{ what: name, state: 'note', says: firstVersion(`${asked.stdout}${asked.stderr}`) }]
  })

const nodeCheck = (): Check => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isEnough = major > 22 || (major === 22 && minor >= 20)
  const says = isEnough
    ? process.versions.node
    : `${process.versions.node}: zstd and xz are this machine's own programs; 22.20 and newer bring them`
  return { what: 'Node', state: isEnough ? 'ok' : 'note', says }
}

/** Signatures and tokens have times in them, and readers refuse what is of tomorrow. */
const MOST_SKEW_MS = 60_000

const serverChecks = async (url: string): Promise<readonly Check[]> => {
  try {
    const before = Date.now()
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(10_000) })
    await response.body?.cancel()
    const state: State = response.ok ? 'ok' : 'trouble'
    const checks: Check[] = [
      { what: 'server', state, says: `${url} answers ${response.status} in ${Date.now() - before} ms` },
    ]
    const serverMs = Date.parse(response.headers.get('date') ?? '')
    if (Number.isNaN(serverMs)) return [...checks, { what: 'clock', state: 'note', says: 'the server says no time' }]
    const skewMs = serverMs - (before + Date.now()) / 2
    const isRight = Math.abs(skewMs) < MOST_SKEW_MS
    const says = isRight
      ? 'right'
      : `${Math.round(skewMs / 1000)} s off the server's; set it, for signatures have times in them`
    return [...checks, { what: 'clock', state: isRight ? 'ok' : 'trouble', says }]
  } catch (error) {
    return [{ what: 'server', state: 'trouble', says: `${url} cannot be reached: ${(error as Error).message}` }]
  }
}

const RSA = 1
const KEY_READERS = {
  rsa: 'every apt, dnf, zypper, pacman and apk takes it',
  other: 'apt and pacman take it; the rpm of EL 9 and older ones do not',
} as const

/** RFC 9580: a packet's header (4.2), then version, four bytes of time, the algorithm (5.5.2). */
const algorithmOf = (armored: string): number | undefined => {
  const body = armored.split(/\r?\n\r?\n/)[1]?.split(/^=|^-----/m)[0] ?? ''
  const bytes = Buffer.from(body, 'base64')
  const [tag = 0, length = 0] = bytes
  const isNewFormat = (tag & 0x40) !== 0
  const longLength = length < 224 ? 2 : 3
  const header = isNewFormat ? longLength : 1 + 2 ** (tag & 3)
  return bytes[header + 5]
}

const accountChecks = async (flags: ServerFlags, env: Environment): Promise<readonly Check[]> => {
  const access = await openAccess(flags, env)
  if (!access.ok) return [{ what: 'token', state: 'note', says: access.error.faults[0]?.message ?? 'none' }]
  const client = clientFor(access.value.url, access.value.token)
  const asked = await client.whoami()
  if (!asked.ok) return [{ what: 'token', state: 'trouble', says: asked.error.faults[0]?.message ?? 'refused' }]
  const { email, organization, scopes } = asked.value
  const token: Check = { what: 'token', state: 'ok', says: `${email ?? organization} (${scopes.join(', ')})` }
  const project = await projectFor(flags, env)
  if (!project.ok) return [token]
  const name = `${project.value.organization}/${project.value.project}`
  const params = { org: project.value.organization, project: project.value.project }
  const keys = await client.call({ path: API_PATHS.keys, params, schema: keysSchema })
  if (!keys.ok) return [token, { what: 'project', state: 'trouble', says: keys.error.faults[0]?.message ?? name }]
  const openpgp = keys.value.items.find(({ kind, state }) => kind === 'openpgp' && state === 'signing')
  const readers = openpgp && algorithmOf(openpgp.publicKey) === RSA ? KEY_READERS.rsa : KEY_READERS.other
  return [
    token,
    { what: 'project', state: 'ok', says: name },
    ...(openpgp ? [{ what: 'key', state: 'ok' as const, says: `${openpgp.name}: ${readers}` }] : []),
  ]
}

const MARKS: Readonly<Record<State, string>> = { ok: 'ok', note: '--', trouble: '!!' }

export const doctor = async (flags: ServerFlags & { readonly json?: boolean }, env: Environment): Promise<Outcome> => {
  const config = await readConfig(env)
  const settings: Check = config.ok
    ? { what: 'settings', state: 'ok', says: configPath(env) }
    : { what: 'settings', state: 'trouble', says: config.error.faults[0]?.message ?? '' }
  const address = flags.url || env.DISTROPACK_API_URL || (config.ok ? config.value.url : undefined)
  const url = address === undefined ? undefined : checkUrl(address)
  const noServer: Check = { what: 'server', state: 'note', says: 'none is set: `distropack login --url …`' }
  const remote = url?.ok ? [...(await serverChecks(url.value)), ...(await accountChecks(flags, env))] : [noServer]
  const checks = [nodeCheck(), settings, ...remote, ...programs()]
  const lines = inColumns(checks.map(({ what, state, says }) => [MARKS[state], what, says]))
  const broken = checks.filter(({ state }) => state === 'trouble')
  if (broken.length === 0) return ok({ document: { checks }, lines })
  print(flags.json ? '' : `${lines.join('\n')}\n`)
  const faults = broken.map(({ what, says }) => ({ message: `${what}: ${says}` }))
  return err({ exitCode: EXIT.refused, code: 'usage', faults, document: { checks } })
}
