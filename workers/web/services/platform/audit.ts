// Reading the audit log; writing it is record.ts.

import type { AuditEntry, auditFilterSchema } from '@distropack/core/contract/audit.ts'
import { and, asc, eq, gt, gte, lt, type SQL } from 'drizzle-orm'
import type { z } from 'zod'
import { newestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { auditEntries } from '../../db/tables/audit.ts'
import type { Platform } from './platform.ts'

type Filter = z.infer<typeof auditFilterSchema>

const viewEntry = (row: typeof auditEntries.$inferSelect): AuditEntry => ({
  id: row.id,
  atMs: row.atMs,
  action: row.action,
  actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
  project: row.projectId,
  subject: row.subject,
  before: row.before ?? null,
  after: row.after ?? null,
  requestId: row.requestId,
})

const matching = (organizationId: string, { action, actor, fromMs, untilMs }: Filter): SQL | undefined =>
  and(
    eq(auditEntries.organizationId, organizationId),
    action ? eq(auditEntries.action, action) : undefined,
    actor ? eq(auditEntries.actorId, actor) : undefined,
    fromMs === undefined ? undefined : gte(auditEntries.atMs, fromMs),
    untilMs === undefined ? undefined : lt(auditEntries.atMs, untilMs),
  )

/** Newest first. */
export const listAudit = async (
  { db }: Platform,
  organizationId: string,
  query: Filter & PageQuery,
): Promise<Page<AuditEntry>> => {
  const { rows, nextCursor } = await readPage(
    query,
    newestFirst(auditEntries.id),
    ({ beyond, order, limit }) =>
      db
        .select()
        .from(auditEntries)
        .where(and(matching(organizationId, query), beyond))
        .orderBy(order)
        .limit(limit),
    ({ id }) => id,
  )
  const items = rows.map(viewEntry)
  return { items, nextCursor }
}

/** Rows of one read: a year's log is never in memory. */
const EXPORT_PAGE = 500

/** The whole of what matches as JSON lines, oldest first, read as it is taken. */
export const exportAudit = ({ db }: Platform, organizationId: string, filter: Filter): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder()
  let after = ''
  return new ReadableStream({
    async pull(controller) {
      const rows = await db
        .select()
        .from(auditEntries)
        .where(and(matching(organizationId, filter), gt(auditEntries.id, after)))
        .orderBy(asc(auditEntries.id))
        .limit(EXPORT_PAGE)
      after = rows.at(-1)?.id ?? after
      if (rows.length > 0) {
        controller.enqueue(encoder.encode(rows.map((row) => `${JSON.stringify(viewEntry(row))}\n`).join('')))
      }
      if (rows.length < EXPORT_PAGE) controller.close()
    },
  })
}
