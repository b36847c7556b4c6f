// A Stripe that keeps state: the API behind the real SDK's own requests, a clock, a customer's hand on the pages, and
// signed events. It runs as a plain fetch handler: in a Worker, or behind a server of Node.
import Stripe from 'stripe'
import { type Account, type AfterDunning, type Card, emit, openAccount } from './account.ts'
import { completeSession } from './checkout.ts'
import { parseForm } from './form.ts'
import { attemptPayment } from './invoicing.ts'
import { missing, Refusal } from './refusal.ts'
import { ROUTES } from './routes.ts'
import { endSubscription } from './subscription-end.ts'
import { advance } from './subscription-life.ts'

/** What a test does to the account, beside what the application asks of its API. */
export type Command =
  | { readonly do: 'advance'; readonly toMs: number }
  | { readonly do: 'complete_checkout'; readonly url: string; readonly card: Card | 'none' }
  | { readonly do: 'set_card'; readonly customer: string; readonly card: Card }
  | { readonly do: 'pay_open_invoices'; readonly customer: string }
  | { readonly do: 'delete_customer'; readonly customer: string }
  | { readonly do: 'after_dunning'; readonly choice: AfterDunning }
  /** The next so many calls are answered with this status; 0 breaks the connection. */
  | { readonly do: 'break'; readonly calls: number; readonly status: number }
  /** The events that no one took yet, as Stripe would send them. */
  | { readonly do: 'take_events' }
  | { readonly do: 'emit'; readonly type: string; readonly object: object }
  | { readonly do: 'look' }

export interface SignedEvent {
  readonly id: string
  readonly type: string
  readonly body: string
  readonly signature: string
}

export interface FakeStripe {
  readonly fetch: (request: Request) => Promise<Response>
  readonly command: (command: Command) => Promise<unknown>
  /** Another with the same past, which this one's future does not touch. */
  readonly copy: () => FakeStripe
}

export interface FakeOptions {
  readonly nowMs: number
  readonly secretKey: string
  readonly webhookSecret: string
}

interface State {
  readonly account: Account
  readonly answers: Map<string, string>
  readonly requests: { method: string; path: string; body: string }[]
  taken: number
  breaks: { calls: number; status: number }
}

const readCall = async (request: Request) => {
  const { pathname, searchParams } = new URL(request.url)
  // As bytes: workerd warns of text() on a form.
  const body = new TextDecoder().decode(await request.arrayBuffer())
  const form = parseForm(request.method === 'POST' ? body : searchParams.toString())
  return { path: pathname, body, form }
}

const route = (method: string, path: string): { handler: (typeof ROUTES)[string]; id: string } => {
  const exact = ROUTES[`${method} ${path}`]
  if (exact) return { handler: exact, id: '' }
  for (const [pattern, handler] of Object.entries(ROUTES)) {
    const [wanted = '', template = ''] = pattern.split(' ')
    const found = new RegExp(`^${template.replace(':id', '([^/]+)')}$`).exec(path)
    if (wanted === method && template.includes(':id') && found) return { handler, id: found[1] ?? '' }
  }
  throw new Refusal(404, 'invalid_request_error', `Unrecognized request URL (${method}: ${path}).`)
}

const answerRefusal = ({ status, type, message, code, param }: Refusal): Response => {
  const error = { type, message, ...(code ? { code } : {}), ...(param ? { param } : {}) }
  return Response.json({ error }, { status, headers: { 'request-id': 'req_fake', 'stripe-should-retry': 'false' } })
}

