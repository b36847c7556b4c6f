// Bodies of the HTTP API, version 1. OpenAPI, the client and the CLI come from here; routes are in workers/web/api.
import * as z from 'zod'
import { newKeySchema } from './keys.ts'
import { usedFileSchema } from './packages.ts'
import { requestObject, requestRecord } from './request.ts'
import { sourceRecordSchema } from './sources.ts'
import {
  channelSchema,
  faultSchema,
  projectAccessSchema,
  sentBlobSchema,
  sha256Schema,
  slugSchema,
  warningsSchema,
} from './wire.ts'

export const API_PREFIX = '/api/v1'

/** A body larger than this is cut into parts; Cloudflare takes at most 100 MB in one request. */
export const MAX_SINGLE_UPLOAD_BYTES = 64 * 1024 * 1024
/** R2: every part but the last has this size exactly. */
export const UPLOAD_PART_BYTES = 32 * 1024 * 1024

// ---- who ----
export const tokenScopeSchema = z.enum(['read', 'publish', 'admin'])
export type TokenScope = z.infer<typeof tokenScopeSchema>

/** A run of a CI system, from the claims of its verified identity token. */
export const ciIdentitySchema = z
  .object({
    issuer: z.string(),
    subject: z.string(),
    /** The trusted publisher that admitted it. */
    publisherId: z.string(),
    claims: z
      .record(z.string(), z.string())
      .meta({ description: 'Repository, workflow, ref, run: what is not secret' }),
  })
  .meta({ id: 'CiIdentity' })
export type CiIdentity = z.infer<typeof ciIdentitySchema>

export const tokenSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['organization', 'personal', 'ci']),
    name: z.string(),
    organization: slugSchema.nullable().meta({ description: 'null: every organization of the token’s user' }),
    project: slugSchema.nullable().meta({ description: 'null: every project of the organization' }),
    scopes: z.array(tokenScopeSchema),
    createdAtMs: z.number(),
    expiresAtMs: z.number().nullable(),
    lastUsedAtMs: z.number().nullable(),
  })
  .meta({ id: 'Token' })
const tokenWords = {
  name: z.string().trim().min(1).max(100),
  scopes: z.array(tokenScopeSchema).min(1).max(3),
  expiresAtMs: z.number().int().positive().optional(),
}
export const createTokenSchema = requestObject({ ...tokenWords, project: slugSchema.optional() }).meta({
  id: 'CreateToken',
})
export const createPersonalTokenSchema = requestObject({ ...tokenWords, organization: slugSchema.optional() }).meta({
  id: 'CreatePersonalToken',
})
export const rotateTokenSchema = requestObject({
  overlapSeconds: z
    .number()
    .int()
    .min(0)
    .max(30 * 24 * 3600)
    .default(24 * 3600)
    .meta({ description: 'How long the old secret goes on working' }),
}).meta({ id: 'RotateToken' })
export const createdTokenSchema = tokenSchema
  .extend({ secret: z.string().meta({ description: 'Shown once.' }) })
  .meta({ id: 'CreatedToken' })
export const whoamiSchema = z
  .object({
    kind: z.enum(['user', 'organization', 'personal', 'ci']),
    email: z.string().nullable(),
    organization: slugSchema.nullable(),
    project: slugSchema.nullable(),
    scopes: z.array(tokenScopeSchema),
    isOperator: z.boolean(),
  })
  .meta({ id: 'Whoami' })

const atMs = z.number()
export const accountExportSchema = z
  .object({
    user: z.object({
      id: z.string(),
      name: z.string(),
      email: z.string(),
      emailVerified: z.boolean(),
      twoFactorEnabled: z.boolean(),
      createdAtMs: atMs,
    }),
    organizations: z.array(z.object({ organization: slugSchema, role: z.string(), joinedAtMs: atMs })),
    sessions: z.array(
      z.object({
        id: z.string(),
        createdAtMs: atMs,
        expiresAtMs: atMs,
        ipAddress: z.string().nullable(),
        userAgent: z.string().nullable(),
      }),
    ),
    signIns: z.array(z.object({ provider: z.string(), createdAtMs: atMs })),
    passkeys: z.array(z.object({ name: z.string().nullable(), createdAtMs: atMs.nullable() })),
    tokens: z.array(z.object({ id: z.string(), name: z.string(), createdAtMs: atMs, lastUsedAtMs: atMs.nullable() })),
    actions: z.array(z.object({ atMs, action: z.string(), subject: z.string() })),
  })
  .meta({ id: 'AccountExport' })

