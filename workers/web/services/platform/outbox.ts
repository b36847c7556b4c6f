// What must follow a change of D1 but cannot be in its transaction: a grant in the object store, a publisher to wake.
// Each is a row in the change's own batch. Who made the change does it at once; what is left of it, the sweep does.
// Every ask has a row of its own, so that one who broke off between reading D1 and writing the store leaves a row that
// outlives whatever was written last. Doing it means comparing with D1 as it is then: once more or twice is the same.

import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, asc, eq, gte, inArray, lte, ne, or, type SQL, sql } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { oldestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { apiTokens } from '../../db/schema.ts'
import { outbox } from '../../db/tables/outbox.ts'
import { compareGrant } from '../access/grants.ts'
import { dropUnclaimedRequest } from '../builds/build-requests.ts'
import { wakePublisher } from '../repositories/publisher.ts'
import { newId } from './ids.ts'
import { logError, logEvent } from './log.ts'
import type { Platform } from './platform.ts'

export type OutboxRow = typeof outbox.$inferSelect
type Kind = OutboxRow['kind']

/** So long it is its request's to do. A request that is slower than this compares again after it wrote. */
const OWN_MS = 10_000
/** Grants of one person or organization that a request does itself; the sweep does the rest. */
const AT_ONCE = 100
const SIDE_BY_SIDE = 6 // connections a Worker may have open
const FIRST_WAIT_MS = 30_000
const LONGEST_WAIT_MS = 60 * 60 * 1000
/** From then on an operator is told. It is tried on, once an hour: what was closed must not stay open. */
export const STUCK_AFTER_ATTEMPTS = 5

const WORK: Readonly<Record<Kind, (platform: Platform, subject: string) => Promise<void>>> = {
  grant: compareGrant,
  publisher: wakePublisher,
  request: dropUnclaimedRequest,
}

/** For the batch that changes what the next generation shows. */
export const notingPublisher = ({ db, nowMs }: Platform, projectId: string) => {
  const createdAtMs = nowMs()
  const row = { kind: 'publisher', subject: projectId, notBeforeMs: createdAtMs + OWN_MS, createdAtMs } as const
  return db
    .insert(outbox)
    .values({ id: newId('out', createdAtMs), ...row })
    .returning()
}

/** For the batch that changes what these tokens open. Before the statement that deletes them; behind one that makes them. */
export const notingGrants = ({ db, nowMs }: Platform, which: SQL | undefined) => {
  const createdAtMs = nowMs()
  const id = newId('out', createdAtMs)
  return db
    .insert(outbox)
    .select(
      db
        .select({
          id: sql<string>`${`${id}.`} || ${apiTokens.secretSha256}`.as('id'),
          kind: sql<Kind>`'grant'`.as('kind'),
          subject: apiTokens.secretSha256,
          attempts: sql<number>`0`.as('attempts'),
          notBeforeMs: sql<number>`${createdAtMs + OWN_MS}`.as('not_before_ms'),
          trouble: sql<string | null>`null`.as('trouble'),
          createdAtMs: sql<number>`${createdAtMs}`.as('created_at_ms'),
        })
        .from(apiTokens)
        .where(which),
    )
    .returning()
}

const waitAfter = (attempts: number): number => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1))

const postpone = async ({ db, nowMs }: Platform, rows: readonly OutboxRow[], trouble: string): Promise<void> => {
  for (const row of rows) {
    const attempts = row.attempts + 1
    const notBeforeMs = attempts === 1 ? nowMs() : nowMs() + waitAfter(attempts)
    await db.update(outbox).set({ attempts, notBeforeMs, trouble }).where(eq(outbox.id, row.id))
    if (attempts !== STUCK_AFTER_ATTEMPTS) continue
    logEvent('outbox.stuck', { id: row.id, kind: row.kind, subject: row.subject, trouble })
  }
}

const forget = async ({ db }: Platform, rows: readonly OutboxRow[]): Promise<void> => {
  const ids = rows.map(({ id }) => id)
  for (const chunk of chunksForStatement(ids, 1)) await db.delete(outbox).where(inArray(outbox.id, chunk))
}

/** Rows of one subject are one piece of work. Trouble of any kind leaves them for later, and never throws. */
const doOne = async (platform: Platform, rows: readonly OutboxRow[]): Promise<boolean> => {
  const [first] = rows
  if (!first) return true
  try {
    await WORK[first.kind](platform, first.subject)
  } catch (error) {
    logError('outbox.not_done', error, { kind: first.kind, subject: first.subject })
    const trouble = error instanceof Error ? error.message : String(error)
    await postpone(platform, rows, trouble.slice(0, 500)).catch((late: unknown) => logError('outbox.broke', late))
    return false
  }
  // Done is done: a row that stays is done once more.
  await forget(platform, rows).catch((error: unknown) => logError('outbox.broke', error))
  return true
}

