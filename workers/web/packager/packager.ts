// The one way to a packager, over two transports: the container class in the cloud, an address on a laptop.
import { type BuildEvent, buildEventSchema, type Order } from '@distropack/core/contract/packager.ts'
import type { Env } from '../env.ts'

export interface Packager {
  /** Events until `done` or `failed`. @throws PackagerLost when it cannot be reached or falls silent. */
  build(order: Order): AsyncIterable<BuildEvent>
}

/** Ours, not the user's: the build is tried again. */
export class PackagerLost extends Error {
  /** It had taken the order and was at work on it. */
  readonly isMidway: boolean
  constructor(message: string, { isMidway = false } = {}) {
    super(message)
    this.isMidway = isMidway
  }
}

/** It sends a beat every 10 seconds; three missed ones are silence. */
const SILENCE_MS = 30_000
const MAX_LINE_BYTES = 1024 * 1024

const withSilenceLimit = async <T>(reading: Promise<T>, onSilence: () => void): Promise<T> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onSilence()
      reject(new PackagerLost(`the packager was silent for ${SILENCE_MS / 1000} seconds`))
    }, SILENCE_MS)
  })
  try {
    return await Promise.race([reading, silence])
  } finally {
    clearTimeout(timer)
  }
}

async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader()
  let pending = ''
  try {
    for (;;) {
      const { done, value } = await withSilenceLimit(reader.read(), () => void reader.cancel().catch(() => {}))
      if (done) return
      pending += value
      if (pending.length > MAX_LINE_BYTES) throw new PackagerLost('the packager sent an endless line')
      const lines = pending.split('\n')
      pending = lines.pop() ?? ''
      yield* lines.filter((line) => line !== '')
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

const parseEvent = (line: string): BuildEvent => {
  try {
    return buildEventSchema.parse(JSON.parse(line))
  } catch {
    throw new PackagerLost('the packager sent a line that is no event')
  }
}

type Transport = (request: Request, jobId: string) => Promise<Response>

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The answer's body, once its headers are here. */
const ask = async (transport: Transport, order: Order): Promise<ReadableStream<Uint8Array>> => {
  const abort = new AbortController()
  const request = new Request('http://packager/v1/builds', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
    signal: abort.signal,
  })
  let response: Response
  try {
    response = await withSilenceLimit(transport(request, order.jobId), () => abort.abort())
  } catch (error) {
    throw new PackagerLost(`the packager cannot be reached: ${reasonOf(error)}`)
  }
  if (response.ok && response.body) return response.body as ReadableStream<Uint8Array>
  await response.body?.cancel()
  throw new PackagerLost(`the packager answered ${response.status}`)
}

const packagerOver = (transport: Transport): Packager => ({
  async *build(order) {
    const body = await ask(transport, order)
    try {
      for await (const line of readLines(body)) yield parseEvent(line)
    } catch (error) {
      const message =
        error instanceof PackagerLost ? error.message : `the packager's answer broke off: ${reasonOf(error)}`
      throw new PackagerLost(message, { isMidway: true })
    }
  },
})

const overUrl =
  (env: Env): Transport =>
  (request) => {
    const address = new URL(new URL(request.url).pathname, env.PACKAGER_URL)
    const sent = new Request(address, request)
    if (env.PACKAGER_TOKEN) sent.headers.set('authorization', `Bearer ${env.PACKAGER_TOKEN}`)
    return fetch(sent)
  }

/** Builds of one job go to one instance; a handful of instances share all jobs (wrangler.toml, max_instances). */
const CONTAINER_INSTANCES = 10
const overContainer =
  (env: Env): Transport =>
  (request, jobId) => {
    const instance = [...jobId].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % CONTAINER_INSTANCES
    return env.PACKAGERS.get(env.PACKAGERS.idFromName(`packager-${instance}`)).fetch(request)
  }

export const packagerOf = (env: Env): Packager => packagerOver(env.PACKAGER_URL ? overUrl(env) : overContainer(env))