// ---- projects ----
export const createProjectSchema = requestObject({
  access: projectAccessSchema.optional().meta({ description: 'Default: what the organization says' }),
  signing: newKeySchema,
}).meta({ id: 'CreateProject' })
export type CreateProject = z.infer<typeof createProjectSchema>

export const projectSchema = z
  .object({
    id: z.string(),
    organization: slugSchema,
    project: slugSchema,
    repositoryUrl: z.string(),
    generation: z.number().int(),
    openpgpFingerprint: z.string(),
    rsaKeyName: z.string(),
    access: projectAccessSchema,
    archivedAtMs: z.number().nullable(),
    createdAtMs: z.number(),
  })
  .meta({ id: 'Project' })

export const editProjectSchema = requestObject({
  access: projectAccessSchema.optional(),
  archived: z.boolean().optional().meta({ description: 'Nothing is built or uploaded any more; readers read on.' }),
}).meta({ id: 'EditProject' })
export const transferProjectSchema = requestObject({
  organization: slugSchema.meta({ description: 'One in which you may make projects' }),
}).meta({ id: 'TransferProject' })

export const installSchema = z
  .object({
    channel: channelSchema,
    instructions: z.array(
      z.object({ format: z.string(), title: z.string(), commands: z.array(z.string()), note: z.string().optional() }),
    ),
  })
  .meta({ id: 'Install' })

// ---- blobs ----
export const missingBlobsRequestSchema = requestObject({ blobs: z.array(sentBlobSchema).max(1000) }).meta({
  id: 'MissingBlobsRequest',
})
export const missingBlobsSchema = z.object({ missing: z.array(sha256Schema) }).meta({ id: 'MissingBlobs' })
export const startUploadSchema = requestObject({ sizeBytes: z.number().int().positive() }).meta({ id: 'StartUpload' })
export const withdrawSchema = requestObject({
  channel: channelSchema.optional().meta({ description: 'Absent: every channel that has it' }),
}).meta({ id: 'Withdraw' })
export const bootstrapSchema = requestObject({ organization: slugSchema }).meta({ id: 'Bootstrap' })
export const uploadSchema = z
  .object({
    uploadId: z.string(),
    sizeBytes: z.number().int(),
    partSizeBytes: z.number().int(),
    /** Part numbers (from 1) the server has. */
    parts: z.array(z.number().int()),
  })
  .meta({ id: 'Upload' })

// ---- builds ----
export const createBuildSchema = requestObject({
  /** The manifest's text; every nfpm.yaml is one. */
  manifest: z.string().max(1024 * 1024),
  manifestFile: z.string().max(255).default('distropack.yaml'),
  version: z.string().max(200).optional(),
  /** Default: the manifest's `targets`, else every format for the manifest's architecture. */
  targets: z.array(z.string()).min(1).max(200).optional(),
  /** The others are built where some targets cannot be made of the manifest: those are failed jobs, with their faults. */
  keepGoing: z.boolean().optional(),
  channel: channelSchema.default('stable'),
  variables: requestRecord(z.string(), z.string()).default({}),
  sources: z.array(sourceRecordSchema).max(100_000),
  /** The maker's own bill of materials, an uploaded blob; served beside every package of this build. */
  sbom: sentBlobSchema
    .extend({ mediaType: z.enum(['application/vnd.cyclonedx+json', 'application/spdx+json']) })
    .optional(),
  /** For everything the manifest gives no time. Default: now. */
  mtimeSeconds: z.number().int().optional(),
}).meta({ id: 'CreateBuild' })
export type CreateBuild = z.infer<typeof createBuildSchema>

/** Finished files of one push, and of the one generation that shows them; the command line cuts more into several. */
export const MAX_PUSH_FILES = 10_000

const pushedFileSchema = sentBlobSchema.extend({
  /** Its ending says the format; the package's own words say the rest. */
  fileName: z.string().regex(/^[^/\p{Cc}]{1,255}$/u, 'a file name without folders'),
})

export const createPushSchema = requestObject({
  channel: channelSchema.default('stable'),
  files: z.array(pushedFileSchema).min(1).max(MAX_PUSH_FILES),
}).meta({ id: 'CreatePush' })
export type CreatePush = z.infer<typeof createPushSchema>

