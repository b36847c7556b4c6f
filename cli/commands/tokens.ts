// `distropack token`: what programs show instead of a password; of an organization, or of the one who asks.
import {
  API_PATHS,
  createdTokenSchema,
  doneSchema,
  type TokenScope,
  tokenSchema,
} from '@distropack/core/contract/api.ts'
import type { ApiClient } from '@distropack/core/contract/client.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type * as z from 'zod'
import { asPerson, type PersonFlags } from '../account-session.ts'
import { type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import { type Environment, type OrganizationFlags, organizationFor } from '../settings.ts'
import type { Terminal } from '../terminal.ts'
import { ask, asking, confirmed, dayOf, listed } from './answers.ts'

export interface TokenFlags extends OrganizationFlags, PersonFlags {
  /** Of the one who asks, not of an organization. */
  readonly personal?: boolean
}

interface Place {
  readonly list: string
  readonly one: string
  readonly rotate: string
  readonly params: Readonly<Record<string, string>>
}

/** Where the tokens in question are kept. */
const placeOf = async (flags: TokenFlags, env: Environment): Promise<Result<Place, Trouble>> => {
  if (flags.personal) {
    const { personalTokens: list, personalToken: one, rotatePersonalToken: rotate } = API_PATHS
    return ok({ list, one, rotate, params: {} })
  }
  const organization = await organizationFor(flags, env)
  if (!organization.ok) return organization
  const { tokens: list, token: one, rotateToken: rotate } = API_PATHS
  return ok({ list, one, rotate, params: organization.value })
}

const inPlace = async (
  flags: TokenFlags,
  env: Environment,
  terminal: Terminal,
  work: (client: ApiClient, place: Place) => Promise<Outcome>,
): Promise<Outcome> => {
  const place = await placeOf(flags, env)
  if (!place.ok) return place
  if (flags.personal) return asPerson(flags, env, terminal, (client) => work(client, place.value))
  return asking(flags, env, (client) => work(client, place.value))
}

export const listTokens = (flags: TokenFlags, env: Environment, terminal: Terminal): Promise<Outcome> =>
  inPlace(flags, env, terminal, (client, { list: path, params }) =>
    listed(client, 'tokens', { path, params, schema: tokenSchema }, (token) => [
      token.id,
      token.scopes.join(','),
      token.project ? `${token.organization}/${token.project}` : (token.organization ?? 'every organization'),
      token.expiresAtMs === null ? 'never ends' : `until ${dayOf(token.expiresAtMs)}`,
      token.lastUsedAtMs === null ? 'never used' : `used ${dayOf(token.lastUsedAtMs)}`,
      token.name,
    ]),
  )

const DAY_MS = 24 * 3600 * 1000

/** `90` days from now, or a day: `2027-01-31`. */
const endOf = (text: string, nowMs: number): Result<number, Trouble> => {
  const days = Number(text)
  if (Number.isInteger(days) && days > 0) return ok(nowMs + days * DAY_MS)
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  if (atMs > nowMs) return ok(atMs)
  return usageTrouble(`"${text}" is no time to come; write a number of days, or a day as in 2027-01-31.`)
}

export interface NewTokenFlags extends TokenFlags {
  readonly scope: readonly TokenScope[]
  readonly expires?: string
}

const shown = ({ id, secret }: z.infer<typeof createdTokenSchema>): readonly string[] => [
  `${id}  its secret is shown this once:`,
  secret,
]

export const createToken = async (
  name: string,
  flags: NewTokenFlags,
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> => {
  const expiresAtMs = flags.expires === undefined ? ok(undefined) : endOf(flags.expires, Date.now())
  if (!expiresAtMs.ok) return expiresAtMs
  return inPlace(flags, env, terminal, (client, { list: path, params }) => {
    // A project named on this line alone: what the settings name must not narrow a token unseen.
    const project = flags.project?.split('/').at(-1)
    const body = {
      name,
      scopes: flags.scope,
      ...(expiresAtMs.value === undefined ? {} : { expiresAtMs: expiresAtMs.value }),
      ...(flags.personal && flags.org !== undefined ? { organization: flags.org } : {}),
      ...(!flags.personal && project !== undefined ? { project } : {}),
    }
    return ask(client, { method: 'POST', path, params, body, schema: createdTokenSchema }, shown)
  })
}

export const rotateToken = (
  tokenId: string,
  flags: TokenFlags & { readonly overlap: number },
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> =>
  inPlace(flags, env, terminal, (client, place) => {
    const params = { ...place.params, tokenId }
    const body = { overlapSeconds: flags.overlap }
    return ask(client, { method: 'POST', path: place.rotate, params, body, schema: createdTokenSchema }, shown)
  })

export const revokeToken = async (
  tokenId: string,
  flags: TokenFlags & { readonly yes?: boolean },
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> =>
  inPlace(flags, env, terminal, async (client, place) => {
    const sure = await confirmed(`Really revoke ${tokenId}?`, flags.yes, terminal)
    if (!sure.ok) return sure
    const params = { ...place.params, tokenId }
    return ask(
      client,
      { method: 'DELETE', path: place.one, params, schema: doneSchema },
      () => `${tokenId} opens nothing any more.`,
    )
  })