const answerCall = async (state: State, options: FakeOptions, request: Request): Promise<Response> => {
  const { method } = request
  const { path, body, form } = await readCall(request)
  state.requests.push({ method, path, body })
  if (request.headers.get('authorization') !== `Bearer ${options.secretKey}`) {
    return answerRefusal(new Refusal(401, 'invalid_request_error', 'Invalid API Key provided'))
  }
  if (state.breaks.calls > 0) {
    state.breaks.calls -= 1
    return Response.json({ error: { type: 'api_error', message: 'broken' } }, { status: state.breaks.status })
  }
  const key = request.headers.get('idempotency-key')
  const repeated = key ? state.answers.get(key) : undefined
  if (repeated) return new Response(repeated, { headers: { 'content-type': 'application/json' } })
  try {
    const { handler, id } = route(method, path)
    const text = JSON.stringify(handler?.({ account: state.account, id, form }))
    if (key) state.answers.set(key, text)
    return new Response(text, { headers: { 'content-type': 'application/json', 'request-id': 'req_fake' } })
  } catch (error) {
    if (error instanceof Refusal) return answerRefusal(error)
    throw error
  }
}

const sign = async ({ account }: State, { webhookSecret }: FakeOptions, event: Stripe.Event): Promise<SignedEvent> => {
  const body = JSON.stringify(event, null, 2)
  const { webhooks } = new Stripe('sk_unused')
  const signature = await webhooks.generateTestHeaderStringAsync({
    payload: body,
    secret: webhookSecret,
    timestamp: account.nowSeconds,
  })
  return { id: event.id, type: event.type, body, signature }
}

const payOpen = (account: Account, customer: string): void => {
  for (const invoice of account.invoices.values()) {
    if (invoice.status === 'open' && invoice.customer === customer) attemptPayment(account, invoice)
  }
}

const deleteCustomer = (account: Account, id: string): void => {
  const customer = account.customers.get(id)
  if (!customer) throw missing('customer', id)
  for (const subscription of account.subscriptions.values()) {
    if (subscription.customer === id && subscription.status !== 'canceled') {
      endSubscription(account, subscription, 'cancellation_requested')
    }
  }
  account.customers.set(id, { id, object: 'customer', deleted: true })
  emit(account, 'customer.deleted', customer)
}

const completeCheckout = (account: Account, url: string, card: Card | 'none'): void => {
  const session = account.sessions.get(new URL(url).pathname.slice(1))
  if (!session) throw missing('checkout.session', url)
  completeSession(account, session, card)
}

const obey = async (state: State, options: FakeOptions, command: Command): Promise<unknown> => {
  const { account } = state
  switch (command.do) {
    case 'advance':
      return advance(account, Math.floor(command.toMs / 1000))
    case 'complete_checkout':
      return completeCheckout(account, command.url, command.card)
    case 'set_card':
      return void account.cards.set(command.customer, command.card)
    case 'pay_open_invoices':
      return payOpen(account, command.customer)
    case 'delete_customer':
      return deleteCustomer(account, command.customer)
    case 'after_dunning':
      account.afterDunning = command.choice
      return
    case 'break':
      state.breaks = { calls: command.calls, status: command.status }
      return
    case 'emit':
      return emit(account, command.type as Stripe.Event.Type, command.object)
    case 'take_events': {
      const fresh = account.events.slice(state.taken)
      state.taken = account.events.length
      return Promise.all(fresh.map((event) => sign(state, options, event)))
    }
    case 'look':
      return {
        customers: [...account.customers.values()],
        subscriptions: [...account.subscriptions.values()],
        invoices: [...account.invoices.values()],
        sessions: [...account.sessions.values()],
        prices: [...account.prices.values()],
        meterEvents: account.meterEvents,
        requests: state.requests,
        nowMs: account.nowSeconds * 1000,
      }
  }
}

const open = (state: State, options: FakeOptions): FakeStripe => ({
  fetch: (request) => answerCall(state, options, request),
  command: (command) => obey(state, options, command),
  copy: () => open(structuredClone(state), options),
})

export const createFakeStripe = (options: FakeOptions): FakeStripe => {
  const account = openAccount(Math.floor(options.nowMs / 1000))
  return open({ account, answers: new Map(), requests: [], taken: 0, breaks: { calls: 0, status: 500 } }, options)
}