/** Does what these rows ask for; false when something is left for the sweep. */
export const settleOutbox = async (platform: Platform, rows: readonly OutboxRow[]): Promise<boolean> => {
  const subjects = [...Map.groupBy(rows, ({ kind, subject }) => `${kind} ${subject}`).values()]
  const now = subjects.slice(0, AT_ONCE)
  let isDone = now.length === subjects.length
  for (let at = 0; at < now.length; at += SIDE_BY_SIDE) {
    const some = now.slice(at, at + SIDE_BY_SIDE).map((each) => doOne(platform, each))
    if ((await Promise.all(some)).includes(false)) isDone = false
  }
  return isDone
}

/**
 * For what closes something: it is not called done while a reader may still come in. Opening may come a moment later;
 * there nobody need ask what `settleOutbox` says.
 */
export const settleClosing = async (platform: Platform, rows: readonly OutboxRow[]): Promise<Result<void, Fault>> => {
  if (await settleOutbox(platform, rows)) return ok(undefined)
  const message =
    'It is written down and will be done, but readers may not be shut out yet: the platform goes on trying by itself. ' +
    'Send the request again to finish it now.'
  return err(fault('unfinished', message))
}

/** What earlier requests left undone of this subject. */
export const findLeft = ({ db }: Platform, kind: Kind, subject: string): Promise<OutboxRow[]> =>
  db
    .select()
    .from(outbox)
    .where(and(eq(outbox.kind, kind), eq(outbox.subject, subject)))
    .limit(AT_ONCE)

export const findLeftGrants = ({ db }: Platform, which: SQL): Promise<OutboxRow[]> => {
  const subjects = db.select({ subject: apiTokens.secretSha256 }).from(apiTokens).where(which)
  return db
    .select()
    .from(outbox)
    .where(and(eq(outbox.kind, 'grant'), inArray(outbox.subject, subjects)))
    .limit(AT_ONCE)
}

/** For a request that comes again: finishes what its first one began. False when there was nothing. */
export const finishLeft = async (platform: Platform, kind: Kind, subject: string): Promise<Result<boolean, Fault>> => {
  const left = await findLeft(platform, kind, subject)
  const done = await settleClosing(platform, left)
  return done.ok ? ok(left.length > 0) : done
}

/** For the sweep. `isAsked`: an operator wants it now, whatever it waits for. */
export const sweepOutbox = async (platform: Platform, limit: number, isAsked = false): Promise<number> => {
  const { db, nowMs } = platform
  const rows = await db
    .select()
    .from(outbox)
    .where(or(lte(outbox.notBeforeMs, nowMs()), isAsked ? ne(outbox.kind, 'request') : undefined))
    .orderBy(asc(outbox.notBeforeMs))
    .limit(limit)
  await settleOutbox(platform, rows)
  return rows.length
}

const SENTENCES: Readonly<Record<Kind, (subject: string) => string>> = {
  grant: (subject) => `What the token with the sha256 ${subject} may read is not what the database says`,
  request: (subject) => `The stored request of ${subject}, which came to nothing, could not be taken away`,
  publisher: (subject) => `The publisher of ${subject} could not be told of a change, so readers do not see it`,
}

export interface StuckWork {
  readonly id: string
  readonly kind: Kind
  readonly subject: string
  readonly attempts: number
  readonly message: string
  readonly createdAtMs: number
  readonly nextAttemptAtMs: number
}

/** For an operator: what failed again and again. */
export const listStuck = async ({ db }: Platform, page: PageQuery): Promise<Page<StuckWork>> => {
  const { rows, nextCursor } = await readPage(
    page,
    oldestFirst(outbox.id),
    ({ beyond, order, limit }) =>
      db
        .select()
        .from(outbox)
        .where(and(gte(outbox.attempts, STUCK_AFTER_ATTEMPTS), beyond))
        .orderBy(order)
        .limit(limit),
    ({ id }) => id,
  )
  const items = rows.map(({ id, kind, subject, attempts, trouble, createdAtMs, notBeforeMs }) => ({
    ...{ id, kind, subject, attempts, createdAtMs },
    message: `${SENTENCES[kind](subject)}: ${trouble ?? 'no reason is known'}. It is tried again every hour.`,
    nextAttemptAtMs: notBeforeMs,
  }))
  return { items, nextCursor }
}
