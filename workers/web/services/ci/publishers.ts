// Whom a project trusts to publish from CI.

import type { createPublisherSchema, trustedPublisherSchema } from '@distropack/core/contract/ci.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, count, eq, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { oldestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { trustedPublishers } from '../../db/tables/ci.ts'
import type { Project } from '../access/access.ts'
import { newId } from '../platform/ids.ts'
import { checkOutboundUrl } from '../platform/outbound.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import { audienceOf } from './exchange.ts'
import { trustOf } from './providers.ts'
import { refuseWholeWorld } from './shared-issuers.ts'

type Row = typeof trustedPublishers.$inferSelect
type View = z.infer<typeof trustedPublisherSchema>

const MAX_PUBLISHERS = 50

const view = (platform: Platform, { projectId: _, ...row }: Row): View => ({
  ...row,
  claims: [...row.claims],
  audience: audienceOf(platform),
})

const facts = ({ name, issuer, claims }: Row) => ({ name, issuer, claims })

export const createPublisher = async (
  platform: Platform,
  project: Project,
  { name, trust }: z.infer<typeof createPublisherSchema>,
): Promise<Result<View, Fault>> => {
  const { issuer, claims } = trustOf(trust)
  const reachable = checkOutboundUrl(issuer)
  if (!reachable.ok) return reachable
  const owned = refuseWholeWorld({ issuer, claims })
  if (!owned.ok) return owned
  const mine = eq(trustedPublishers.projectId, project.id)
  const [has] = await platform.db.select({ count: count() }).from(trustedPublishers).where(mine)
  if ((has?.count ?? 0) >= MAX_PUBLISHERS) {
    return err(fault('conflict', `A project trusts at most ${MAX_PUBLISHERS} publishers: remove one first.`))
  }
  const createdAtMs = platform.nowMs()
  const row: Row = {
    id: newId('pub', createdAtMs),
    projectId: project.id,
    name,
    provider: trust.provider,
    issuer,
    claims,
    lastUsedAtMs: null,
    createdAtMs,
  }
  const { organizationId, id: projectId } = project
  const audited = {
    organizationId,
    projectId,
    action: 'publisher.created',
    subject: row.id,
    after: facts(row),
  } as const
  const recorded = await prepareAudit(platform, audited)
  await platform.db.batch([...recorded.statements, platform.db.insert(trustedPublishers).values(row)])
  await recorded.tell()
  return ok(view(platform, row))
}

export const listPublishers = async (platform: Platform, project: Project, page: PageQuery): Promise<Page<View>> => {
  const { rows, nextCursor } = await readPage(
    page,
    oldestFirst(trustedPublishers.id),
    ({ beyond, order, limit }) =>
      platform.db
        .select()
        .from(trustedPublishers)
        .where(and(eq(trustedPublishers.projectId, project.id), beyond))
        .orderBy(order)
        .limit(limit),
    ({ id }) => id,
  )
  const items = rows.map((row) => view(platform, row))
  return { items, nextCursor }
}

/** Tokens it admitted run out by themselves, in at most fifteen minutes. */
export const deletePublisher = async (
  platform: Platform,
  project: Project,
  publisherId: string,
): Promise<Result<void, Fault>> => {
  const mine = and(eq(trustedPublishers.id, publisherId), eq(trustedPublishers.projectId, project.id))
  const [row] = await platform.db.select().from(trustedPublishers).where(mine)
  if (!row) return err(fault('not_found', `There is no trusted publisher "${publisherId}" in this project.`))
  const { organizationId, id: projectId } = project
  const audited = { action: 'publisher.deleted' as const, subject: row.id, before: facts(row) }
  const isThere = sql`exists (select 1 from ${trustedPublishers} where ${mine})`
  const recorded = await prepareAudit(platform, { organizationId, projectId, ...audited }, isThere)
  await platform.db.batch([...recorded.statements, platform.db.delete(trustedPublishers).where(mine)])
  await recorded.tell()
  return ok(undefined)
}
