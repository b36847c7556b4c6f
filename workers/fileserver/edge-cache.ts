// Bytes that never change, kept at the edge where they were read (Cache API): a package or an index by hash then costs
// the store its recipe alone. Whoever calls has asked first whether this reader may read, and has read the recipe: what
// is private goes to nobody else, and what was withdrawn is gone although its bytes may lie here for a while.
import type { Content } from '@distropack/core/model/content.ts'
import type { ByteRange } from './conditions.ts'
import { streamContent } from './stream.ts'

/** Held in memory once, of which an isolate has 128 MB for all its readers. What is larger streams from the store. */
export const MAX_KEPT_BYTES = 4 * 1024 * 1024

/** The edge forgets what nobody asks for long before this. */
const KEEP = 'max-age=31536000'

/**
 * Under the host of the request, as Cloudflare wants it, and at an address that no repository can have: asked for from
 * outside it is a 404. One repository's bytes are never another's answer, though their hash be the same.
 */
export const keptAddress = (requestUrl: string, repositoryId: string, content: Content): string =>
  new URL(`/r/.kept/${encodeURIComponent(repositoryId)}/${content.sha256}`, requestUrl).href

/** The bytes of this range if they are kept; whatever is wrong with the cache, the store has them too. */
export const readKept = async (
  address: string,
  content: Content,
  range: ByteRange,
): Promise<ReadableStream | undefined> => {
  const isWhole = range.sizeBytes === content.sizeBytes
  const headers: Record<string, string> = isWhole
    ? {}
    : { range: `bytes=${range.offset}-${range.offset + range.sizeBytes - 1}` }
  const kept = await caches.default.match(new Request(address, { headers })).catch(() => undefined)
  if (!kept?.body) return undefined
  const isAsked = kept.status === (isWhole ? 200 : 206) && kept.headers.get('content-length') === `${range.sizeBytes}`
  // As from the store: an answer of another size than promised is broken off.
  if (isAsked) return kept.body.pipeThrough(new FixedLengthStream(range.sizeBytes))
  await kept.body.cancel()
  return undefined
}

/** Whole, or not at all: what breaks off in the store throws here, and the reader has seen nothing of it. */
export const readAndKeep = async (bucket: R2Bucket, address: string, content: Content) => {
  const body = await streamContent(bucket, content, { offset: 0, sizeBytes: content.sizeBytes })
  const bytes = await new Response(body).arrayBuffer()
  const headers = { 'cache-control': KEEP, 'content-length': String(content.sizeBytes) }
  const kept = caches.default.put(address, new Response(bytes, { headers })).catch(() => undefined)
  return { bytes, kept }
}
