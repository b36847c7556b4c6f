// Who asks, and what they may. One rule for strangers: what you may not know of does not exist (404).
// Routes and services ask only the functions below; the table they go by is core/model/permissions.ts.
import type { CiIdentity, TokenScope } from '@distropack/core/contract/api.ts'
import type { AuditActor } from '@distropack/core/contract/audit.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { type Action, lesserRole, mayDo, PERMISSIONS, type Role } from '@distropack/core/model/permissions.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, isNull } from 'drizzle-orm'
import { apiTokens, organizations, projectAliases, projects } from '../../db/schema.ts'
import { users } from '../../db/tables/accounts.ts'
import { members } from '../../db/tables/members.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import type { Platform } from '../platform/platform.ts'

export interface TokenActor {
  readonly kind: 'token'
  readonly tokenKind: 'organization' | 'personal' | 'ci'
  readonly tokenId: string
  readonly name: string
  /** null: every organization of the token's user. */
  readonly organizationId: string | null
  /** null: every project of the organization. */
  readonly projectId: string | null
  /** Of a personal token. */
  readonly userId: string | null
  readonly scopes: readonly TokenScope[]
  readonly identity: CiIdentity | null
}

export interface UserActor {
  readonly kind: 'user'
  readonly userId: string
  readonly email: string
  readonly isOperator: boolean
}

export type Actor = { readonly kind: 'operator' } | TokenActor | UserActor

export interface Organization {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly defaultAccess: 'public' | 'private'
  readonly createdAtMs: number
}

export interface Project {
  readonly id: string
  readonly organizationId: string
  readonly organization: string
  readonly slug: string
  readonly access: 'public' | 'private'
  readonly createdAtMs: number
  readonly archivedAtMs: number | null
  /** The `organization/project` its indexes are called by, when it has moved since. */
  readonly madeAs: string | null
  /** What readers get now; 0 until there is anything. */
  readonly generation: number
}

/** What a scope makes of its holder; what an owner alone may do wants a person. */
const ROLE_OF_SCOPE: Readonly<Record<TokenScope, Role>> = { read: 'reader', publish: 'publisher', admin: 'admin' }
/** Writing "last used" on every request would make every read a write. */
const LAST_USED_STEP_MS = 60_000

/** In a time that does not tell how much of it is right. */
export const isSameSecret = async (a: string, b: string): Promise<boolean> => {
  const [left, right] = await Promise.all([a, b].map((text) => crypto.subtle.digest('SHA-256', Buffer.from(text))))
  return crypto.subtle.timingSafeEqual(left as ArrayBuffer, right as ArrayBuffer)
}

/** The actor behind a bearer token; undefined when it opens nothing (unknown, expired, revoked). */
export const identify = async (platform: Platform, bearer: string): Promise<Actor | undefined> => {
  const { db, env, nowMs } = platform
  if (env.OPERATOR_TOKEN && (await isSameSecret(bearer, env.OPERATOR_TOKEN))) return { kind: 'operator' }
  const secretSha256 = await sha256Hex(bearer)
  const [token] = await db
    .select()
    .from(apiTokens)
    .where(and(eq(apiTokens.secretSha256, secretSha256), isNull(apiTokens.revokedAtMs)))
  const now = nowMs()
  if (!token || (token.expiresAtMs !== null && token.expiresAtMs <= now)) return undefined
  if ((token.lastUsedAtMs ?? 0) < now - LAST_USED_STEP_MS) {
    await db.update(apiTokens).set({ lastUsedAtMs: now }).where(eq(apiTokens.id, token.id))
  }
  const { id: tokenId, kind: tokenKind, name, organizationId, projectId, userId, scopes, identity } = token
  return { kind: 'token', tokenKind, tokenId, name, organizationId, projectId, userId, scopes, identity }
}

/** For what one does with one's own account. */
export const findUser = async (
  { db }: Platform,
  userId: string,
): Promise<{ id: string; email: string } | undefined> => {
  const [row] = await db.select({ id: users.id, email: users.email }).from(users).where(eq(users.id, userId))
  return row
}

const noSuch = (what: string): Fault => fault('not_found', `There is no ${what} here, or you may not know of it.`)

export const roleOfScopes = (scopes: readonly TokenScope[]): Role =>
  (['admin', 'publish', 'read'] as const)
    .map((scope) => (scopes.includes(scope) ? ROLE_OF_SCOPE[scope] : undefined))
    .find((role) => role !== undefined) ?? 'reader'

export const roleOfMember = async (
  { db }: Platform,
  organizationId: string,
  userId: string,
): Promise<Role | undefined> => {
  const [row] = await db
    .select({ role: members.role })
    .from(members)
    .where(and(eq(members.organizationId, organizationId), eq(members.userId, userId)))
  return row?.role
}

