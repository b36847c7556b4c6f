// The packager's HTTP entry point: POST /v1/builds answers with lines of JSON while it builds, GET /healthz says whether
// it takes orders. Wire: core/contract/packager.ts. It keeps nothing, and its log never holds a token.
import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type BuildEvent, type Order, orderSchema } from '@distropack/core/contract/packager.ts'
import type { ErrorBody } from '@distropack/core/contract/wire.ts'
import { type FaultCode, fault } from '@distropack/core/fault.ts'
import { type BuildQueue, openBuildQueue } from './build-queue.ts'
import { failed, runOrder, subjectOf } from './run-order.ts'

/** 100,000 source records and the manifest. */
const MAX_ORDER_BYTES = 64 * 1024 * 1024
/** Half of what the contract promises. */
const BEAT_MS = 5_000
/**
 * From here on a build holds an encoder's memory for long, up to 280 MB of this process with xz (docs/performance.md):
 * such builds wait in line for one of the places, so that a large publish to many targets holds what its largest does.
 */
const LARGE_BUILD_BYTES = 16 * 1024 * 1024
const MAX_LOG_LINES = 10_000
const MAX_LOG_LINE_CHARACTERS = 2_000

type LogFields = Readonly<Record<string, string | number | boolean | undefined>>
export type Log = (event: string, fields?: LogFields) => void

export interface PackagerOptions {
  readonly port: number
  readonly host?: string
  /** Asked for as a bearer token when set. */
  readonly token?: string
  readonly buildsAtOnce: number
  /** Of those, at most so many with sources of 16 MiB or more. */
  readonly largeBuildsAtOnce: number
  /** Orders that may wait for a place; they are answered at once, with beats. More are refused. */
  readonly ordersWaiting: number
  readonly log: Log
  readonly fetch?: typeof globalThis.fetch
}

export interface Packager {
  readonly url: string
  /** Takes no more orders, waits for those under way, cuts them off after `graceMs`. */
  drain(graceMs: number): Promise<void>
}

interface Room {
  readonly options: PackagerOptions
  readonly queue: BuildQueue
  readonly largeQueue: BuildQueue
  readonly readQueue: BuildQueue
  readonly underWay: Map<AbortController, Promise<void>>
  isDraining: boolean
}

const STATUS: Readonly<Partial<Record<FaultCode, number>>> = {
  request_invalid: 400,
  unauthenticated: 401,
  not_found: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  packager_unavailable: 503,
}

const refuse = (response: ServerResponse, code: FaultCode, message: string): void => {
  const body: Pick<ErrorBody, 'error'> = { error: { code, message, requestId: '' } }
  const headers = {
    'content-type': 'application/json',
    ...(code === 'packager_unavailable' ? { 'retry-after': '5' } : {}),
  }
  response.writeHead(STATUS[code] ?? 500, headers).end(JSON.stringify(body))
}

const isAllowed = (request: IncomingMessage, token: string | undefined): boolean => {
  if (!token) return true
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  // Only the length of a secret that is long anyway can be learned from the time this takes.
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

const readBody = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_ORDER_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const readOrder = (body: string): Order | string => {
  try {
    const parsed = orderSchema.safeParse(JSON.parse(body))
    if (parsed.success) return parsed.data
    return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  } catch {
    return 'the body is not JSON'
  }
}

/** Lines of the answer; log lines are cut so that a hostile build cannot flood its reader. */
const eventWriter = (response: ServerResponse) => {
  let lineCount = 0
  const send = (event: BuildEvent): void => void response.write(`${JSON.stringify(event)}\n`)
  const log = (line: string): void => {
    lineCount += 1
    if (lineCount > MAX_LOG_LINES) return
    const text = lineCount === MAX_LOG_LINES ? '… more lines were left out' : line.slice(0, MAX_LOG_LINE_CHARACTERS)
    send({ type: 'log', atMs: Date.now(), line: text })
  }
  return { send, log }
}

const isLarge = (order: Order): boolean => {
  if (order.kind === 'inspect') return order.file.sizeBytes >= LARGE_BUILD_BYTES
  if (order.kind === 'inspect-many') return false
  const sizes = order.sources.map((source) => (source.kind === 'file' ? source.sizeBytes : 0))
  return sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0) >= LARGE_BUILD_BYTES
}

/**
 * A large one waits for its turn before it takes a place, so that it keeps none from a small one meanwhile. Strangers'
 * files hold little memory and may take long to read: they never have all places.
 */
const takePlace = <T>(room: Room, order: Order, work: () => Promise<T>, signal: AbortSignal) => {
  const { queue, largeQueue, readQueue } = room
  if (!isLarge(order)) return queue.take(work, signal)
  return (order.kind === 'build' ? largeQueue : readQueue).take(() => queue.take(work, signal), signal)
}

