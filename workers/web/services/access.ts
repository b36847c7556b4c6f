// Who asks, and what they may. One rule for strangers: what you may not know of does not exist (404).
// Accounts and CI identities will be further kinds of Actor; routes and services ask only the functions below.
import type { TokenScope } from '@distropack/core/contract/api.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, isNull } from 'drizzle-orm'
import { apiTokens, organizations, projects } from '../db/schema.ts'
import { sha256Hex } from '../storage/sha256.ts'
import type { Platform } from './platform.ts'

export type Actor =
  | { readonly kind: 'operator' }
  | {
      readonly kind: 'token'
      readonly tokenId: string
      readonly organizationId: string
      readonly organization: string
      /** null: every project of the organization. */
      readonly projectId: string | null
      readonly scopes: readonly TokenScope[]
    }

export interface Project {
  readonly id: string
  readonly organizationId: string
  readonly organization: string
  readonly slug: string
  readonly access: 'public' | 'private'
  readonly createdAtMs: number
}

const IMPLIED: Readonly<Record<TokenScope, readonly TokenScope[]>> = {
  read: ['read', 'publish', 'admin'],
  publish: ['publish', 'admin'],
  admin: ['admin'],
}
/** Writing "last used" on every request would make every read a write. */
const LAST_USED_STEP_MS = 60_000

const isSameSecret = async (a: string, b: string): Promise<boolean> => {
  const [left, right] = await Promise.all([a, b].map((text) => crypto.subtle.digest('SHA-256', Buffer.from(text))))
  return crypto.subtle.timingSafeEqual(left as ArrayBuffer, right as ArrayBuffer)
}

/** The actor behind a bearer token; undefined when it opens nothing (unknown, expired, revoked). */
export const identify = async (platform: Platform, bearer: string): Promise<Actor | undefined> => {
  const { db, env, nowMs } = platform
  if (env.OPERATOR_TOKEN && (await isSameSecret(bearer, env.OPERATOR_TOKEN))) return { kind: 'operator' }
  const secretSha256 = await sha256Hex(bearer)
  const [row] = await db
    .select({ token: apiTokens, organization: organizations.slug })
    .from(apiTokens)
    .innerJoin(organizations, eq(organizations.id, apiTokens.organizationId))
    .where(and(eq(apiTokens.secretSha256, secretSha256), isNull(apiTokens.revokedAtMs)))
  if (!row) return undefined
  const { token, organization } = row
  const now = nowMs()
  if (token.expiresAtMs !== null && token.expiresAtMs <= now) return undefined
  if ((token.lastUsedAtMs ?? 0) < now - LAST_USED_STEP_MS) {
    await db.update(apiTokens).set({ lastUsedAtMs: now }).where(eq(apiTokens.id, token.id))
  }
  const { id: tokenId, organizationId, projectId, scopes } = token
  return { kind: 'token', tokenId, organizationId, organization, projectId, scopes }
}

const noSuch = (what: string): Fault =>
  fault('not_found', `There is no ${what} here, or your token may not know of it.`)

export const isScopeGranted = (actor: Actor, scope: TokenScope): boolean =>
  actor.kind === 'operator' || actor.scopes.some((granted) => IMPLIED[scope].includes(granted))

const requireScope = (actor: Actor, scope: TokenScope): Result<void, Fault> =>
  isScopeGranted(actor, scope)
    ? ok(undefined)
    : err(fault('forbidden', `This token may not do that: it lacks the scope "${scope}".`))

/** The organization, when the actor belongs to it (404 otherwise) and holds the scope (403 otherwise). */
export const openOrganization = async (
  { db }: Platform,
  actor: Actor,
  slug: string,
  scope: TokenScope,
): Promise<Result<{ id: string; slug: string }, Fault>> => {
  if (actor.kind === 'token' && actor.organization !== slug) return err(noSuch(`organization "${slug}"`))
  const [row] = await db.select().from(organizations).where(eq(organizations.slug, slug))
  if (!row) return err(noSuch(`organization "${slug}"`))
  const granted = requireScope(actor, scope)
  return granted.ok ? ok(row) : granted
}

/** The project, when the actor may know of it (404 otherwise) and holds the scope (403 otherwise). */
export const openProject = async (
  { db }: Platform,
  actor: Actor,
  organization: string,
  slug: string,
  scope: TokenScope,
): Promise<Result<Project, Fault>> => {
  const missing = err(noSuch(`project "${organization}/${slug}"`))
  if (actor.kind === 'token' && actor.organization !== organization) return missing
  const [row] = await db
    .select({ project: projects })
    .from(projects)
    .innerJoin(organizations, eq(organizations.id, projects.organizationId))
    .where(and(eq(organizations.slug, organization), eq(projects.slug, slug)))
  if (!row) return missing
  if (actor.kind === 'token' && actor.projectId !== null && actor.projectId !== row.project.id) return missing
  const granted = requireScope(actor, scope)
  return granted.ok ? ok({ ...row.project, organization }) : granted
}

/** For work the platform does on its own account (queue, publisher). */
export const findProjectById = async ({ db }: Platform, projectId: string): Promise<Project | undefined> => {
  const [row] = await db
    .select({ project: projects, organization: organizations.slug })
    .from(projects)
    .innerJoin(organizations, eq(organizations.id, projects.organizationId))
    .where(eq(projects.id, projectId))
  return row && { ...row.project, organization: row.organization }
}
