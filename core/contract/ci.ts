// Publishing from CI without a secret: whom a project trusts, and the exchange of an identity token for a short one.
import * as z from 'zod'
import { requestObject } from './request.ts'
import { slugSchema } from './wire.ts'

/** `glob`: `*` is any run of characters but `/`, `**` any run. */
export const claimMatcherSchema = z
  .discriminatedUnion('kind', [
    requestObject({ kind: z.literal('equals'), claim: z.string().min(1).max(100), value: z.string().min(1).max(500) }),
    requestObject({
      kind: z.literal('in'),
      claim: z.string().min(1).max(100),
      values: z.array(z.string().min(1).max(500)).min(1).max(50),
    }),
    requestObject({ kind: z.literal('glob'), claim: z.string().min(1).max(100), pattern: z.string().min(1).max(500) }),
  ])
  .meta({ id: 'ClaimMatcher' })
export type ClaimMatcher = z.infer<typeof claimMatcherSchema>

const name = z.string().min(1).max(200)
const pattern = z.string().min(1).max(500)

/** A CI system in its own words. Each becomes an issuer and claim matchers (services/ci/providers.ts). */
export const ciProviderSchema = z.discriminatedUnion('provider', [
  requestObject({
    provider: z.literal('github'),
    /** owner/name */
    repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
    /** File below .github/workflows: `release.yml`. */
    workflow: z
      .string()
      .regex(/^[\w.-]+\.ya?ml$/)
      .optional(),
    environment: name.optional(),
    /** `refs/tags/v*` */
    ref: pattern.optional(),
  }),
  requestObject({
    provider: z.literal('gitlab'),
    /** group/…/project */
    projectPath: z.string().regex(/^[\w.-]+(?:\/[\w.-]+)+$/),
    ref: pattern.optional(),
    environment: name.optional(),
    /** An instance of one's own. */
    issuer: z.url().default('https://gitlab.com'),
  }),
  requestObject({
    provider: z.literal('circleci'),
    /** UUIDs, as CircleCI's settings show them. */
    organizationId: z.uuid(),
    projectId: z.uuid(),
  }),
  requestObject({
    provider: z.literal('buildkite'),
    organization: name,
    pipeline: name,
    branch: pattern.optional(),
  }),
  requestObject({
    provider: z.literal('generic'),
    issuer: z.url(),
    claims: z.array(claimMatcherSchema).min(1).max(20),
  }),
])
export type CiProvider = z.infer<typeof ciProviderSchema>

export const createPublisherSchema = requestObject({
  name: z.string().trim().min(1).max(100),
  trust: ciProviderSchema,
}).meta({ id: 'CreateTrustedPublisher' })

export const trustedPublisherSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    provider: z.string(),
    issuer: z.string(),
    claims: z.array(claimMatcherSchema).meta({ description: 'All must match' }),
    audience: z.string().meta({ description: 'What the identity token must be made for' }),
    lastUsedAtMs: z.number().nullable(),
    createdAtMs: z.number(),
  })
  .meta({ id: 'TrustedPublisher' })

export const exchangeSchema = requestObject({
  organization: slugSchema,
  project: slugSchema,
  token: z.string().min(20).max(16_384).meta({ description: 'The CI’s identity token, a JWT' }),
}).meta({ id: 'ExchangeIdentity' })

export const exchangedSchema = z
  .object({
    secret: z.string(),
    expiresAtMs: z.number(),
    organization: slugSchema,
    project: slugSchema,
    publisher: z.string().meta({ description: 'The trusted publisher that admitted the run' }),
  })
  .meta({ id: 'ExchangedIdentity' })
