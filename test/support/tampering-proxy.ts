// Between a client and a repository: passes everything on, but changes what it was told to. What an attacker on the
// way can do, where a signature is the only defence.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Tampering {
  /** Answers whose path matches are changed. */
  readonly path: RegExp
  /** Undefined: the answer is 404, as if nothing were there. */
  readonly change: (body: Buffer) => Buffer | undefined
}

export interface TamperingProxy {
  readonly url: string
  /** Paths that were changed on the way: a refusal proves nothing when this is empty. */
  readonly changed: readonly string[]
  close(): Promise<void>
}

/** Flips the lowest bit of the byte in the middle. */
export const flipMiddleBit = (body: Buffer): Buffer => {
  const changed = Buffer.from(body)
  const middle = changed.length >> 1
  changed[middle] = (changed[middle] ?? 0) ^ 1
  return changed
}

export const startTamperingProxy = async (origin: string, tampering: Tampering): Promise<TamperingProxy> => {
  const changed: string[] = []
  const server = createServer(async (request, response) => {
    try {
      const answer = await fetch(new URL(request.url ?? '/', origin), {
        method: request.method ?? 'GET',
        redirect: 'manual',
      })
      const body = Buffer.from(await answer.arrayBuffer())
      const isTarget = answer.ok && body.length > 0 && tampering.path.test(request.url ?? '')
      if (isTarget) changed.push(request.url ?? '')
      const sent = isTarget ? tampering.change(body) : body
      if (!sent) {
        response.writeHead(404).end()
        return
      }
      const headers = Object.fromEntries(
        [...answer.headers].filter(
          ([name]) => !['content-length', 'transfer-encoding', 'connection', 'etag'].includes(name),
        ),
      )
      response.writeHead(answer.status, { ...headers, 'content-length': sent.length })
      response.end(request.method === 'HEAD' ? undefined : sent)
    } catch (error) {
      response.writeHead(502).end(String(error))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    changed,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
