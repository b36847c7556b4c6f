// The one way into the audit log: what was done, to what, by whom. Callers hand over facts of the row they changed,
// never a secret: `before` and `after` are for people to read and are exported. Whoever wants to hear of it is told:
// the notices are rows of the same batch, so that a audited that happened is neither unrecorded nor unheard of.
import type { AuditAction } from '@distropack/core/contract/audit.ts'
import type { SQL } from 'drizzle-orm'
import { insertWhen, type Statement } from '../../db/insert-when.ts'
import { auditEntries } from '../../db/tables/audit.ts'
import { insertNotice, noticesOf, sendNotices } from '../webhooks/fan-out.ts'
import { newId } from './ids.ts'
import { logEvent } from './log.ts'
import type { Platform } from './platform.ts'

export interface AuditedAction {
  readonly organizationId: string
  readonly projectId?: string
  readonly action: AuditAction
  /** What it was done to: an id or a name. */
  readonly subject: string
  readonly before?: unknown
  readonly after?: unknown
}

const rowOf = ({ nowMs, who, requestId }: Platform, audited: AuditedAction): typeof auditEntries.$inferSelect => ({
  id: newId('aud', nowMs()),
  organizationId: audited.organizationId,
  projectId: audited.projectId ?? null,
  atMs: nowMs(),
  action: audited.action,
  actorKind: who.kind,
  actorId: who.id,
  actorName: who.name,
  subject: audited.subject,
  before: audited.before ?? null,
  after: audited.after ?? null,
  requestId,
})

export interface PreparedAudit {
  /** For the batch that does the audited, in front of what does it: neither without the other. */
  readonly statements: readonly [Statement, ...Statement[]]
  /** Once it is done: sends the notices on their way. Trouble in that is the sweep's. */
  readonly tell: () => Promise<void>
}

/** `when`: under which the audited will be done, as the database stands before it; without it, it is done in any case. */
export const prepareAudit = async (platform: Platform, audited: AuditedAction, when?: SQL): Promise<PreparedAudit> => {
  const { db } = platform
  const row = rowOf(platform, audited)
  const notices = await noticesOf(platform, {
    before: null,
    after: null,
    ...audited,
    projectId: row.projectId,
    atMs: row.atMs,
  })
  const entry = when ? insertWhen(db, auditEntries, row, when) : db.insert(auditEntries).values(row)
  return {
    statements: [entry, ...notices.map((notice) => insertNotice(platform, notice, when))],
    tell: async () => {
      const { organizationId, projectId, action, subject } = audited
      logEvent(action, { organizationId, ...(projectId ? { projectId } : {}), subject, requestId: platform.requestId })
      await sendNotices(platform, notices)
    },
  }
}

/** For actions that leave nothing else behind in D1. */
export const record = async (platform: Platform, audited: AuditedAction): Promise<void> => {
  const prepared = await prepareAudit(platform, audited)
  const [first, ...rest] = prepared.statements
  await platform.db.batch([first, ...rest])
  await prepared.tell()
}