/** undefined: a stranger, who may not even know that it exists. */
const roleIn = async (platform: Platform, actor: Actor, organizationId: string): Promise<Role | undefined> => {
  if (actor.kind === 'operator') return 'owner'
  if (actor.kind === 'user') return roleOfMember(platform, organizationId, actor.userId)
  if (actor.organizationId !== null && actor.organizationId !== organizationId) return undefined
  const granted = roleOfScopes(actor.scopes)
  if (actor.userId === null) return granted
  const role = await roleOfMember(platform, organizationId, actor.userId)
  return role && lesserRole(role, granted)
}

const requireAction = (actor: Actor, role: Role, action: Action): Result<void, Fault> => {
  if (mayDo(role, action)) return ok(undefined)
  const least = PERMISSIONS[action]
  const message =
    actor.kind === 'token'
      ? `This token may not do that: it acts as ${role}, and ${action} is for ${least} and above.`
      : `You are ${role} here, and ${action} is for ${least} and above.`
  return err(fault('forbidden', message))
}

/** Whoever asks; for entry points that have settled that. */
export const findOrganization = async ({ db }: Platform, slug: string): Promise<Organization | undefined> => {
  const [row] = await db.select().from(organizations).where(eq(organizations.slug, slug))
  return row
}

/** The organization, when the actor belongs to it (404 otherwise) and may do this in it (403 otherwise). */
export const openOrganization = async (
  platform: Platform,
  actor: Actor,
  slug: string,
  action: Action,
): Promise<Result<Organization & { readonly role: Role }, Fault>> => {
  const missing = err(noSuch(`organization "${slug}"`))
  const row = await findOrganization(platform, slug)
  if (!row) return missing
  const role = await roleIn(platform, actor, row.id)
  if (!role) return missing
  // A token of one project lists that project, and sees nothing else of the organization.
  const isNarrow = actor.kind === 'token' && actor.projectId !== null
  if (isNarrow && action !== 'project.list' && action !== 'organization.read') {
    return err(fault('forbidden', `A token of one project may not do this: ${action} is of the whole organization.`))
  }
  const granted = requireAction(actor, role, action)
  return granted.ok ? ok({ ...row, role }) : granted
}

const selectProjects = ({ db }: Platform) =>
  db
    .select({ project: projects, organization: organizations.slug })
    .from(projects)
    .innerJoin(organizations, eq(organizations.id, projects.organizationId))

/** What an archived project takes no more. */
const BRINGS_NEW: readonly Action[] = ['file.upload', 'build.create', 'package.edit']

const refuseArchived = (organization: string, { slug, archivedAtMs }: { slug: string; archivedAtMs: number | null }) =>
  archivedAtMs === null
    ? ok(undefined)
    : err(
        fault(
          'project_archived',
          `${organization}/${slug} is archived: it is read on and takes nothing new. Take it up again first.`,
        ),
      )

/** The project, when the actor may know of it (404 otherwise) and may do this to it (403 otherwise). */
export const openProject = async (
  platform: Platform,
  actor: Actor,
  name: { readonly organization: string; readonly slug: string },
  action: Action,
): Promise<Result<Project, Fault>> => {
  const { organization, slug } = name
  const missing = err(noSuch(`project "${organization}/${slug}"`))
  const named = and(eq(organizations.slug, organization), eq(projects.slug, slug))
  const [row] = await selectProjects(platform).where(named)
  if (!row) return missing
  const role = await roleIn(platform, actor, row.project.organizationId)
  if (!role) return missing
  if (actor.kind === 'token' && actor.projectId !== null && actor.projectId !== row.project.id) return missing
  const granted = requireAction(actor, role, action)
  if (!granted.ok) return granted
  const open = BRINGS_NEW.includes(action) ? refuseArchived(organization, row.project) : ok(undefined)
  return open.ok ? ok({ ...row.project, organization }) : open
}

/** How the audit log names the actor. */
export const nameActor = (actor: Actor): AuditActor => {
  if (actor.kind === 'operator') return { kind: 'operator', id: 'operator', name: 'operator token' }
  if (actor.kind === 'user') return { kind: 'user', id: actor.userId, name: actor.email }
  if (actor.identity) return { kind: 'ci', id: actor.tokenId, name: actor.identity.subject }
  return { kind: 'token', id: actor.tokenId, name: actor.name }
}

/** For work the platform does on its own account (queue, publisher). */
export const findProjectById = async (platform: Platform, projectId: string): Promise<Project | undefined> => {
  const [row] = await selectProjects(platform).where(eq(projects.id, projectId))
  return row && { ...row.project, organization: row.organization }
}

/** Names it had before it moved. */
export const listAliases = ({ db }: Platform, projectId: string): Promise<{ organization: string; slug: string }[]> =>
  db
    .select({ organization: projectAliases.organization, slug: projectAliases.slug })
    .from(projectAliases)
    .where(eq(projectAliases.projectId, projectId))
