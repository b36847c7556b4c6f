// `distropack login`: checks a token with the server, then keeps both for later commands.
import { stdin } from 'node:process'
import { ok } from '@distropack/core/result.ts'
import { clientTrouble, type Outcome, usageTrouble } from '../outcome.ts'
import { checkUrl, clientFor, type Environment, readConfig, type ServerFlags, writeConfig } from '../settings.ts'
import { askSecret, readAllOfStdin } from '../terminal.ts'

const readToken = async (flags: ServerFlags, env: Environment): Promise<string | undefined> => {
  const given = flags.token || env.DISTROPACK_API_TOKEN
  if (given === '-') return readAllOfStdin()
  if (given) return given
  return stdin.isTTY ? askSecret('Token (it is not shown): ') : undefined
}

export const login = async (flags: ServerFlags, env: Environment): Promise<Outcome> => {
  const config = await readConfig(env)
  const known = config.ok ? config.value : {}
  const address = flags.url || env.DISTROPACK_API_URL || known.url
  if (!address) return usageTrouble('Which server? Give --url, or set DISTROPACK_API_URL.')
  const url = checkUrl(address)
  if (!url.ok) return url
  const token = await readToken(flags, env)
  if (!token)
    return usageTrouble('No token. Give --token, --token - to read it from stdin, or set DISTROPACK_API_TOKEN.')
  const whoami = await clientFor(url.value, token).whoami()
  if (!whoami.ok) return clientTrouble(whoami.error)
  const { organization, project, scopes, email } = whoami.value
  const own = project ? { project: `${organization}/${project}` } : {}
  const path = await writeConfig(env, { url: url.value, token, ...own })
  if (!path.ok) return path
  const where = project ? `${organization}/${project}` : (organization ?? `every organization of ${email}`)
  return ok({
    document: { url: url.value, ...whoami.value, config: path.value },
    lines: [`Logged in to ${url.value} for ${where} (${scopes.join(', ')}).`],
  })
}
