// In a CI run without a token: the run's own identity token, exchanged for one that publishes for fifteen minutes.
import { createClient, type ProjectName } from '@distropack/core/contract/client.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { clientTrouble, type Trouble, usageTrouble } from './outcome.ts'
import type { Environment } from './settings.ts'

const REQUEST_TIMEOUT_MS = 30_000

/** https://docs.github.com/en/actions/reference/security/oidc, "Methods for requesting the OIDC token". */
const askGitHub = async (url: string, bearer: string, audience: string): Promise<Result<string, Trouble>> => {
  const address = new URL(url)
  address.searchParams.set('audience', audience)
  try {
    const response = await fetch(address, {
      headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    const { value } = (await response.json()) as { readonly value?: unknown }
    if (response.ok && typeof value === 'string') return ok(value)
    return usageTrouble(`GitHub gave no identity token (${response.status}): does the job have "id-token: write"?`)
  } catch (error) {
    return usageTrouble(`GitHub gave no identity token: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** GitLab, CircleCI, Buildkite and others put the token into a variable that the job names: DISTROPACK_ID_TOKEN. */
const identityToken = async (env: Environment, audience: string): Promise<Result<string | undefined, Trouble>> => {
  if (env.DISTROPACK_ID_TOKEN) return ok(env.DISTROPACK_ID_TOKEN)
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = env
  return url && bearer ? askGitHub(url, bearer, audience) : ok(undefined)
}

/** A token for this run; undefined where no CI vouches for it. `url` is also the audience. */
export const tokenOfRun = async (
  env: Environment,
  url: string,
  project: ProjectName | undefined,
): Promise<Result<string | undefined, Trouble>> => {
  if (!project) return ok(undefined)
  const identity = await identityToken(env, url)
  if (!identity.ok || identity.value === undefined) return identity
  const stranger = createClient({
    url,
    token: '',
    fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    newIdempotencyKey: () => '',
  })
  const exchanged = await stranger.exchangeIdentity({ ...project, token: identity.value })
  if (exchanged.ok) return ok(exchanged.value.secret)
  const refused = clientTrouble(exchanged.error)
  if (refused.ok || exchanged.error.faults[0]?.code !== 'identity_refused') return refused
  const help = helpOf(identity.value, project).map((message) => ({ message }))
  return err({ ...refused.error, faults: [...exchanged.error.faults, ...help] })
}

/** RFC 7519: claims are the middle part; whether they are true is the server's to judge. */
const claimsOf = (token: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  } catch {
    return {}
  }
}

/** What a publisher may be held against; the rest of a token is numbers and times. */
const TOLD_CLAIMS = [
  'iss',
  'sub',
  'aud',
  'repository',
  'workflow_ref',
  'job_workflow_ref',
  'ref',
  'environment',
  'project_path',
  'pipeline_slug',
] as const

const quoted = (text: string): string => (/^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** The line that would make the project trust this run. */
const trustLine = (claims: Readonly<Record<string, unknown>>, name: string): string => {
  const { iss, repository, workflow_ref, ref, project_path, sub } = claims
  const end = `--project ${name}`
  if (typeof repository === 'string') {
    const [, workflow] = /\.github\/workflows\/([^@]+)@/.exec(String(workflow_ref ?? '')) ?? []
    const tags = typeof ref === 'string' && ref.startsWith('refs/tags/') ? " --ref 'refs/tags/*'" : ''
    return `distropack publisher add github ${quoted(repository)}${workflow ? ` --workflow ${quoted(workflow)}` : ''}${tags} ${end}`
  }
  if (typeof project_path === 'string') {
    const own = iss === 'https://gitlab.com' ? '' : ` --issuer ${quoted(String(iss))}`
    return `distropack publisher add gitlab ${quoted(project_path)}${own} ${end}`
  }
  return `distropack publisher add generic --issuer ${quoted(String(iss))} --claim ${quoted(`sub=${String(sub)}`)} ${end}`
}

const helpOf = (token: string, { organization, project }: ProjectName): readonly string[] => {
  const name = `${organization}/${project}`
  const claims = claimsOf(token)
  const told = TOLD_CLAIMS.filter((key) => claims[key] !== undefined).map((key) => `${key}=${String(claims[key])}`)
  return [
    `This run says: ${told.join(', ') || 'nothing that can be read'}.`,
    `What the project expects: distropack publisher list --project ${name}`,
    `To trust runs like this one: ${trustLine(claims, name)}`,
  ]
}
