// One Stripe account in memory, with a clock of its own that only a test moves.
import type Stripe from 'stripe'

export type Card = 'good' | 'declined'

export interface MeterEvent {
  readonly identifier: string
  readonly eventName: string
  readonly customer: string
  readonly value: number
  readonly timestamp: number
}

/** A proration or used-up metered price that waits for the next invoice of its subscription. */
export interface PendingLine {
  readonly description: string
  readonly amount: number
  readonly priceId: string
}

/** What the account's owner chose for a payment that failed for the last time. */
export type AfterDunning = 'cancel' | 'leave_unpaid'

export interface Account {
  nowSeconds: number
  afterDunning: AfterDunning
  nextNumber: number
  readonly customers: Map<string, Stripe.Customer | Stripe.DeletedCustomer>
  /** Of customers; none: no card is known. */
  readonly cards: Map<string, Card>
  readonly products: Map<string, Stripe.Product>
  readonly prices: Map<string, Stripe.Price>
  readonly meters: Map<string, Stripe.Billing.Meter>
  readonly subscriptions: Map<string, Stripe.Subscription>
  readonly invoices: Map<string, Stripe.Invoice>
  readonly sessions: Map<string, Stripe.Checkout.Session>
  readonly configurations: Map<string, Stripe.BillingPortal.Configuration>
  readonly endpoints: Map<string, Stripe.WebhookEndpoint>
  readonly pendingLines: Map<string, PendingLine[]>
  readonly meterEvents: MeterEvent[]
  /** As they happened; each holds the object as it was then. */
  readonly events: Stripe.Event[]
  /** Subscriptions that were told that their trial ends. */
  readonly warned: Set<string>
}

export const openAccount = (nowSeconds: number): Account => ({
  nowSeconds,
  afterDunning: 'cancel',
  nextNumber: 1,
  customers: new Map(),
  cards: new Map(),
  products: new Map(),
  prices: new Map(),
  meters: new Map(),
  subscriptions: new Map(),
  invoices: new Map(),
  sessions: new Map(),
  configurations: new Map(),
  endpoints: new Map(),
  pendingLines: new Map(),
  meterEvents: [],
  events: [],
  warned: new Set(),
})

export const newId = (account: Account, prefix: string): string =>
  `${prefix}_fake${String(account.nextNumber++).padStart(6, '0')}`

export const emit = (account: Account, type: Stripe.Event.Type, object: object): void => {
  const event = {
    id: newId(account, 'evt'),
    object: 'event',
    api_version: '2026-10-28.endive',
    created: account.nowSeconds,
    data: { object: structuredClone(object) },
    livemode: false,
    pending_webhooks: 1,
    request: null,
    type,
  } as unknown as Stripe.Event
  account.events.push(event)
}

export const DAY = 24 * 60 * 60
export const HOUR = 60 * 60

/** The same day of the next month, or its last. */
export const addMonth = (seconds: number): number => {
  const date = new Date(seconds * 1000)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + 1)
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, lastDay))
  return date.getTime() / 1000
}

export const customerIdOf = (owner: { customer: unknown }): string => String(owner.customer)
