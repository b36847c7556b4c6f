// In a CI run without a token: the run's own identity token, exchanged for one that publishes for fifteen minutes.
import { createClient, type ProjectName } from '@distropack/core/contract/client.ts'
import { ok, type Result } from '@distropack/core/result.ts'
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
  return exchanged.ok ? ok(exchanged.value.secret) : clientTrouble(exchanged.error)
}
