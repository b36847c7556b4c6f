// One attempt to bring a notice to its address, signed as Standard Webhooks has it, and what follows from how it went.
import { and, eq, lt, sql } from 'drizzle-orm'
import { deliveries, webhooks } from '../../db/tables/webhooks.ts'
import { sendMail } from '../../mail/mailer.ts'
import { logError, logEvent } from '../platform/log.ts'
import { checkOutboundUrl } from '../platform/outbound.ts'
import type { Platform } from '../platform/platform.ts'
import { RESEND_AFTER_MS } from './fan-out.ts'

type Webhook = typeof webhooks.$inferSelect
type Delivery = typeof deliveries.$inferSelect

/** Seconds until the next attempt after the first, second, …: a deploy, an outage, a night. */
const BACK_OFF_SECONDS = [10, 60, 300, 1800, 7200, 21_600]
const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 500
/** So many deliveries given up on in a row, and nobody is there any more. */
const MAX_FAILURES = 20

export type DeliveryOutcome = { readonly done: true } | { readonly done: false; readonly retryAfterSeconds: number }

interface Attempt {
  readonly isDelivered: boolean
  readonly status: number | null
  readonly answer: string
}

const secretBytes = (secret: string): Uint8Array => new Uint8Array(Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))

/** `v1,` and the base64 HMAC-SHA256 of `id.timestamp.payload`. */
export const signDelivery = async (secret: string, id: string, timestamp: number, payload: string): Promise<string> => {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', secretBytes(secret) as BufferSource, algorithm, false, ['sign'])
  const text = new TextEncoder().encode(`${id}.${timestamp}.${payload}`)
  return `v1,${Buffer.from(await crypto.subtle.sign('HMAC', key, text)).toString('base64')}`
}

/** The first bytes of the answer and no more: the rest may be endless. */
const readSnippet = async (response: Response): Promise<string> => {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const { value } = (await reader.read()) as { value?: Uint8Array }
  await reader.cancel()
  return new TextDecoder().decode(value?.subarray(0, MAX_ANSWER_BYTES)).replaceAll(/\p{Cc}+/gu, ' ')
}

const post = async (platform: Platform, delivery: Delivery, url: URL, secret: string | undefined): Promise<Attempt> => {
  const timestamp = Math.floor(platform.nowMs() / 1000)
  const signature = secret && (await signDelivery(secret, delivery.id, timestamp, delivery.payload))
  const response = await fetch(url, {
    method: 'POST',
    // An answer that sends us elsewhere could send us inside; 3xx is a failure.
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      'content-type': 'application/json',
      'user-agent': 'DistroPack-Webhooks/1',
      'webhook-id': delivery.id,
      'webhook-timestamp': String(timestamp),
      ...(signature ? { 'webhook-signature': signature } : {}),
    },
    body: delivery.payload,
  })
  return { isDelivered: response.ok, status: response.status, answer: await readSnippet(response) }
}

const open = async (platform: Platform, sealed: string, webhook: Webhook): Promise<string> => {
  const vault = await platform.vault()
  if (!vault.ok) throw new Error(vault.error.message)
  const opened = await vault.value.open(sealed, webhook.id)
  if (!opened.ok) throw new Error(opened.error.message)
  return opened.value
}

const attempt = async (platform: Platform, delivery: Delivery, webhook: Webhook): Promise<Attempt> => {
  const address = await open(platform, webhook.sealedAddress, webhook)
  if (webhook.kind === 'mail') {
    await sendMail(platform.env, { to: address, subject: `DistroPack: ${delivery.event}`, text: delivery.payload })
    return { isDelivered: true, status: null, answer: '' }
  }
  const url = checkOutboundUrl(address)
  if (!url.ok) return { isDelivered: false, status: null, answer: url.error.message }
  const secret = webhook.sealedSecret ? await open(platform, webhook.sealedSecret, webhook) : undefined
  return post(platform, delivery, url.value, secret)
}