/** The runtime's own ends of strings, arrays and stacks: an order that meets one will meet it again. */
const tooLarge = (order: Order): ReturnType<typeof failed> => {
  return failed([
    fault('limit_exceeded', `${subjectOf(order)}: there is more in it than can be held at once. Split the package.`),
  ])
}

const build = async (room: Room, order: Order, response: ServerResponse, abort: AbortController): Promise<void> => {
  const { log, fetch = globalThis.fetch } = room.options
  const ids = { jobId: order.jobId, target: subjectOf(order) }
  const startedAtMs = Date.now()
  const writer = eventWriter(response)
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  const beat = setInterval(() => writer.send({ type: 'beat', atMs: Date.now() }), BEAT_MS)
  // The other side went away: nobody waits for this build any more.
  response.on('close', () => abort.abort(new Error('the connection was closed')))
  log('build.started', ids)
  writer.send({ type: 'beat', atMs: startedAtMs })
  try {
    const { signal } = abort
    const work = () => runOrder(order, { fetch, signal, log: writer.log })
    const last = await takePlace(room, order, work, signal).catch((error: unknown) => {
      if (!(error instanceof RangeError)) throw error
      log('build.too_large', { ...ids, message: error.stack })
      return tooLarge(order)
    })
    const tookMs = Date.now() - startedAtMs
    if (last.type === 'done') log('build.done', { ...ids, tookMs, sizeBytes: last.artifact.sizeBytes })
    else if (last.type === 'inspected') log('build.done', { ...ids, tookMs, sizeBytes: last.results.sizeBytes })
    else log('build.failed', { ...ids, tookMs, code: last.faults[0]?.code, message: last.faults[0]?.message })
    response.end(`${JSON.stringify(last)}\n`)
  } catch (error) {
    const message = (error instanceof Error ? error.stack : String(error))?.replaceAll(order.token, '…')
    log('build.interrupted', { ...ids, tookMs: Date.now() - startedAtMs, message })
    // No last line: whoever asked sees a build that was cut off, and asks again.
    response.destroy()
  } finally {
    clearInterval(beat)
  }
}

const takeOrder = async (room: Room, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  if (room.isDraining || room.underWay.size >= room.options.buildsAtOnce + room.options.ordersWaiting) {
    return refuse(response, 'packager_unavailable', 'This packager is busy or going away; ask again.')
  }
  const body = await readBody(request)
  if (body === undefined) return refuse(response, 'body_too_large', `An order has at most ${MAX_ORDER_BYTES} bytes.`)
  const order = readOrder(body)
  if (typeof order === 'string') return refuse(response, 'request_invalid', `Not a build order: ${order}.`)
  const abort = new AbortController()
  const done = build(room, order, response, abort).finally(() => room.underWay.delete(abort))
  room.underWay.set(abort, done)
  await done
}

const answer = async (room: Room, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const path = (request.url ?? '').split('?')[0]
  if (path === '/healthz') {
    const state = room.isDraining ? 'draining' : 'ready'
    response.writeHead(room.isDraining ? 503 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ state, buildsUnderWay: room.underWay.size }))
    return
  }
  if (path !== '/v1/builds') return refuse(response, 'not_found', 'There are /v1/builds and /healthz.')
  if (request.method !== 'POST') return refuse(response, 'method_not_allowed', 'Orders are posted.')
  if (!isAllowed(request, room.options.token)) return refuse(response, 'unauthenticated', 'Wrong or missing token.')
  return takeOrder(room, request, response)
}

const drain = async (server: Server, room: Room, graceMs: number): Promise<void> => {
  room.isDraining = true
  room.options.log('packager.draining', { buildsUnderWay: room.underWay.size })
  const closed = new Promise<void>((done) => server.close(() => done()))
  server.closeIdleConnections()
  const cutOff = setTimeout(() => {
    for (const abort of room.underWay.keys()) abort.abort(new Error('the packager is going away'))
  }, graceMs)
  await Promise.allSettled(room.underWay.values())
  clearTimeout(cutOff)
  server.closeAllConnections()
  await closed
  room.options.log('packager.stopped')
}

export const startPackager = async (options: PackagerOptions): Promise<Packager> => {
  const queue = openBuildQueue(options.buildsAtOnce)
  const largeQueue = openBuildQueue(options.largeBuildsAtOnce)
  const readQueue = openBuildQueue(Math.max(1, options.buildsAtOnce - 1))
  const room: Room = { options, queue, largeQueue, readQueue, underWay: new Map(), isDraining: false }
  const server = createServer((request, response) => {
    answer(room, request, response).catch((error: unknown) => {
      options.log('request.failed', { message: error instanceof Error ? error.stack : String(error) })
      response.destroy()
    })
  })
  await new Promise<void>((ready, fail) => {
    server.once('error', fail)
    server.listen(options.port, options.host, () => ready())
  })
  const { port } = server.address() as AddressInfo
  options.log('packager.listening', { port })
  return { url: `http://127.0.0.1:${port}`, drain: (graceMs) => drain(server, room, graceMs) }
}
