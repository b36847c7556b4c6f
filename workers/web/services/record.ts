// The one way into the audit log: what was done, to what, by whom. Callers hand over facts of the row they changed,
// never a secret: `before` and `after` are for people to read and are exported. Whoever wants to hear of it is told.
import type { AuditAction } from '@distropack/core/contract/audit.ts'
import { auditEntries } from '../db/tables/audit.ts'
import { newId } from './ids.ts'
import { logEvent } from './log.ts'
import type { Platform } from './platform.ts'
import { tellWebhooks } from './webhooks/fan-out.ts'

export interface Deed {
  readonly organizationId: string
  readonly projectId?: string
  readonly action: AuditAction
  /** What it was done to: an id or a name. */
  readonly subject: string
  readonly before?: unknown
  readonly after?: unknown
}

const rowOf = ({ nowMs, who, requestId }: Platform, deed: Deed): typeof auditEntries.$inferInsert => ({
  id: newId('aud', nowMs()),
  organizationId: deed.organizationId,
  projectId: deed.projectId ?? null,
  atMs: nowMs(),
  action: deed.action,
  actorKind: who.kind,
  actorId: who.id,
  actorName: who.name,
  subject: deed.subject,
  before: deed.before ?? null,
  after: deed.after ?? null,
  requestId,
})

/** The statement, for a batch that does the deed: neither without the other. For deeds no webhook hears of. */
export const recording = (platform: Platform, deed: Deed) =>
  platform.db.insert(auditEntries).values(rowOf(platform, deed))

/** For deeds that are not one batch; call it after they are done. */
export const record = async (platform: Platform, deed: Deed): Promise<void> => {
  const row = rowOf(platform, deed)
  await platform.db.insert(auditEntries).values(row)
  await tellWebhooks(platform, {
    before: null,
    after: null,
    ...deed,
    projectId: deed.projectId ?? null,
    atMs: row.atMs,
  })
  logEvent(deed.action, {
    organizationId: deed.organizationId,
    ...(deed.projectId ? { projectId: deed.projectId } : {}),
    subject: deed.subject,
    requestId: platform.requestId,
  })
}
