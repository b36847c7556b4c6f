// Bridges between ByteSource and Node's streams.
import { type Duplex, pipeline } from 'node:stream'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type { Rooms } from './rooms.ts'

/** Node's streams read ahead, and a chunk is good only until the next is asked for. */
async function* copied(source: ByteSource): ByteSource {
  for await (const chunk of source) yield chunk.slice()
}

/** The source's bytes after a transform. Errors of either side reach the reader; leaving early ends both. */
export async function* through(source: ByteSource, transform: Duplex): ByteSource {
  pipeline(copied(source), transform, () => {
    // The reader below sees the error: pipeline has destroyed the transform with it.
  })
  for await (const chunk of transform) yield chunk as Uint8Array
}

/** Pieces of exactly the size of a room, but for the last one. An empty source gives none. */
export async function* inPieces(
  source: ByteSource,
  room: () => Uint8Array<ArrayBuffer>,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  let piece: Uint8Array<ArrayBuffer> | undefined
  let length = 0
  for await (const bytes of source) {
    for (let offset = 0; offset < bytes.length; ) {
      piece ??= room()
      const taken = Math.min(piece.length - length, bytes.length - offset)
      piece.set(bytes.subarray(offset, offset + taken), length)
      length += taken
      offset += taken
      if (length < piece.length) continue
      yield piece
      piece = undefined
      length = 0
    }
  }
  if (piece) yield piece.subarray(0, length)
}

/** The piece is the caller's again when it is done. */
const write = (transform: Duplex, piece: Uint8Array): Promise<void> =>
  new Promise((done, fail) => {
    transform.write(piece, (error) => (error ? fail(error) : done()))
  })

const feed = async (source: ByteSource, transform: Duplex, rooms: Rooms): Promise<void> => {
  const taken: Uint8Array<ArrayBuffer>[] = []
  const room = (): Uint8Array<ArrayBuffer> => {
    const next = rooms.take()
    taken.push(next)
    return next
  }
  let underWay: Promise<void> = Promise.resolve()
  for await (const piece of inPieces(source, room)) {
    await underWay
    if (taken.length > 1) rooms.give(taken.shift()!)
    underWay = write(transform, piece)
    // Looked at when the next piece is full; until then a failure must not end the process.
    underWay.catch(() => {})
  }
  await underWay
  for (const each of taken) rooms.give(each)
  transform.end()
}

/**
 * Pieces of one size after a transform that works on another thread: while it has one, the next is read. Errors of
 * either side reach the reader; leaving early ends both.
 */
export async function* piecewise(source: ByteSource, transform: Duplex, rooms: Rooms): ByteSource {
  feed(source, transform, rooms).catch((error: Error) => void transform.destroy(error))
  for await (const chunk of transform) yield chunk as Uint8Array
}
