// Joins segments into files without touching their bytes: one ordinary gzip member, or the raw text for a reader
// who gets it inflated. Several members would be wrong: apk 3 reads only part of such a file.

import { combineCrc32, crc32 } from '../bytes/crc32.ts'
import { DEFLATE_END, GZIP_HEADER, gzipTrailer } from '../bytes/gzip-frame.ts'
import { toBase64 } from '../bytes/hex.ts'
import type { Content, Part } from '../model/content.ts'
import type { IndexTools } from '../tools.ts'
import type { Segment } from './stream.ts'

/** Deflated bytes ended by a full flush, wherever they are, and what is known of the bytes inside. */
export interface Piece {
  readonly part: Part
  readonly rawBytes: number
  readonly crc32: number
}

/** Text before or behind the rows: an XML header, a tar header, padding. */
export const makePiece = async (raw: Uint8Array, tools: Pick<IndexTools, 'deflate' | 'store'>): Promise<Piece> => ({
  part: await tools.store(tools.deflate(raw)),
  rawBytes: raw.length,
  crc32: crc32(raw),
})

const pieceOf = (segment: Segment): Piece => ({
  part: { blob: segment.blob, offset: 0, sizeBytes: segment.deflatedBytes },
  rawBytes: segment.rawBytes,
  crc32: segment.crc32,
})

const inline = (bytes: Uint8Array): Part => ({ inline: toBase64(bytes), sizeBytes: bytes.length })

/** A recipe before it is measured. */
export type Recipe = Omit<Content, 'sizeBytes' | 'sha256'>

export interface Ends {
  readonly head?: Piece
  readonly tail?: Piece
  readonly mediaType: string
}

const piecesOf = (segments: readonly Segment[], ends: Ends): readonly Piece[] => [
  ...(ends.head ? [ends.head] : []),
  ...segments.map(pieceOf),
  ...(ends.tail ? [ends.tail] : []),
]

/** One gzip member; with no pieces at all, the gzip of nothing. */
export const joinGzip = (segments: readonly Segment[], ends: Ends): Recipe => {
  const pieces = piecesOf(segments, ends)
  const crc = pieces.reduce((sum, piece) => combineCrc32(sum, piece.crc32, piece.rawBytes), 0)
  const rawBytes = pieces.reduce((sum, piece) => sum + piece.rawBytes, 0)
  const trailer = Uint8Array.from([...DEFLATE_END, ...gzipTrailer(crc, rawBytes)])
  return {
    mediaType: ends.mediaType,
    parts: [inline(GZIP_HEADER), ...pieces.map(({ part }) => part), inline(trailer)],
  }
}

/** The same bytes for a reader who wants them uncompressed. */
export const joinRaw = (segments: readonly Segment[], ends: Ends): Recipe => ({
  mediaType: ends.mediaType,
  inflate: true,
  parts: [...piecesOf(segments, ends).map(({ part }) => part), inline(DEFLATE_END)],
})

export const rawBytesOf = (segments: readonly Segment[]): number =>
  segments.reduce((sum, { rawBytes }) => sum + rawBytes, 0)