const tryOnce = (platform: Platform, delivery: Delivery, webhook: Webhook): Promise<Attempt> =>
  attempt(platform, delivery, webhook).catch((error: unknown) => {
    logError('webhook.unreachable', error, { deliveryId: delivery.id, webhookId: webhook.id })
    return { isDelivered: false, status: null, answer: 'it could not be reached' }
  })

const giveUp = async ({ db }: Platform, webhook: Webhook): Promise<void> => {
  const [row] = await db
    .update(webhooks)
    .set({
      failures: sql`${webhooks.failures} + 1`,
      enabled: sql`${webhooks.enabled} and ${webhooks.failures} + 1 < ${MAX_FAILURES}`,
    })
    .where(eq(webhooks.id, webhook.id))
    .returning({ enabled: webhooks.enabled })
  if (row && !row.enabled) logEvent('webhook.disabled', { webhookId: webhook.id })
}

const settle = async (
  platform: Platform,
  delivery: Delivery,
  webhook: Webhook,
  result: Attempt,
): Promise<DeliveryOutcome> => {
  const { db, nowMs } = platform
  const attempts = delivery.attempts + 1
  const waitSeconds = result.isDelivered || !webhook.enabled ? undefined : BACK_OFF_SECONDS[attempts - 1]
  const state = result.isDelivered ? 'delivered' : waitSeconds === undefined ? 'failed' : 'waiting'
  const nextAttemptAtMs = waitSeconds === undefined ? null : nowMs() + waitSeconds * 1000 + RESEND_AFTER_MS
  await db
    .update(deliveries)
    .set({ state, attempts, status: result.status, answer: result.answer.slice(0, MAX_ANSWER_BYTES), nextAttemptAtMs })
    .where(eq(deliveries.id, delivery.id))
  if (state === 'delivered') await db.update(webhooks).set({ failures: 0 }).where(eq(webhooks.id, webhook.id))
  if (state === 'failed') await giveUp(platform, webhook)
  return waitSeconds === undefined ? { done: true } : { done: false, retryAfterSeconds: waitSeconds }
}

/** Runs one message. A delivery that is settled, or whose webhook is gone, is done. */
export const deliver = async (platform: Platform, deliveryId: string): Promise<DeliveryOutcome> => {
  const [found] = await platform.db
    .select({ delivery: deliveries, webhook: webhooks })
    .from(deliveries)
    .innerJoin(webhooks, eq(webhooks.id, deliveries.webhookId))
    .where(and(eq(deliveries.id, deliveryId), eq(deliveries.state, 'waiting')))
  if (!found) return { done: true }
  const { delivery, webhook } = found
  return settle(platform, delivery, webhook, await tryOnce(platform, delivery, webhook))
}

/** For the sweep: notices whose message was lost. */
export const resendDeliveries = async ({ db, env, nowMs }: Platform, limit: number): Promise<number> => {
  const due = and(eq(deliveries.state, 'waiting'), lt(deliveries.nextAttemptAtMs, nowMs()))
  const rows = await db.select({ id: deliveries.id }).from(deliveries).where(due).limit(limit)
  if (rows.length === 0) return 0
  await env.DELIVERIES.sendBatch(rows.map(({ id }) => ({ body: { deliveryId: id } })))
  const nextAttemptAtMs = nowMs() + RESEND_AFTER_MS
  for (const { id } of rows) await db.update(deliveries).set({ nextAttemptAtMs }).where(eq(deliveries.id, id))
  return rows.length
}

const KEPT_MS = 30 * 24 * 3600 * 1000

/** For the sweep: the log of deliveries is for looking at what went wrong lately. */
export const forgetOldDeliveries = async ({ db, nowMs }: Platform): Promise<void> => {
  await db.delete(deliveries).where(lt(deliveries.createdAtMs, nowMs() - KEPT_MS))
}
