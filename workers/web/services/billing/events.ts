// Stripe's events: signed, each kept once, then settled by fetching what it is about. A repetition changes nothing, an
// order does not matter, and one that could not be settled stays `received` until it is.
import { STRIPE_EVENTS } from '@distropack/core/contract/stripe.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, asc, eq, lte, sql } from 'drizzle-orm'
import type Stripe from 'stripe'
import { openStripe } from '../../billing/stripe.ts'
import { isBadSignature } from '../../billing/trouble.ts'
import { stripeEvents } from '../../db/tables/billing.ts'
import { logError, logEvent } from '../platform/log.ts'
import type { Platform } from '../platform/platform.ts'
import { syncCustomer } from './sync.ts'

/** Stripe's own default: an older signature is a replay. */
const SIGNATURE_SECONDS = 300
const FIRST_RETRY_MS = 60_000
const LAST_RETRY_MS = 60 * 60_000
const AT_ONCE = 20

const HANDLED: ReadonlySet<string> = new Set(STRIPE_EVENTS satisfies readonly Stripe.Event.Type[])

type EventRow = typeof stripeEvents.$inferSelect

const verify = async (
  { env, nowMs }: Platform,
  payload: string,
  signature: string,
): Promise<Result<Stripe.Event, Fault>> => {
  const secret = env.STRIPE_WEBHOOK_SECRET
  if (!secret) throw new Error('BILLING is "stripe" and STRIPE_WEBHOOK_SECRET is not set')
  const { webhooks } = await openStripe(env)
  try {
    const now = nowMs()
    return ok(await webhooks.constructEventAsync(payload, signature, secret, SIGNATURE_SECONDS, undefined, now))
  } catch (error) {
    if (!isBadSignature(error)) throw error
    return err(fault('request_invalid', 'This is not signed with the secret of this address, or too old.'))
  }
}

/** The customer an event is about. */
const customerOf = (event: Stripe.Event): string | undefined => {
  const object = event.data.object as { id?: string; object?: string; customer?: string | { id: string } | null }
  if (object.object === 'customer') return object.id
  return typeof object.customer === 'string' ? object.customer : object.customer?.id
}

const settle = async (platform: Platform, row: EventRow): Promise<void> => {
  const event = JSON.parse(row.payload) as Stripe.Event
  const customer = HANDLED.has(event.type) ? customerOf(event) : undefined
  const outcome = customer ? await syncCustomer(platform, await openStripe(platform.env), customer) : 'stranger'
  const state = outcome === 'synced' ? 'handled' : 'ignored'
  await platform.db
    .update(stripeEvents)
    .set({ state, settledAtMs: platform.nowMs(), attempts: sql`${stripeEvents.attempts} + 1`, lastError: null })
    .where(and(eq(stripeEvents.id, row.id), eq(stripeEvents.state, 'received')))
  logEvent('billing.event', { eventId: row.id, type: row.type, state })
}

const noteFailure = async ({ db, nowMs }: Platform, row: EventRow, error: unknown): Promise<void> => {
  logError('billing.event_broke', error, { eventId: row.id, type: row.type, attempts: row.attempts + 1 })
  const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** row.attempts)
  const lastError = (error instanceof Error ? error.message : String(error)).slice(0, 500)
  await db
    .update(stripeEvents)
    .set({ attempts: row.attempts + 1, nextAttemptAtMs: nowMs() + delayMs, lastError })
    .where(and(eq(stripeEvents.id, row.id), eq(stripeEvents.state, 'received')))
}

const keep = async ({ db, nowMs }: Platform, event: Stripe.Event, payload: string): Promise<EventRow> => {
  const now = nowMs()
  await db
    .insert(stripeEvents)
    .values({
      id: event.id,
      type: event.type,
      state: 'received',
      payload,
      createdAtMs: event.created * 1000,
      receivedAtMs: now,
      attempts: 0,
      // The entry point settles it at once; the sweep comes after that could have ended.
      nextAttemptAtMs: now + FIRST_RETRY_MS,
    })
    .onConflictDoNothing()
  const [row] = await db.select().from(stripeEvents).where(eq(stripeEvents.id, event.id))
  if (!row) throw new Error(`event ${event.id} was not kept`)
  return row
}

/** @throws what kept it from being settled: the entry point answers 500, and Stripe sends it again. */
export const receiveEvent = async (
  platform: Platform,
  payload: string,
  signature: string,
): Promise<Result<'settled' | 'repeated', Fault>> => {
  const event = await verify(platform, payload, signature)
  if (!event.ok) return event
  const row = await keep(platform, event.value, payload)
  if (row.state !== 'received') return ok('repeated')
  try {
    await settle(platform, row)
  } catch (error) {
    await noteFailure(platform, row, error)
    throw error
  }
  return ok('settled')
}

/** What could not be settled when it came. */
export const settleKeptEvents = async (platform: Platform): Promise<number> => {
  const waiting = await platform.db
    .select()
    .from(stripeEvents)
    .where(and(eq(stripeEvents.state, 'received'), lte(stripeEvents.nextAttemptAtMs, platform.nowMs())))
    .orderBy(asc(stripeEvents.nextAttemptAtMs))
    .limit(AT_ONCE)
  for (const row of waiting) await settle(platform, row).catch((error) => noteFailure(platform, row, error))
  return waiting.length
}
