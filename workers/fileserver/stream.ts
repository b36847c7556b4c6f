// The bytes of a recipe, in order, as a stream: ranges of blobs and bytes written into the recipe.
import { objectKey } from '@distropack/core/contract/object-keys.ts'
import type { Content, Part } from '@distropack/core/model/content.ts'
import type { ByteRange } from './conditions.ts'

/** Blobs opened before their turn. A Worker may hold six connections; one is the reader's part being copied. */
const READ_AHEAD = 3

type Piece =
  | { readonly blob: string; readonly offset: number; readonly sizeBytes: number }
  | { readonly bytes: Uint8Array }

/** Of trees that are kept parsed: a signed index is asked for again and again. */
const decoded = new WeakMap<Part, Uint8Array>()

const decode = (part: Extract<Part, { inline: string }>): Uint8Array => {
  const before = decoded.get(part)
  if (before) return before
  const bytes = Uint8Array.from(atob(part.inline), (character) => character.charCodeAt(0))
  decoded.set(part, bytes)
  return bytes
}

const pieceOf = (part: Part, offset: number, sizeBytes: number): Piece =>
  'blob' in part
    ? { blob: part.blob, offset: part.offset + offset, sizeBytes }
    : { bytes: decode(part).subarray(offset, offset + sizeBytes) }

/** What a range covers of each part; parts it does not touch are left out. */
export const cutParts = (parts: readonly Part[], range: ByteRange): readonly Piece[] => {
  const pieces: Piece[] = []
  let start = 0
  for (const part of parts) {
    const from = Math.max(range.offset, start)
    const to = Math.min(range.offset + range.sizeBytes, start + part.sizeBytes)
    if (from < to) pieces.push(pieceOf(part, from - start, to - from))
    start += part.sizeBytes
  }
  return pieces
}

const openPiece = async (bucket: R2Bucket, piece: Piece): Promise<ReadableStream | Uint8Array> => {
  if ('bytes' in piece) return piece.bytes
  const { blob, offset, sizeBytes } = piece
  const object = await bucket.get(objectKey.blob(blob), { range: { offset, length: sizeBytes } })
  if (!object) throw new Error(`blob ${blob} is not in the store`)
  return object.body
}

const copyPiece = async (opened: ReadableStream | Uint8Array, writable: WritableStream): Promise<void> => {
  if (!(opened instanceof Uint8Array)) return opened.pipeTo(writable, { preventClose: true })
  const writer = writable.getWriter()
  await writer.write(opened)
  writer.releaseLock()
}

const discard = async (opened: ReadableStream | Uint8Array): Promise<void> => {
  if (!(opened instanceof Uint8Array)) await opened.cancel()
}

const copyPieces = async (
  bucket: R2Bucket,
  pieces: readonly Piece[],
  first: ReadableStream | Uint8Array,
  writable: WritableStream,
): Promise<void> => {
  const ahead: Promise<ReadableStream | Uint8Array>[] = [Promise.resolve(first)]
  const openNext = (index: number): void => {
    const piece = pieces[index]
    if (!piece) return
    const opened = openPiece(bucket, piece)
    opened.catch(() => undefined) // Awaited in its turn; until then a failure must not look unhandled.
    ahead.push(opened)
  }
  for (let index = 1; index < READ_AHEAD; index++) openNext(index)
  try {
    for (let index = 0; index < pieces.length; index++) {
      openNext(index + READ_AHEAD)
      await copyPiece((await ahead.shift()) ?? new Uint8Array(), writable)
    }
    await writable.close()
  } catch (error) {
    // The reader went away, or a blob did: cut the answer short, so that nobody takes it for whole.
    await writable.abort(error).catch(() => undefined)
    for (const opened of ahead) opened.then(discard).catch(() => undefined)
  }
}

const streamPieces = async (
  bucket: R2Bucket,
  pieces: readonly Piece[],
  into: TransformStream,
): Promise<ReadableStream> => {
  // Opened before the first header leaves: a repository whose first blob is gone answers 500, not half a file.
  const first = pieces[0] ? await openPiece(bucket, pieces[0]) : new Uint8Array()
  if (pieces.length === 1 && !(first instanceof Uint8Array)) return first.pipeThrough(into)
  void copyPieces(bucket, pieces, first, into.writable)
  return into.readable
}

/** Bytes that stand in the recipe, as one: no stream to pump for what is here already. */
const joinInline = (pieces: readonly Piece[]): Uint8Array | undefined => {
  const inline = pieces.flatMap((piece) => ('bytes' in piece ? [piece.bytes] : []))
  if (inline.length < pieces.length) return undefined
  if (inline.length === 1) return inline[0]
  const joined = new Uint8Array(inline.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const bytes of inline) {
    joined.set(bytes, at)
    at += bytes.length
  }
  return joined
}

/**
 * What needs no stream of ours: bytes of the recipe, and one range of one blob, whose length the store keeps by itself.
 * Undefined: it does.
 */
const bodyOfOne = async (
  bucket: R2Bucket,
  pieces: readonly Piece[],
): Promise<ReadableStream | Uint8Array | undefined> => {
  const [first] = pieces
  if (pieces.length !== 1 || !first || 'bytes' in first) return joinInline(pieces)
  const { blob, offset, sizeBytes } = first
  const object = await bucket.get(objectKey.blob(blob), { range: { offset, length: sizeBytes } })
  if (!object) throw new Error(`blob ${blob} is not in the store`)
  if (object.size >= offset + sizeBytes) return object.body
  await object.body.cancel()
  throw new Error(`blob ${blob} has ${object.size} bytes and not ${offset + sizeBytes}`)
}

const sizeOf = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, piece) => sum + ('bytes' in piece ? piece.bytes.length : piece.sizeBytes), 0)

/** Inflated content cannot be entered in the middle; such a recipe is served whole. */
export const streamContent = async (
  bucket: R2Bucket,
  content: Content,
  range: ByteRange,
): Promise<ReadableStream | Uint8Array> => {
  // FixedLengthStream gives the answer its Content-Length, and breaks it off when the recipe's size was a lie.
  const sized = new FixedLengthStream(range.sizeBytes)
  if (!content.inflate) {
    const pieces = cutParts(content.parts, range)
    const body = sizeOf(pieces) === range.sizeBytes ? await bodyOfOne(bucket, pieces) : undefined
    return body ?? streamPieces(bucket, pieces, sized)
  }
  const deflatedBytes = content.parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  const pieces = cutParts(content.parts, { offset: 0, sizeBytes: deflatedBytes })
  const deflated = await streamPieces(bucket, pieces, new IdentityTransformStream())
  return deflated.pipeThrough(new DecompressionStream('deflate-raw')).pipeThrough(sized)
}