/** What the sender read in the file, so that what would be refused is said before its bytes are sent. */
const packageWords = z.string().min(1).max(255).optional()
export const checkPushSchema = requestObject({
  channel: channelSchema.default('stable'),
  files: z
    .array(pushedFileSchema.extend({ name: packageWords, version: packageWords, arch: packageWords }))
    .min(1)
    .max(MAX_PUSH_FILES),
}).meta({ id: 'CheckPush' })
export type CheckPush = z.infer<typeof checkPushSchema>
export const checkedPushSchema = z
  .object({
    missing: z.array(sha256Schema).meta({ description: 'Blobs to upload before the push' }),
    published: z.number().int().meta({ description: 'Files that the channel offers already' }),
  })
  .meta({ id: 'CheckedPush' })

/** waiting -> building -> built -> published; or failed (the user's fault) or dead (ours; an operator can replay it). */
export const jobStateSchema = z.enum(['waiting', 'building', 'built', 'published', 'failed', 'dead'])
export type JobState = z.infer<typeof jobStateSchema>
export const FINAL_JOB_STATES: readonly JobState[] = ['published', 'failed', 'dead']

export const jobSchema = z
  .object({
    id: z.string(),
    target: z.string().meta({ description: 'A target, format/architecture; of a push, the file’s name.' }),
    state: jobStateSchema,
    attempts: z.number().int(),
    faults: z.array(faultSchema),
    warnings: warningsSchema.default([]).meta({ description: 'What its maker should know; it was made all the same' }),
    artifact: z
      .object({
        id: z.string(),
        fileName: z.string(),
        name: z.string(),
        version: z.string(),
        arch: z.string(),
        sizeBytes: z.number().int(),
        sha256: sha256Schema,
        url: z.string(),
      })
      .nullable(),
    generation: z.number().int().nullable().meta({ description: 'The generation that first offers it.' }),
  })
  .meta({ id: 'Job' })
export type Job = z.infer<typeof jobSchema>

/** Jobs that a build itself shows. */
export const MAX_SHOWN_JOBS = 200

/** How many jobs are in each state. */
export const jobCountsSchema = z
  .object({
    waiting: z.number().int(),
    building: z.number().int(),
    built: z.number().int(),
    published: z.number().int(),
    failed: z.number().int(),
    dead: z.number().int(),
  })
  .meta({ id: 'JobCounts' })
export type JobCounts = z.infer<typeof jobCountsSchema>

export const buildSchema = z
  .object({
    id: z.string(),
    organization: slugSchema,
    project: slugSchema,
    channel: channelSchema,
    createdAtMs: z.number(),
    /** open while any job is not final; then published, or failed when any job is. */
    state: z.enum(['open', 'published', 'failed']),
    counts: jobCountsSchema,
    jobs: z.array(jobSchema).meta({
      description: `At most ${MAX_SHOWN_JOBS} of them, what failed first; …/jobs lists all.`,
    }),
    files: z.array(usedFileSchema).default([]).meta({ description: 'The uploads of a package’s slots that went in' }),
  })
  .meta({ id: 'Build' })
export type Build = z.infer<typeof buildSchema>

