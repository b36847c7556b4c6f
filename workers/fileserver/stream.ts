// The bytes of a recipe, in order, as a stream: ranges of blobs and bytes written into the recipe.
import { objectKey } from '@distropack/core/contract/object-keys.ts'
import type { Content, Part } from '@distropack/core/model/content.ts'
import type { ByteRange } from './conditions.ts'

/** Blobs opened before their turn. A Worker may hold six connections; one is the reader's part being copied. */
const READ_AHEAD = 3

type Piece =
  | { readonly blob: string; readonly offset: number; readonly sizeBytes: number }
  | { readonly bytes: Uint8Array }

const pieceOf = (part: Part, offset: number, sizeBytes: number): Piece =>
  'blob' in part
    ? { blob: part.blob, offset: part.offset + offset, sizeBytes }
    : {
        bytes: Uint8Array.from(atob(part.inline).slice(offset, offset + sizeBytes), (character) =>
          character.charCodeAt(0),
        ),
      }

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

/** Inflated content cannot be entered in the middle; such a recipe is served whole. */
export const streamContent = async (bucket: R2Bucket, content: Content, range: ByteRange): Promise<ReadableStream> => {
  // FixedLengthStream gives the answer its Content-Length, and breaks it off when the recipe's size was a lie.
  const sized = new FixedLengthStream(range.sizeBytes)
  if (!content.inflate) return streamPieces(bucket, cutParts(content.parts, range), sized)
  const deflatedBytes = content.parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  const pieces = cutParts(content.parts, { offset: 0, sizeBytes: deflatedBytes })
  const deflated = await streamPieces(bucket, pieces, new IdentityTransformStream())
  return deflated.pipeThrough(new DecompressionStream('deflate-raw')).pipeThrough(sized)
}
