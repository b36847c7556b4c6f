// Served bytes as a recipe: pieces of blobs in order. A signed package is a new header before an unchanged
// payload, an index is runs of old segments and a new one; neither is ever copied.

/** A range of a stored blob, or a few bytes written into the recipe itself (base64). */
export type Part =
  | { readonly blob: string; readonly offset: number; readonly sizeBytes: number }
  | { readonly inline: string; readonly sizeBytes: number }

export interface Content {
  /** Of the bytes a reader gets. */
  readonly sizeBytes: number
  /** Lower-case hex, of the bytes a reader gets; also the ETag. */
  readonly sha256: string
  readonly mediaType: string
  readonly parts: readonly Part[]
  /** The parts are one raw-deflate stream, and the reader gets what it inflates to. */
  readonly inflate?: true
}

/** One address of a repository, below its base, without a leading slash: `apt/dists/stable/InRelease`. */
export interface RepositoryFile {
  readonly path: string
  readonly content: Content
}
