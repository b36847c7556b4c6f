// What an operator does to the platform as a whole.

import type {
  operatorOrganizationSchema,
  platformStateSchema,
  rotatedKeySchema,
} from '@distropack/core/contract/operator.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, count, eq } from 'drizzle-orm'
import type { z } from 'zod'
import { newestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { organizations, projects, signingKeys } from '../../db/schema.ts'
import { members } from '../../db/tables/members.ts'
import { settings } from '../../db/tables/settings.ts'
import { webhooks } from '../../db/tables/webhooks.ts'
import { sealedByKeyOwner } from '../../signing/keyring.ts'
import type { Vault } from '../../signing/vault.ts'
import { publisherOf } from '../repositories/publisher.ts'
import { logEvent } from './log.ts'
import type { Platform } from './platform.ts'

type State = z.infer<typeof platformStateSchema>

export const readState = async ({ db }: Platform): Promise<State> => {
  const [row] = await db.select().from(settings).where(eq(settings.name, 'read_only'))
  return { readOnly: row !== undefined, reason: row?.value || null }
}

/** Reading and signing in go on; jobs that are under way are finished. */
export const setReadOnly = async (platform: Platform, readOnly: boolean, reason = ''): Promise<State> => {
  const { db } = platform
  if (readOnly) {
    const row = { name: 'read_only' as const, value: reason }
    await db
      .insert(settings)
      .values(row)
      .onConflictDoUpdate({ target: settings.name, set: { value: reason } })
  } else await db.delete(settings).where(eq(settings.name, 'read_only'))
  logEvent('platform.read_only', { readOnly, by: platform.who.id, requestId: platform.requestId })
  return readState(platform)
}

/** What a request that would write hears while the platform is read-only. */
export const refuseWhileReadOnly = async (platform: Platform): Promise<Fault | undefined> => {
  const { readOnly, reason } = await readState(platform)
  if (!readOnly) return undefined
  return fault(
    'read_only',
    `Nothing can be changed for the moment${reason ? ` (${reason})` : ''}. Readers are served as always.`,
  )
}

/** Every index of the repository made anew from D1. Readers see the outcome alone, as one generation. */
export const reindexProject = async (
  platform: Platform,
  name: { readonly organization: string; readonly project: string },
): Promise<Result<void, Fault>> => {
  const [row] = await platform.db
    .select({ id: projects.id })
    .from(projects)
    .innerJoin(organizations, eq(organizations.id, projects.organizationId))
    .where(and(eq(organizations.slug, name.organization), eq(projects.slug, name.project)))
  if (!row) return err(fault('not_found', `There is no project "${name.organization}/${name.project}".`))
  await publisherOf(platform, row.id).rebuild(row.id)
  logEvent('project.reindexed', { projectId: row.id, by: platform.who.id, requestId: platform.requestId })
  return ok(undefined)
}

/** Secrets resealed in one request: each costs a decryption, an encryption and a write. */
const RESEAL_AT_ONCE = 100

const reseal = async (vault: Vault, sealed: string, owner: string): Promise<string> => {
  const plain = await vault.open(sealed, owner)
  if (!plain.ok) throw new Error(plain.error.message)
  return vault.seal(plain.value, owner)
}

const resealKeys = async ({ db }: Platform, vault: Vault): Promise<{ resealed: number; remaining: number }> => {
  const rows = await db.select().from(signingKeys)
  const old = rows.filter(({ sealedPrivateKey }) => vault.isOld(sealedPrivateKey))
  const some = old.slice(0, RESEAL_AT_ONCE)
  for (const row of some) {
    const sealedPrivateKey = await reseal(vault, row.sealedPrivateKey, sealedByKeyOwner(row))
    const same = and(
      eq(signingKeys.projectId, row.projectId),
      eq(signingKeys.name, row.name),
      eq(signingKeys.sealedPrivateKey, row.sealedPrivateKey),
    )
    await db.update(signingKeys).set({ sealedPrivateKey }).where(same)
  }
  return { resealed: some.length, remaining: old.length - some.length }
}

const resealWebhooks = async ({ db }: Platform, vault: Vault): Promise<number> => {
  const rows = (await db.select().from(webhooks)).filter(({ sealedAddress }) => vault.isOld(sealedAddress))
  for (const { id, sealedAddress, sealedSecret } of rows) {
    const sealed = {
      sealedAddress: await reseal(vault, sealedAddress, id),
      sealedSecret: sealedSecret && (await reseal(vault, sealedSecret, id)),
    }
    await db.update(webhooks).set(sealed).where(eq(webhooks.id, id))
  }
  return rows.length
}

/**
 * Everything that the key-encryption key before this one sealed, sealed by the present one. May be repeated; when
 * nothing remains, KEY_ENCRYPTION_KEY_BEFORE can go.
 */
export const rotateKeyEncryption = async (
  platform: Platform,
): Promise<Result<z.infer<typeof rotatedKeySchema>, Fault>> => {
  const vault = await platform.vault()
  if (!vault.ok) return vault
  const keys = await resealKeys(platform, vault.value)
  const resealed = keys.resealed + (await resealWebhooks(platform, vault.value))
  logEvent('key_encryption.rotated', { resealed, remaining: keys.remaining, by: platform.who.id })
  return ok({ resealed, remaining: keys.remaining })
}

export const listAllOrganizations = async (
  { db }: Platform,
  page: PageQuery,
): Promise<Page<z.infer<typeof operatorOrganizationSchema>>> => {
  const { rows, nextCursor } = await readPage(
    page,
    newestFirst(organizations.id),
    ({ beyond, order, limit }) => db.select().from(organizations).where(beyond).orderBy(order).limit(limit),
    ({ id }) => id,
  )
  const items = await Promise.all(
    rows.map(async ({ id, slug, name, createdAtMs }) => {
      const [people] = await db.select({ n: count() }).from(members).where(eq(members.organizationId, id))
      const [own] = await db.select({ n: count() }).from(projects).where(eq(projects.organizationId, id))
      return { id, organization: slug, name: name || slug, members: people?.n ?? 0, projects: own?.n ?? 0, createdAtMs }
    }),
  )
  return { items, nextCursor }
}
