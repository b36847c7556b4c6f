// Webhooks of an organization: made, changed, tested, and the log of what was sent.

import type {
  createdWebhookSchema,
  createWebhookSchema,
  deliverySchema,
  editWebhookSchema,
  webhookSchema,
} from '@distropack/core/contract/webhooks.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, count, eq, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { newestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { projects } from '../../db/schema.ts'
import { users } from '../../db/tables/accounts.ts'
import { members } from '../../db/tables/members.ts'
import { deliveries, webhooks } from '../../db/tables/webhooks.ts'
import type { Organization } from '../access/access.ts'
import { newId } from '../platform/ids.ts'
import { checkOutboundUrl } from '../platform/outbound.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import { newDelivery, sendNotices } from './fan-out.ts'

type Webhook = z.infer<typeof webhookSchema>
type Delivery = z.infer<typeof deliverySchema>
type Row = typeof webhooks.$inferSelect
type Target = z.infer<typeof createWebhookSchema>['target']

const MAX_WEBHOOKS = 50
const SECRET_BYTES = 24 // Standard Webhooks: 24 to 64

const view = (row: Row, project: string | null): Webhook => ({
  id: row.id,
  target: { kind: row.kind, address: row.shownAddress },
  events: [...row.events],
  project,
  enabled: row.enabled,
  failures: row.failures,
  createdAtMs: row.createdAtMs,
})

const noWebhook = (id: string) => err(fault('not_found', `There is no webhook "${id}" in this organization.`))

/** A mailbox must be a member's, so that nobody has us write to strangers. */
const checkTarget = async (
  { db }: Platform,
  organizationId: string,
  target: Target,
): Promise<Result<{ address: string; shown: string }, Fault>> => {
  if (target.kind !== 'mail') {
    const url = checkOutboundUrl(target.url)
    return url.ok ? ok({ address: url.value.href, shown: url.value.origin }) : url
  }
  const [member] = await db
    .select({ id: users.id })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.organizationId, organizationId), eq(users.email, target.email)))
  if (!member) return err(fault('request_invalid', `${target.email} is not a member’s e-mail address.`))
  return ok({ address: target.email, shown: target.email })
}

const findProjectId = async (
  { db }: Platform,
  organization: Organization,
  slug: string | undefined,
): Promise<Result<string | null, Fault>> => {
  if (slug === undefined) return ok(null)
  const named = and(eq(projects.organizationId, organization.id), eq(projects.slug, slug))
  const [row] = await db.select({ id: projects.id }).from(projects).where(named)
  return row ? ok(row.id) : err(fault('not_found', `There is no project "${organization.slug}/${slug}".`))
}

const newWebhookSecret = (): string =>
  `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toString('base64')}`

export const createWebhook = async (
  platform: Platform,
  organization: Organization,
  request: z.infer<typeof createWebhookSchema>,
): Promise<Result<z.infer<typeof createdWebhookSchema>, Fault>> => {
  const { db, nowMs } = platform
  const target = await checkTarget(platform, organization.id, request.target)
  if (!target.ok) return target
  const projectId = await findProjectId(platform, organization, request.project)
  if (!projectId.ok) return projectId
  const [has] = await db.select({ count: count() }).from(webhooks).where(eq(webhooks.organizationId, organization.id))
  if ((has?.count ?? 0) >= MAX_WEBHOOKS) {
    return err(fault('conflict', `An organization has at most ${MAX_WEBHOOKS} webhooks: remove one first.`))
  }
  const vault = await platform.vault()
  if (!vault.ok) return vault
  const id = newId('hook', nowMs())
  // A chat's address is its secret, and it checks no signature.
  const secret = request.target.kind === 'json' ? newWebhookSecret() : null
  const row: Row = {
    id,
    organizationId: organization.id,
    projectId: projectId.value,
    kind: request.target.kind,
    sealedAddress: await vault.value.seal(target.value.address, id),
    shownAddress: target.value.shown,
    sealedSecret: secret && (await vault.value.seal(secret, id)),
    events: [...new Set(request.events)],
    enabled: true,
    failures: 0,
    createdAtMs: nowMs(),
  }
  const after = { address: row.shownAddress, events: row.events }
  const audited = { organizationId: organization.id, action: 'webhook.created', subject: id, after } as const
  const recorded = await prepareAudit(platform, audited)
  await db.batch([...recorded.statements, db.insert(webhooks).values(row)])
  await recorded.tell()
  return ok({ ...view(row, request.project ?? null), secret })
}

const select = ({ db }: Platform) =>
  db
    .select({ row: webhooks, project: projects.slug })
    .from(webhooks)
    .leftJoin(projects, eq(projects.id, webhooks.projectId))

export const listWebhooks = async (
  platform: Platform,
  organizationId: string,
  page: PageQuery,
): Promise<Page<Webhook>> => {
  const { rows, nextCursor } = await readPage(
    page,
    newestFirst(webhooks.id),
    ({ beyond, order, limit }) =>
      select(platform)
        .where(and(eq(webhooks.organizationId, organizationId), beyond))
        .orderBy(order)
        .limit(limit),
    ({ row }) => row.id,
  )
  const items = rows.map(({ row, project }) => view(row, project))
  return { items, nextCursor }
}

