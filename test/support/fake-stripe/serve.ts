// The fake behind a port of this machine, for a whole platform that runs in another process.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFakeStripe, type FakeOptions, type FakeStripe } from './fake.ts'

export interface ServedFakeStripe {
  readonly url: string
  readonly fake: FakeStripe
  stop(): Promise<void>
}

export const serveFakeStripe = async (options: FakeOptions): Promise<ServedFakeStripe> => {
  const fake = createFakeStripe(options)
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of incoming) chunks.push(chunk as Uint8Array)
    const { method = 'GET', headers, url = '/' } = incoming
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const request = new Request(`http://stripe.test${url}`, {
      method,
      headers: Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]),
      ...(hasBody ? { body: Buffer.concat(chunks) } : {}),
    })
    const response = await fake.fetch(request)
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    outgoing.end(await response.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    fake,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
