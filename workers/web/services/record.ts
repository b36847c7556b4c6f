// The one way into the audit log: what was done, to what, by whom. Callers hand over facts of the row they changed,
// never a secret: `before` and `after` are for people to read and are exported. Whoever wants to hear of it is told:
// the notices are rows of the same batch, so that a deed that happened is neither unrecorded nor unheard of.
import type { AuditAction } from '@distropack/core/contract/audit.ts'
import type { SQL } from 'drizzle-orm'
import { insertWhen, type Statement } from '../db/insert-when.ts'
import { auditEntries } from '../db/tables/audit.ts'
import { newId } from './ids.ts'
import { logEvent } from './log.ts'
import type { Platform } from './platform.ts'
import { insertNotice, noticesOf, sendNotices } from './webhooks/fan-out.ts'

export interface Deed {
  readonly organizationId: string
  readonly projectId?: string
  readonly action: AuditAction
  /** What it was done to: an id or a name. */
  readonly subject: string
  readonly before?: unknown
  readonly after?: unknown
}

const rowOf = ({ nowMs, who, requestId }: Platform, deed: Deed): typeof auditEntries.$inferSelect => ({
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

export interface PreparedDeed {
  /** For the batch that does the deed, in front of what does it: neither without the other. */
  readonly statements: readonly [Statement, ...Statement[]]
  /** Once it is done: sends the notices on their way. Trouble in that is the sweep's. */
  readonly tell: () => Promise<void>
}

/** `when`: under which the deed will be done, as the database stands before it; without it, it is done in any case. */
export const prepareDeed = async (platform: Platform, deed: Deed, when?: SQL): Promise<PreparedDeed> => {
  const { db } = platform
  const row = rowOf(platform, deed)
  const notices = await noticesOf(platform, {
    before: null,
    after: null,
    ...deed,
    projectId: row.projectId,
    atMs: row.atMs,
  })
  const entry = when ? insertWhen(db, auditEntries, row, when) : db.insert(auditEntries).values(row)
  return {
    statements: [entry, ...notices.map((notice) => insertNotice(platform, notice, when))],
    tell: async () => {
      const { organizationId, projectId, action, subject } = deed
      logEvent(action, { organizationId, ...(projectId ? { projectId } : {}), subject, requestId: platform.requestId })
      await sendNotices(platform, notices)
    },
  }
}

/** For deeds that leave nothing else behind in D1. */
export const record = async (platform: Platform, deed: Deed): Promise<void> => {
  const prepared = await prepareDeed(platform, deed)
  const [first, ...rest] = prepared.statements
  await platform.db.batch([first, ...rest])
  await prepared.tell()
}
