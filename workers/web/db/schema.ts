// Storage only: tables of D1. Wire shapes live in core/contract. State columns are closed and changed by
// compare-and-set; times are milliseconds since 1970; ids carry their prefix.

import type { CiIdentity, JobState, TokenScope } from '@distropack/core/contract/api.ts'
import type { AuditActor } from '@distropack/core/contract/audit.ts'
import type { KeyState } from '@distropack/core/contract/keys.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { Content } from '@distropack/core/model/content.ts'
import type { Warning } from '@distropack/core/warning.ts'
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { users } from './tables/accounts.ts'

/** A part of a blob. */
export interface ByteRange {
  readonly offset: number
  readonly sizeBytes: number
}

/** An actor, and of a CI run its identity. */
export type MadeBy = AuditActor & { readonly identity?: CiIdentity }

export const organizations = sqliteTable('organizations', {
  id: text().primaryKey(),
  slug: text().notNull().unique(),
  name: text().notNull().default(''),
  /** Who may read a project that is made without a word on it. */
  defaultAccess: text({ enum: ['public', 'private'] })
    .notNull()
    .default('public'),
  createdAtMs: integer().notNull(),
})

/** A project is one repository and one signing identity. */
export const projects = sqliteTable(
  'projects',
  {
    id: text().primaryKey(),
    organizationId: text()
      .notNull()
      .references(() => organizations.id),
    slug: text().notNull(),
    access: text({ enum: ['public', 'private'] }).notNull(),
    createdAtMs: integer().notNull(),
    /** Nothing is built or uploaded any more; readers read on. */
    archivedAtMs: integer(),
    /** The `organization/project` it was made as: what its indexes and keys are called, wherever it moves. */
    madeAs: text(),
    /** What readers get now, as its publisher notes it behind every flip. */
    generation: integer().notNull().default(0),
  },
  (table) => [uniqueIndex('projects_by_name').on(table.organizationId, table.slug)],
)

/** Addresses a project had before it moved; readers who have them keep getting the newest generation. */
export const projectAliases = sqliteTable(
  'project_aliases',
  {
    organization: text().notNull(),
    slug: text().notNull(),
    projectId: text()
      .notNull()
      .references(() => projects.id),
  },
  (table) => [
    primaryKey({ columns: [table.organization, table.slug] }),
    index('project_aliases_by_project').on(table.projectId),
  ],
)

/** Private keys sealed with AES-256-GCM under KEY_ENCRYPTION_KEY; see signing/vault.ts. */
export const signingKeys = sqliteTable(
  'signing_keys',
  {
    projectId: text()
      .notNull()
      .references(() => projects.id),
    kind: text({ enum: ['openpgp', 'rsa', 'usign'] }).notNull(),
    /** OpenPGP: the fingerprint. Others: the public key's file name, as apk and opkg want it. */
    name: text().notNull(),
    state: text().$type<KeyState>().notNull().default('signing'),
    publicKey: text().notNull(),
    sealedPrivateKey: text().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.projectId, table.kind, table.name] }),
    // One signs and one follows it, whoever asks for another at the same moment.
    uniqueIndex('signing_keys_at_work')
      .on(table.projectId, table.kind, table.state)
      .where(sql`state IN ('signing', 'next')`),
    index('signing_keys_by_name').on(table.kind, table.name),
  ],
)