const find = async (platform: Platform, organizationId: string, id: string) => {
  const mine = and(eq(webhooks.id, id), eq(webhooks.organizationId, organizationId))
  return (await select(platform).where(mine))[0]
}

export const findWebhook = async (
  platform: Platform,
  organization: Organization,
  id: string,
): Promise<Result<Webhook, Fault>> => {
  const found = await find(platform, organization.id, id)
  return found ? ok(view(found.row, found.project)) : noWebhook(id)
}

/** Enabled again, it starts with a clean record. */
export const editWebhook = async (
  platform: Platform,
  organization: Organization,
  id: string,
  edit: z.infer<typeof editWebhookSchema>,
): Promise<Result<Webhook, Fault>> => {
  const found = await find(platform, organization.id, id)
  if (!found) return noWebhook(id)
  const change = {
    events: edit.events ? [...new Set(edit.events)] : found.row.events,
    enabled: edit.enabled ?? found.row.enabled,
    failures: edit.enabled ? 0 : found.row.failures,
  }
  const { events, enabled } = found.row
  const facts = { before: { events, enabled }, after: { events: change.events, enabled: change.enabled } }
  const audited = { organizationId: organization.id, action: 'webhook.edited', subject: id, ...facts } as const
  const recorded = await prepareAudit(platform, audited)
  const { db } = platform
  await db.batch([...recorded.statements, db.update(webhooks).set(change).where(eq(webhooks.id, id))])
  await recorded.tell()
  return ok(view({ ...found.row, ...change }, found.project))
}

export const deleteWebhook = async (
  platform: Platform,
  organization: Organization,
  id: string,
): Promise<Result<void, Fault>> => {
  const found = await find(platform, organization.id, id)
  if (!found) return noWebhook(id)
  const { db } = platform
  const before = { address: found.row.shownAddress }
  const audited = { organizationId: organization.id, action: 'webhook.deleted', subject: id, before } as const
  const isThere = sql`exists (select 1 from ${webhooks} where ${webhooks.id} = ${id})`
  const recorded = await prepareAudit(platform, audited, isThere)
  await db.batch([...recorded.statements, db.delete(webhooks).where(eq(webhooks.id, id))])
  await recorded.tell()
  return ok(undefined)
}

const viewDelivery = (row: typeof deliveries.$inferSelect): Delivery => ({
  id: row.id,
  event: row.event,
  state: row.state,
  attempts: row.attempts,
  status: row.status,
  answer: row.answer,
  payload: row.payload,
  createdAtMs: row.createdAtMs,
  nextAttemptAtMs: row.nextAttemptAtMs,
})

export const listDeliveries = async (
  platform: Platform,
  organization: Organization,
  id: string,
  page: PageQuery,
): Promise<Result<Page<Delivery>, Fault>> => {
  if (!(await find(platform, organization.id, id))) return noWebhook(id)
  const { rows, nextCursor } = await readPage(
    page,
    newestFirst(deliveries.id),
    ({ beyond, order, limit }) =>
      platform.db
        .select()
        .from(deliveries)
        .where(and(eq(deliveries.webhookId, id), beyond))
        .orderBy(order)
        .limit(limit),
    ({ id }) => id,
  )
  const items = rows.map(viewDelivery)
  return ok({ items, nextCursor })
}

/** A delivery of a made-up event, to see whether the other side hears. */
export const testWebhook = async (
  platform: Platform,
  organization: Organization,
  id: string,
): Promise<Result<Delivery, Fault>> => {
  const found = await find(platform, organization.id, id)
  if (!found) return noWebhook(id)
  const { kind, name } = platform.who
  const delivery = newDelivery(platform, found.row, {
    event: 'ping',
    atMs: platform.nowMs(),
    organization: organization.slug,
    project: found.project,
    subject: id,
    before: null,
    after: null,
    actor: { kind, name },
  })
  await platform.db.insert(deliveries).values(delivery)
  await sendNotices(platform, [delivery])
  const [row] = await platform.db.select().from(deliveries).where(eq(deliveries.id, delivery.id))
  return row ? ok(viewDelivery(row)) : noWebhook(id)
}

/** The same notice under the same id, from its first attempt. */
export const redeliver = async (
  platform: Platform,
  organization: Organization,
  id: string,
  deliveryId: string,
): Promise<Result<Delivery, Fault>> => {
  if (!(await find(platform, organization.id, id))) return noWebhook(id)
  const [row] = await platform.db
    .update(deliveries)
    .set({ state: 'waiting', attempts: 0, status: null, answer: null, nextAttemptAtMs: platform.nowMs() })
    .where(and(eq(deliveries.id, deliveryId), eq(deliveries.webhookId, id)))
    .returning()
  if (!row) return err(fault('not_found', `There is no delivery "${deliveryId}" of this webhook.`))
  await sendNotices(platform, [row])
  return ok(viewDelivery(row))
}
