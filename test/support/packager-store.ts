// The platform as a packager sees it: an order, and blobs by their hash behind the order's token.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const TOKEN = 'order-token-that-must-not-be-logged'
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** Blobs are stored only when their hash is true. */
export const startStore = async () => {
  const blobs = new Map<string, Buffer>()
  const asked: string[] = []
  let corrupt: string | undefined
  let stuck: string | undefined
  const give = (digest: string, response: ServerResponse): void => {
    const blob = blobs.get(digest)
    asked.push(digest)
    if (digest === stuck) response.writeHead(200).write('x')
    else if (!blob) response.writeHead(404).end('{}')
    else response.writeHead(200).end(digest === corrupt ? Buffer.alloc(blob.length) : blob)
  }
  const take = async (digest: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const isTrue = sha256(body) === digest && Number(request.headers['content-length']) === body.length
    if (isTrue) blobs.set(digest, body)
    response.writeHead(isTrue ? 201 : 400).end('{}')
  }
  const server: Server = createServer((request, response) => {
    const digest = (request.url ?? '').split('/').at(-1) ?? ''
    if (request.headers.authorization !== `Bearer ${TOKEN}`) response.writeHead(401).end()
    else if (request.method === 'GET') give(digest, response)
    else void take(digest, request, response)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', () => ready()))
  const { port } = server.address() as AddressInfo
  return {
    blobsUrl: `http://127.0.0.1:${port}/blobs`,
    blobs,
    asked,
    corruptOne: (digest: string) => {
      corrupt = digest
    },
    stickOn: (digest: string) => {
      stuck = digest
    },
    add: (text: string) => {
      blobs.set(sha256(text), Buffer.from(text))
      return { sha256: sha256(text), sizeBytes: Buffer.byteLength(text) }
    },
    addBytes: (bytes: Uint8Array) => {
      blobs.set(sha256(bytes), Buffer.from(bytes))
      return { sha256: sha256(bytes), sizeBytes: bytes.length }
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export const MANIFEST = `name: hello
arch: amd64
version: 1.0.0
maintainer: Ada <ada@example.org>
description: says hello
contents:
  - src: bin/*
    dst: /usr/bin/
scripts:
  postinstall: post.sh
`

export type Store = Awaited<ReturnType<typeof startStore>>

/** To build MANIFEST for amd64, with its two files in the store. */
export const orderFor = (store: Store, changes: object = {}) => ({
  kind: 'build',
  jobId: 'job_1',
  target: 'deb/amd64',
  manifest: MANIFEST,
  manifestFile: 'nfpm.yaml',
  variables: {},
  mtimeSeconds: 1_700_000_000,
  blobsUrl: store.blobsUrl,
  token: TOKEN,
  sources: [
    { kind: 'file', path: 'bin/hello', mode: 0o755, mtimeSeconds: 1, ...store.add('#!/bin/sh\necho hello\n') },
    { kind: 'file', path: 'post.sh', mode: 0o644, mtimeSeconds: 1, ...store.add('#!/bin/sh\ntrue\n') },
  ],
  ...changes,
})
