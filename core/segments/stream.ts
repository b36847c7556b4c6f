// An index stream: runs of rendered rows ("segments"), each compressed once and kept under its hash.
// Growing it costs what was added; see docs/decisions on segments.

/** One run of rows. `blob` holds raw deflate ended by a full flush, so runs join without recompression. */
export interface Segment {
  /** sha256 of the deflated piece, its address in the blob store. */
  readonly blob: string
  readonly deflatedBytes: number
  readonly rawBytes: number
  /** CRC-32 of the raw bytes, unsigned. */
  readonly crc32: number
  readonly rowCount: number
}

export interface StreamState {
  readonly stream: string
  readonly segments: readonly Segment[]
}

export const countRows = (state: StreamState): number => state.segments.reduce((sum, { rowCount }) => sum + rowCount, 0)
