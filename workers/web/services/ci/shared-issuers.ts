// Issuers that everybody's runs share. A publisher of one must say whose runs it means, or it admits the whole world.
import type { ClaimMatcher } from '@distropack/core/contract/ci.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { Trust } from './providers.ts'

/** Issuer -> claims of its tokens that are one owner's: names and ids of accounts, repositories, projects. */
const OWNING_CLAIMS: Readonly<Record<string, readonly string[]>> = {
  'https://token.actions.githubusercontent.com': [
    'sub',
    'repository',
    'repository_id',
    'repository_owner',
    'repository_owner_id',
    'workflow_ref',
    'job_workflow_ref',
  ],
  'https://gitlab.com': ['sub', 'project_path', 'project_id', 'namespace_path', 'namespace_id', 'ci_config_ref_uri'],
  'https://agent.buildkite.com': ['sub', 'organization_slug', 'organization_id', 'pipeline_id'],
}

/** Words in front of the owner in a subject. */
const SUBJECT_WORD = /^(?:repo|project_path|organization):/

/** A pattern's text before its first `*` names an owner whole: `acme/…`, `repo:acme/*`, `organization:acme:**`. */
const beginsWithOwner = (pattern: string): boolean => {
  const [fixed = ''] = pattern.replace(SUBJECT_WORD, '').split('*', 1)
  return /^[^/:]+[/:]/.test(fixed)
}

const namesOwner = (claim: ClaimMatcher): boolean => {
  if (claim.kind === 'glob') return claim.pattern.includes('*') ? beginsWithOwner(claim.pattern) : claim.pattern !== ''
  return claim.kind === 'equals' ? claim.value !== '' : true
}

export const refuseWholeWorld = ({ issuer, claims }: Trust): Result<void, Fault> => {
  const owning = OWNING_CLAIMS[issuer]
  if (!owning || claims.some((each) => owning.includes(each.claim) && namesOwner(each))) return ok(undefined)
  const message =
    `The runs of everybody are signed by ${issuer}, and these claims say nobody’s: add one that names an owner, ` +
    `as in ${owning[1]} or ${owning[0]} with a name before the first *.`
  return err(fault('request_invalid', message, { key: 'trust.claims' }))
}