export const logLineSchema = z.object({ atMs: z.number(), line: z.string() })
export const jobLogSchema = z
  .object({ lines: z.array(logLineSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'JobLog' })

// ---- packages ----
export const artifactSchema = z
  .object({
    id: z.string(),
    format: z.string(),
    name: z.string(),
    version: z.string(),
    arch: z.string(),
    channels: z.array(channelSchema).meta({ description: 'Those that offer it.' }),
    yankedFrom: z
      .array(channelSchema)
      .meta({ description: 'Channels that offered it; it is still served by its exact address.' }),
    fileName: z.string(),
    sizeBytes: z.number().int(),
    sha256: sha256Schema,
    url: z.string(),
    createdAtMs: z.number(),
    warnings: warningsSchema.default([]).meta({ description: 'Of the job that made it' }),
  })
  .meta({ id: 'Artifact' })

export const doneSchema = z.object({ ok: z.literal(true) }).meta({ id: 'Done' })

// ---- operator ----
export const deadLetterSchema = z
  .object({
    jobId: z.string(),
    buildId: z.string(),
    organization: z.string(),
    project: z.string(),
    target: z.string(),
    attempts: z.number().int(),
    fault: faultSchema,
    diedAtMs: z.number(),
  })
  .meta({ id: 'DeadLetter' })

/** Every path of the API in one place; `{…}` in OpenAPI's notation. */
export const API_PATHS = {
  whoami: '/whoami',
  ownToken: '/token',
  permissions: '/permissions',
  exportAccount: '/account/export',
  personalTokens: '/account/tokens',
  personalToken: '/account/tokens/{tokenId}',
  rotatePersonalToken: '/account/tokens/{tokenId}/rotate',
  myInvitations: '/account/invitations',
  acceptInvitation: '/account/invitations/{invitationId}/accept',
  organizations: '/organizations',
  organization: '/organizations/{org}',
  members: '/organizations/{org}/members',
  member: '/organizations/{org}/members/{userId}',
  leave: '/organizations/{org}/leave',
  invitations: '/organizations/{org}/invitations',
  invitation: '/organizations/{org}/invitations/{invitationId}',
  audit: '/organizations/{org}/audit',
  auditExport: '/organizations/{org}/audit/export',
  webhooks: '/organizations/{org}/webhooks',
  webhook: '/organizations/{org}/webhooks/{webhookId}',
  testWebhook: '/organizations/{org}/webhooks/{webhookId}/test',
  deliveries: '/organizations/{org}/webhooks/{webhookId}/deliveries',
  redeliver: '/organizations/{org}/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver',
  rotateToken: '/organizations/{org}/tokens/{tokenId}/rotate',
  transfer: '/projects/{org}/{project}/transfer',
  tokens: '/organizations/{org}/tokens',
  token: '/organizations/{org}/tokens/{tokenId}',
  projects: '/organizations/{org}/projects',
  project: '/projects/{org}/{project}',
  install: '/projects/{org}/{project}/install',
  keys: '/projects/{org}/{project}/keys',
  rotateKeys: '/projects/{org}/{project}/keys/rotate',
  retireKeys: '/projects/{org}/{project}/keys/retire',
  artifacts: '/projects/{org}/{project}/artifacts',
  packedBlobs: '/projects/{org}/{project}/blobs/packed',
  missingBlobs: '/projects/{org}/{project}/blobs/missing',
  blob: '/projects/{org}/{project}/blobs/{sha256}',
  uploads: '/projects/{org}/{project}/blobs/{sha256}/uploads',
  upload: '/projects/{org}/{project}/blobs/{sha256}/uploads/{uploadId}',
  uploadPart: '/projects/{org}/{project}/blobs/{sha256}/uploads/{uploadId}/parts/{part}',
  completeUpload: '/projects/{org}/{project}/blobs/{sha256}/uploads/{uploadId}/complete',
  packages: '/projects/{org}/{project}/packages',
  package: '/projects/{org}/{project}/packages/{package}',
  packageFiles: '/projects/{org}/{project}/packages/{package}/files',
  packageSlot: '/projects/{org}/{project}/packages/{package}/files/{slot}',
  packageBuilds: '/projects/{org}/{project}/packages/{package}/builds',
  publishers: '/projects/{org}/{project}/publishers',
  publisher: '/projects/{org}/{project}/publishers/{publisherId}',
  exchange: '/ci/exchange',
  artifact: '/projects/{org}/{project}/artifacts/{artifactId}',
  yank: '/projects/{org}/{project}/artifacts/{artifactId}/yank',
  unyank: '/projects/{org}/{project}/artifacts/{artifactId}/unyank',
  pushes: '/projects/{org}/{project}/pushes',
  checkPush: '/projects/{org}/{project}/pushes/check',
  builds: '/projects/{org}/{project}/builds',
  build: '/projects/{org}/{project}/builds/{buildId}',
  buildJobs: '/projects/{org}/{project}/builds/{buildId}/jobs',
  jobLog: '/projects/{org}/{project}/builds/{buildId}/jobs/{jobId}/log',
  bootstrap: '/operator/bootstrap',
  operatorUsers: '/operator/users',
  operatorUser: '/operator/users/{userId}',
  operatorOrganizations: '/operator/organizations',
  operatorInvitations: '/operator/invitations',
  platformState: '/operator/state',
  rotateKey: '/operator/rotate-key',
  sweep: '/operator/sweep',
  reindex: '/operator/projects/{org}/{project}/reindex',
  outbox: '/operator/outbox',
  deadLetters: '/operator/dead-letters',
  replay: '/operator/dead-letters/{jobId}/replay',
} as const