export const apiTokens = sqliteTable(
  'api_tokens',
  {
    id: text().primaryKey(),
    /** `ci`: made for one run from its identity token, and gone in minutes. */
    kind: text({ enum: ['organization', 'personal', 'ci'] }).notNull(),
    /** null: a personal token reaches every organization its user is a member of. */
    organizationId: text().references(() => organizations.id),
    projectId: text().references(() => projects.id),
    /** Of a personal token alone; it may never more than this user may. */
    userId: text().references(() => users.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    secretSha256: text().notNull().unique(),
    scopes: text({ mode: 'json' }).$type<readonly TokenScope[]>().notNull(),
    /** The run that holds a `ci` token, as its issuer named it. */
    identity: text({ mode: 'json' }).$type<CiIdentity>(),
    createdAtMs: integer().notNull(),
    expiresAtMs: integer(),
    lastUsedAtMs: integer(),
    revokedAtMs: integer(),
  },
  (table) => [
    index('api_tokens_by_organization').on(table.organizationId, table.id),
    index('api_tokens_by_user').on(table.userId, table.id),
    index('api_tokens_by_expiry').on(table.expiresAtMs),
  ],
)

/** Who proved to have these bytes. Blobs are stored once; knowing a sha256 does not open somebody else's. */
export const projectBlobs = sqliteTable(
  'project_blobs',
  {
    projectId: text()
      .notNull()
      .references(() => projects.id),
    sha256: text().notNull(),
    sizeBytes: integer().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.sha256] })],
)

export const uploads = sqliteTable(
  'uploads',
  {
    id: text().primaryKey(),
    projectId: text()
      .notNull()
      .references(() => projects.id),
    sha256: text().notNull(),
    sizeBytes: integer().notNull(),
    /** R2's id of the multipart upload. */
    multipartId: text().notNull(),
    state: text({ enum: ['open', 'assembled'] }).notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [uniqueIndex('uploads_by_blob').on(table.projectId, table.sha256)],
)

export const uploadParts = sqliteTable(
  'upload_parts',
  {
    uploadId: text()
      .notNull()
      .references(() => uploads.id, { onDelete: 'cascade' }),
    part: integer().notNull(),
    etag: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.uploadId, table.part] })],
)

export const builds = sqliteTable(
  'builds',
  {
    id: text().primaryKey(),
    projectId: text()
      .notNull()
      .references(() => projects.id),
    channel: text().notNull(),
    /** The request is an object of the store: manifests and file lists outgrow a row. */
    requestSha256: text().notNull(),
    /** While it is answered with this build; freed after a day. */
    idempotencyKey: text(),
    /** Of the request as it came with the key: another request with the same key is another build's. */
    keyedSha256: text(),
    /** What the request takes up in the store; 0 once it was swept. */
    requestBytes: integer().notNull().default(0),
    /** Who asked for it; provenance says so. */
    madeBy: text({ mode: 'json' }).$type<MadeBy>(),
    /** When its last job was over; set once, by whoever saw it first. */
    endedAtMs: integer(),
    createdAtMs: integer().notNull(),
  },
  (table) => [
    uniqueIndex('builds_by_idempotency_key').on(table.projectId, table.idempotencyKey),
    index('builds_by_project').on(table.projectId, table.createdAtMs, table.id),
    index('builds_not_over').on(table.createdAtMs).where(sql`ended_at_ms IS NULL`),
    index('builds_with_request').on(table.createdAtMs).where(sql`request_bytes > 0`),
  ],
)

export const jobs = sqliteTable(
  'jobs',
  {
    id: text().primaryKey(),
    buildId: text()
      .notNull()
      .references(() => builds.id),
    kind: text({ enum: ['build', 'push'] }).notNull(),
    /** `format/architecture`; of a push, the file's name. */
    target: text().notNull(),
    state: text().$type<JobState>().notNull(),
    attempts: integer().notNull().default(0),
    /** Of the inputs without times: the same inputs again are the same package, not a conflict. */
    inputSha256: text().notNull(),
    /** While `building`: after this moment the builder counts as lost. */
    leaseUntilMs: integer(),
    faults: text({ mode: 'json' }).$type<readonly Fault[]>().notNull(),
    /** At most MAX_WARNINGS. */
    warnings: text({ mode: 'json' }).$type<readonly Warning[]>().notNull().default([]),
    artifactId: text(),
    createdAtMs: integer().notNull(),
    changedAtMs: integer().notNull(),
    /** Small files of a push are read by one order: the id of the first of those jobs. null: it has an order of its own. */
    batch: text(),
  },
  (table) => [
    index('jobs_open').on(table.buildId).where(sql`state IN ('waiting', 'building')`),
    index('jobs_by_batch').on(table.batch).where(sql`batch IS NOT NULL`),
    uniqueIndex('jobs_by_target').on(table.buildId, table.target),
    index('jobs_by_state').on(table.state, table.changedAtMs),
    index('jobs_by_artifact').on(table.artifactId),
  ],
)

