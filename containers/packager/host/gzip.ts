// gzip by pieces, several at once on the thread pool: each is deflated on its own, with the end of the piece before it as
// its dictionary, and flushed to a byte's end, so that they join into one member (as pigz does it). How many are under way
// changes no byte. RFC 1952 is the member, RFC 1951 what is in it.
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { crc32 as crc32InScript } from '@distropack/core/bytes/crc32.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { openRooms } from './rooms.ts'
import { inPieces } from './streams.ts'

const { constants } = zlib

const PIECE_BYTES = 1024 * 1024
/** As far as deflate looks back. */
const WINDOW_BYTES = 32 * 1024
/** The pool has four threads, and files to serve. */
const AT_ONCE = Math.min(3, availableParallelism())
const rooms = openRooms(PIECE_BYTES, AT_ONCE + 1)

/** Slow and fast, as zlib's deflate.c says it; the system is Unix on every host. */
const extraFlags = (level: number): number => (level === 9 ? 2 : level === 1 ? 4 : 0)
const UNIX = 3
const headerOf = (level: number): Uint8Array => Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extraFlags(level), UNIX)

const trailerOf = (crc: number, sizeBytes: number): Uint8Array => {
  const trailer = new DataView(new ArrayBuffer(8))
  trailer.setUint32(0, crc, true)
  trailer.setUint32(4, sizeBytes % 2 ** 32, true)
  return new Uint8Array(trailer.buffer)
}

const deflate = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.deflateRaw)

/** Node's own knows how since 20.15. */
const crc32: (bytes: Uint8Array, before: number) => number = zlib.crc32 ?? crc32InScript

interface Piece {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The end of the piece before; absent for the first. */
  readonly dictionary: Uint8Array | undefined
}

const deflatePiece = async ({ bytes, dictionary }: Piece, level: number, isLast: boolean): Promise<Uint8Array> => {
  const deflated = await deflate(bytes, {
    level,
    // Room for what is compressed to half, and for the little that a small piece is.
    chunkSize: Math.max(1024, bytes.length >> 1),
    finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(dictionary ? { dictionary } : {}),
  })
  if (bytes.buffer.byteLength === PIECE_BYTES) rooms.give(new Uint8Array(bytes.buffer))
  return deflated
}

/** zlib's own. */
const DEFAULT_LEVEL = 6

/** Levels 1 to 9. */
export async function* compressGzip(source: ByteSource, level = DEFAULT_LEVEL): ByteSource {
  const underWay: Promise<Uint8Array>[] = []
  const start = (piece: Piece, isLast: boolean): void => {
    const deflated = deflatePiece(piece, level, isLast)
    // Looked at when its turn comes; until then a failure must not end the process.
    deflated.catch(() => {})
    underWay.push(deflated)
  }
  yield headerOf(level)
  let crc = 0
  let sizeBytes = 0
  let held: Piece | undefined
  for await (const bytes of inPieces(source, rooms.take)) {
    crc = crc32(bytes, crc)
    sizeBytes += bytes.length
    const dictionary = held?.bytes.slice(-WINDOW_BYTES)
    if (held) start(held, false)
    held = { bytes, dictionary }
    if (underWay.length >= AT_ONCE) yield await underWay.shift()!
  }
  start(held ?? { bytes: new Uint8Array(0), dictionary: undefined }, true)
  for (const deflated of underWay) yield await deflated
  yield trailerOf(crc, sizeBytes)
}
