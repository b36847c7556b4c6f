// From a recipe to an answer: headers, conditions, ranges, and the plain sentences of refusals.
import type { Head } from '@distropack/core/contract/objects.ts'
import { type ByteRange, isNotModified, rangeOf, type Validators } from './conditions.ts'
import { keptAddress, MAX_KEPT_BYTES, readAndKeep, readKept } from './edge-cache.ts'
import type { Found } from './resolve.ts'
import { streamContent } from './stream.ts'

/**
 * Pointers are stored by nobody without asking again (`no-cache`): with any max-age a cache in the middle could keep
 * repomd.xml of one generation and repomd.xml.asc of the next, and every dnf behind it would fail until both ran out.
 * Asking again costs a 304. `no-transform`: an edge that compresses on the way breaks ranges and strong ETags.
 */
const CACHE = {
  pointer: 'no-cache, no-transform',
  immutable: 'max-age=31536000, immutable, no-transform',
} as const

/**
 * Bytes of strangers, served beside the platform's own pages: no guessing of types, and a page of theirs runs no
 * script and reads nothing here.
 */
const GUARDS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
} as const

/**
 * HTTP dates have whole seconds, so a date younger than this could still come to stand for two states of the file;
 * it is left out until it cannot (RFC 9110, 8.8.2.2).
 */
const SETTLED_AFTER_MS = 2000

export const plain = (status: number, sentence: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(`${sentence}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...GUARDS, ...headers },
  })

const validatorsOf = (found: Found): Validators => {
  const { modifiedAtMs } = found
  const isSettled = modifiedAtMs !== undefined && Date.now() - modifiedAtMs >= SETTLED_AFTER_MS
  return {
    etag: `"${found.content.sha256}"`,
    ...(isSettled ? { lastModifiedSeconds: Math.floor(modifiedAtMs / 1000) } : {}),
  }
}

const headersOf = (found: Found, validators: Validators, access: 'public' | 'private'): Headers => {
  const headers = new Headers(GUARDS)
  headers.set('etag', validators.etag)
  headers.set('cache-control', `${access}, ${CACHE[found.lifetime]}`)
  if (validators.lastModifiedSeconds !== undefined) {
    headers.set('last-modified', new Date(validators.lastModifiedSeconds * 1000).toUTCString())
  }
  if (found.varies) headers.set('vary', 'Accept')
  return headers
}

/** What may be read, by a reader who may. */
export interface Serving {
  readonly bucket: R2Bucket
  readonly request: Request
  readonly head: Head
  readonly found: Found
  /** Keeps this Worker alive after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void
  /** Whether there is a cache of the edge here. */
  readonly hasEdge: boolean
}

const bodyOf = async (
  { bucket, request, head, found, waitUntil, hasEdge }: Serving,
  span: ByteRange,
): Promise<ReadableStream | Uint8Array | ArrayBuffer | null> => {
  const { content, lifetime } = found
  if (request.method === 'HEAD') return null
  const mayBeKept = hasEdge && lifetime === 'immutable' && content.sizeBytes <= MAX_KEPT_BYTES
  if (!mayBeKept) return streamContent(bucket, content, span)
  const address = keptAddress(request.url, head.repositoryId, content)
  const kept = await readKept(address, content, span)
  if (kept) return kept
  // Parts of a file are asked for by the hundred; the one who wants all of it has it kept.
  if (span.sizeBytes < content.sizeBytes) return streamContent(bucket, content, span)
  const read = await readAndKeep(bucket, address, content)
  waitUntil(read.kept)
  return read.bytes
}

export const serve = async (serving: Serving): Promise<Response> => {
  const { request, head, found } = serving
  const { content } = found
  const validators = validatorsOf(found)
  const headers = headersOf(found, validators, head.access)
  if (isNotModified(request.headers, validators)) return new Response(null, { status: 304, headers })

  headers.set('content-type', content.mediaType)
  headers.set('accept-ranges', content.inflate ? 'none' : 'bytes')
  const range = content.inflate ? 'whole' : rangeOf(request.headers, content.sizeBytes, validators)
  if (range === 'unsatisfiable') {
    return plain(416, 'The range lies beyond the end of the file.', { 'content-range': `bytes */${content.sizeBytes}` })
  }
  const span: ByteRange = range === 'whole' ? { offset: 0, sizeBytes: content.sizeBytes } : range
  if (range !== 'whole') {
    headers.set('content-range', `bytes ${span.offset}-${span.offset + span.sizeBytes - 1}/${content.sizeBytes}`)
  }
  headers.set('content-length', String(span.sizeBytes))
  const body = await bodyOf(serving, span)
  return new Response(body, { status: range === 'whole' ? 200 : 206, headers })
}
