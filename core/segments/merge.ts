// When runs of rows are joined into larger ones: sizes double towards the front, as in a log-structured merge tree,
// so n appended rows are each rewritten O(log n) times and a file has O(log n + size / limit) pieces.

/** A removal rewrites one segment, so none grows beyond what compresses in some milliseconds. */
export const MAX_SEGMENT_RAW_BYTES = 512 * 1024

/** How many of the last segments (raw sizes, oldest first) are rewritten together with `addedBytes` new ones. */
export const countMerged = (rawSizes: readonly number[], addedBytes: number): number => {
  let total = addedBytes
  let merged = 0
  for (const size of rawSizes.toReversed()) {
    if (size > total || size + total > MAX_SEGMENT_RAW_BYTES) break
    total += size
    merged++
  }
  return merged
}

/** Splits rows into runs of at most MAX_SEGMENT_RAW_BYTES; a larger row is a run of its own. */
export const splitIntoRuns = <T extends { readonly bytes: Uint8Array }>(rows: readonly T[]): T[][] => {
  const runs: T[][] = []
  let room = 0
  for (const row of rows) {
    const last = runs.at(-1)
    if (last && row.bytes.length <= room) {
      last.push(row)
      room -= row.bytes.length
    } else {
      runs.push([row])
      room = MAX_SEGMENT_RAW_BYTES - row.bytes.length
    }
  }
  return runs
}
