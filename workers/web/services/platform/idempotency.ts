// One request, done once: what was answered to a key is answered again, however often the network repeats it.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, isNull, lt, or } from 'drizzle-orm'
import { idempotentAnswers } from '../../db/tables/idempotency.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import type { Platform } from './platform.ts'

export interface KeyedRequest {
  readonly actorId: string
  readonly key: string
  readonly requestSha256: string
}

/** Two requests are one when method, path and body are. */
export const keyedRequest = async (
  { who }: Platform,
  key: string,
  parts: readonly [method: string, path: string, body: string],
): Promise<KeyedRequest> => ({ actorId: who.id, key, requestSha256: await sha256Hex(JSON.stringify(parts)) })

export interface KeptAnswer {
  readonly status: number
  readonly body: string
}

const DAY_MS = 24 * 3600 * 1000
/** A first request that has not answered by then is dead: the key may be used again. */
const AT_WORK_MS = 5 * 60 * 1000
/** A repeat that comes while the first is at work waits so long for its answer. */
const WAIT_MS = 10_000
const WAIT_STEP_MS = 100
/** Larger answers are done again; none of the API's own is. */
const MAX_KEPT_CHARACTERS = 256 * 1024

const labelOf = ({ actorId, key }: KeyedRequest): string => `idempotent:${actorId}:${key}`
const rowOf = ({ actorId, key }: KeyedRequest) =>
  and(eq(idempotentAnswers.actorId, actorId), eq(idempotentAnswers.key, key))

/** The first request's row, once it has answered; as it stands when that takes longer than a caller waits. */
const awaitAnswer = async ({ db }: Platform, request: KeyedRequest) => {
  for (let waitedMs = 0; ; waitedMs += WAIT_STEP_MS) {
    const [row] = await db.select().from(idempotentAnswers).where(rowOf(request))
    const isSame = row?.requestSha256 === request.requestSha256
    if (!row || !isSame || row.status !== null || waitedMs >= WAIT_MS) return row
    await new Promise((resolve) => setTimeout(resolve, WAIT_STEP_MS))
  }
}

/** undefined: this caller is the first and does the work. */
export const beginOnce = async (
  platform: Platform,
  request: KeyedRequest,
): Promise<Result<KeptAnswer | undefined, Fault>> => {
  const { db, nowMs } = platform
  const now = nowMs()
  const { actorId, key, requestSha256 } = request
  await db
    .delete(idempotentAnswers)
    .where(
      and(
        rowOf(request),
        or(
          lt(idempotentAnswers.createdAtMs, now - DAY_MS),
          and(isNull(idempotentAnswers.status), lt(idempotentAnswers.createdAtMs, now - AT_WORK_MS)),
        ),
      ),
    )
  const taken = await db
    .insert(idempotentAnswers)
    .values({ actorId, key, requestSha256, createdAtMs: now })
    .onConflictDoNothing()
    .returning({ key: idempotentAnswers.key })
  if (taken.length > 0) return ok(undefined)
  const kept = await awaitAnswer(platform, request)
  if (!kept) return ok(undefined) // it was refused: this one is a first again
  if (kept.requestSha256 !== requestSha256) {
    return err(fault('idempotency_key_reused', 'This Idempotency-Key belongs to another request: use a new one.'))
  }
  if (kept.status === null || kept.sealedBody === null) {
    return err(
      fault('conflict', 'The first request with this Idempotency-Key is still at work: ask again in a moment.'),
    )
  }
  const vault = await platform.vault()
  if (!vault.ok) return vault
  const body = await vault.value.open(kept.sealedBody, labelOf(request))
  return body.ok ? ok({ status: kept.status, body: body.value }) : body
}

/** A refusal changed nothing and may be asked again; trouble of ours must be. Only what was done is kept. */
export const endOnce = async (platform: Platform, request: KeyedRequest, answer: KeptAnswer): Promise<void> => {
  const vault = await platform.vault()
  const isKept = vault.ok && answer.status < 300 && answer.body.length <= MAX_KEPT_CHARACTERS
  if (!isKept) {
    await platform.db.delete(idempotentAnswers).where(rowOf(request))
    return
  }
  const sealedBody = await vault.value.seal(answer.body, labelOf(request))
  await platform.db.update(idempotentAnswers).set({ status: answer.status, sealedBody }).where(rowOf(request))
}

/** For the sweep. */
export const forgetOldAnswers = async ({ db, nowMs }: Platform): Promise<void> => {
  await db.delete(idempotentAnswers).where(lt(idempotentAnswers.createdAtMs, nowMs() - DAY_MS))
}
