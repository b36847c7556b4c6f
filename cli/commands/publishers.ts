// `distropack publisher`: the CI runs that a project trusts, without a secret.
import { API_PATHS, doneSchema } from '@distropack/core/contract/api.ts'
import { type ClaimMatcher, type createPublisherSchema, trustedPublisherSchema } from '@distropack/core/contract/ci.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type * as z from 'zod'
import { type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import type { Environment, ServerFlags } from '../settings.ts'
import type { Terminal } from '../terminal.ts'
import { ask, confirmed, inColumns, inProject, listed, timeOf } from './answers.ts'

type Publisher = z.infer<typeof trustedPublisherSchema>
type Trust = z.input<typeof createPublisherSchema>['trust']

const claimText = (claim: ClaimMatcher): string => {
  if (claim.kind === 'in') return `${claim.claim} in ${claim.values.join('|')}`
  return `${claim.claim}=${claim.kind === 'glob' ? claim.pattern : claim.value}`
}

const row = ({ id, name, provider, claims, lastUsedAtMs }: Publisher): readonly string[] => [
  id,
  provider,
  lastUsedAtMs === null ? 'never used' : `used ${timeOf(lastUsedAtMs)}`,
  name,
  claims.map(claimText).join(' '),
]

export const listPublishers = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  inProject(flags, env, (client, params) =>
    listed(client, 'publishers', { path: API_PATHS.publishers, params, schema: trustedPublisherSchema }, row),
  )

export interface TrustFlags extends ServerFlags {
  readonly name?: string
  readonly workflow?: string
  readonly environment?: string
  readonly ref?: string
  readonly issuer?: string
  readonly claim?: readonly string[]
}

/** `claim=value`; a value with `*` in it is a pattern. */
const readClaim = (text: string): Result<ClaimMatcher, Trouble> => {
  const at = text.indexOf('=')
  if (at < 1) return usageTrouble(`"${text}" is no claim; write NAME=VALUE, as in sub=repo:acme/tool:*.`)
  const [claim, value] = [text.slice(0, at), text.slice(at + 1)]
  return ok(value.includes('*') ? { kind: 'glob', claim, pattern: value } : { kind: 'equals', claim, value })
}

const given = <T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }

const readGeneric = (flags: TrustFlags): Result<Trust, Trouble> => {
  if (!flags.issuer) return usageTrouble('Whose identity tokens? Give --issuer, the address that signs them.')
  const claims: ClaimMatcher[] = []
  for (const text of flags.claim ?? []) {
    const claim = readClaim(text)
    if (!claim.ok) return claim
    claims.push(claim.value)
  }
  if (claims.length === 0) return usageTrouble('Which runs? Give --claim NAME=VALUE, once or more.')
  return ok({ provider: 'generic', issuer: flags.issuer, claims })
}

/** The provider's words on the line, as the API has them; the server checks what each needs. */
const readTrust = (provider: string, subject: string | undefined, flags: TrustFlags): Result<Trust, Trouble> => {
  const { workflow, environment, ref, issuer } = flags
  if (provider === 'generic') return readGeneric(flags)
  if (!subject) return usageTrouble(`Whom does it trust? Write it behind ${provider}, as in: github acme/tool.`)
  const [first = '', second = ''] = subject.split('/')
  switch (provider) {
    case 'github':
      return ok({ provider, repository: subject, ...given({ workflow, environment, ref }) })
    case 'gitlab':
      return ok({ provider, projectPath: subject, ...given({ environment, ref, issuer }) })
    case 'circleci':
      return ok({ provider, organizationId: first, projectId: second })
    case 'buildkite':
      return ok({ provider, organization: first, pipeline: second, ...given({ branch: ref }) })
    default:
      return usageTrouble(`"${provider}" is not one of github, gitlab, circleci, buildkite, generic.`)
  }
}

export const addPublisher = async (
  provider: string,
  subject: string | undefined,
  flags: TrustFlags,
  env: Environment,
): Promise<Outcome> => {
  const trust = readTrust(provider, subject, flags)
  if (!trust.ok) return trust
  return inProject(flags, env, (client, params) => {
    const body = { name: flags.name ?? subject ?? flags.issuer, trust: trust.value }
    const call = { method: 'POST', path: API_PATHS.publishers, params, body, schema: trustedPublisherSchema }
    return ask(client, call, (publisher) => [
      ...inColumns([row(publisher)]),
      `Its runs publish without a token; their identity token must be made for ${publisher.audience}.`,
    ])
  })
}

export const removePublisher = (
  publisherId: string,
  flags: ServerFlags & { readonly yes?: boolean },
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> =>
  inProject(flags, env, async (client, params) => {
    const sure = await confirmed(`Really trust ${publisherId} no more?`, flags.yes, terminal)
    if (!sure.ok) return sure
    const call = { method: 'DELETE', path: API_PATHS.publisher, params: { ...params, publisherId }, schema: doneSchema }
    return ask(client, call, () => `${publisherId} is trusted no more.`)
  })