/** What the packager of a job stored: the only bytes it may call its package. Gone when the job is over. */
export const jobBlobs = sqliteTable(
  'job_blobs',
  {
    jobId: text()
      .notNull()
      .references(() => jobs.id),
    sha256: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.sha256] })],
)

export const jobLogLines = sqliteTable(
  'job_log_lines',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    jobId: text()
      .notNull()
      .references(() => jobs.id),
    atMs: integer().notNull(),
    line: text().notNull(),
  },
  (table) => [index('job_log_lines_by_job').on(table.jobId, table.id)],
)

export const artifacts = sqliteTable(
  'artifacts',
  {
    id: text().primaryKey(),
    projectId: text()
      .notNull()
      .references(() => projects.id),
    format: text().notNull(),
    name: text().notNull(),
    version: text().notNull(),
    arch: text().notNull(),
    fileName: text().notNull(),
    sizeBytes: integer().notNull(),
    /** Of the signed file a reader gets. */
    sha256: text().notNull(),
    /** Of the file before the repository signed it. */
    unsignedSha256: text().notNull(),
    inputSha256: text().notNull(),
    /** Recipe of the signed file. */
    content: text({ mode: 'json' }).$type<Content>().notNull(),
    /** Files served beside it: `{".sig": recipe}`. */
    companions: text({ mode: 'json' }).$type<Readonly<Record<string, Content>>>().notNull(),
    /** The entry's JSON is a blob: file lists outgrow a row. */
    entrySha256: text().notNull(),
    /** Where the entry stands in that blob, which may hold those of many. null: all of it, of a release that had no such place. */
    entryRange: text({ mode: 'json' }).$type<ByteRange>(),
    createdAtMs: integer().notNull(),
    /** Of the job that made it. */
    warnings: text({ mode: 'json' }).$type<readonly Warning[]>().notNull().default([]),
    /** Its bytes are served no more; its name and version stay taken. */
    deletedAtMs: integer(),
  },
  (table) => [
    // One version is one file, for ever.
    uniqueIndex('artifacts_by_identity').on(table.projectId, table.format, table.name, table.version, table.arch),
    index('artifacts_by_file').on(table.projectId, table.format, table.fileName),
    index('artifacts_by_project').on(table.projectId, table.createdAtMs, table.id),
  ],
)

/** What each channel offers. The publisher derives every index from this table and nothing else. */
export const publications = sqliteTable(
  'publications',
  {
    projectId: text()
      .notNull()
      .references(() => projects.id),
    channel: text().notNull(),
    artifactId: text()
      .notNull()
      .references(() => artifacts.id),
    /** `withdrawing` leaves the indexes with the next generation; `withdrawn` is served by its exact address alone. */
    state: text({ enum: ['pending', 'published', 'withdrawing', 'withdrawn'] }).notNull(),
    /** Where this channel serves the file, below the repository's base. */
    path: text().notNull(),
    /** The first generation that offers it. */
    generation: integer(),
    createdAtMs: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.projectId, table.channel, table.artifactId] }),
    index('publications_by_state').on(table.state, table.createdAtMs),
    index('publications_waiting')
      .on(table.projectId, table.createdAtMs)
      .where(sql`state IN ('pending', 'withdrawing')`),
    index('publications_by_artifact').on(table.artifactId),
  ],
)
