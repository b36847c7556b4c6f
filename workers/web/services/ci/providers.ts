// CI systems in the words of their own settings, as an issuer and the claims its tokens must have.
// GitHub: https://docs.github.com/en/actions/reference/security/oidc; GitLab: https://docs.gitlab.com/ci/secrets/id_token_authentication/;
// CircleCI: https://circleci.com/docs/openid-connect-tokens/; Buildkite: https://buildkite.com/docs/pipelines/security/oidc.
import type { CiProvider, ClaimMatcher } from '@distropack/core/contract/ci.ts'

export interface Trust {
  readonly issuer: string
  /** All must match. Names alone are reusable after a repository is deleted; see docs/ci.md for ids. */
  readonly claims: readonly ClaimMatcher[]
}

const equals = (claim: string, value: string): ClaimMatcher => ({ kind: 'equals', claim, value })
const glob = (claim: string, pattern: string): ClaimMatcher => ({ kind: 'glob', claim, pattern })
const when = (value: string | undefined, make: (value: string) => ClaimMatcher): ClaimMatcher[] =>
  value === undefined ? [] : [make(value)]

type Of<P extends CiProvider['provider']> = Extract<CiProvider, { provider: P }>

const TRUST: { readonly [P in CiProvider['provider']]: (given: Of<P>) => Trust } = {
  github: ({ repository, workflow, environment, ref }) => ({
    issuer: 'https://token.actions.githubusercontent.com',
    claims: [
      equals('repository', repository),
      // The workflow file that runs, at whatever ref: `owner/name/.github/workflows/release.yml@refs/tags/v1`.
      ...when(workflow, (file) => glob('workflow_ref', `${repository}/.github/workflows/${file}@**`)),
      ...when(environment, (value) => equals('environment', value)),
      ...when(ref, (value) => glob('ref', value)),
    ],
  }),
  gitlab: ({ projectPath, ref, environment, issuer }) => ({
    issuer: issuer.replace(/\/+$/, ''),
    claims: [
      equals('project_path', projectPath),
      ...when(ref, (value) => glob('ref', value)),
      ...when(environment, (value) => equals('environment', value)),
    ],
  }),
  circleci: ({ organizationId, projectId }) => ({
    issuer: `https://oidc.circleci.com/org/${organizationId}`,
    claims: [equals('oidc.circleci.com/project-id', projectId)],
  }),
  buildkite: ({ organization, pipeline, branch }) => ({
    issuer: 'https://agent.buildkite.com',
    claims: [
      equals('organization_slug', organization),
      equals('pipeline_slug', pipeline),
      ...when(branch, (value) => glob('build_branch', value)),
    ],
  }),
  generic: ({ issuer, claims }) => ({ issuer: issuer.replace(/\/+$/, ''), claims }),
}

export const trustOf = (given: CiProvider): Trust => (TRUST[given.provider] as (given: CiProvider) => Trust)(given)
