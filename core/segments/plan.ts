// Decides how an index stream changes: which segments stay as they are, which are written anew and from what.
// Sizes double from the tail, as in a log-structured merge tree, so a stream of n bytes has O(log n) small segments
// and each row is rewritten O(log n) times. Pure arithmetic: bytes are moved in apply.ts.
import type { Segment } from './stream.ts'

/** A segment grows to this and no further: the largest piece a removal must rewrite, and one read of a file server. */
export const SEGMENT_CAP_BYTES = 512 * 1024
/** A segment this large is copied as it is when it is merged: compressing it again would gain about 1 %. */
export const SPLICE_AT_BYTES = 64 * 1024

/** Where bytes of a new segment come from. */
export type Source =
  /** All of an old segment, deflated bytes as they are. */
  | { readonly kind: 'copy'; readonly segment: Segment }
  /** The rows of an old segment, without the removed ones, compressed again. */
  | { readonly kind: 'repack'; readonly segment: Segment }
  /** New rows, by their places in the list of them. */
  | { readonly kind: 'rows'; readonly from: number; readonly to: number }

export type Step =
  | { readonly kind: 'keep'; readonly segment: Segment }
  | { readonly kind: 'write'; readonly sources: readonly Source[] }

export interface Change {
  readonly segments: readonly Segment[]
  /** Bytes that leave each segment, by its blob. */
  readonly removedBytes: ReadonlyMap<string, number>
  /** Bytes of each new row, in the order they are to be added. An empty row takes no place: it only clears its group. */
  readonly newRowBytes: readonly number[]
}

interface Node {
  readonly bytes: number
  readonly sources: readonly Source[]
  readonly isKept: boolean
}

const oldNode = (segment: Segment, removed: number): Node => ({
  bytes: segment.rawBytes - removed,
  isKept: removed === 0,
  sources: [{ kind: removed === 0 && segment.rawBytes >= SPLICE_AT_BYTES ? 'copy' : 'repack', segment }],
})

/** New rows in runs below the cap; a row larger than that is a run of its own. */
const newNodes = (sizes: readonly number[]): readonly Node[] => {
  const nodes: Node[] = []
  let from = 0
  let bytes = 0
  const close = (to: number): void => {
    if (to > from) nodes.push({ bytes, isKept: false, sources: [{ kind: 'rows', from, to }] })
    from = to
    bytes = 0
  }
  for (const [at, size] of sizes.entries()) {
    if (bytes + size > SEGMENT_CAP_BYTES) close(at)
    bytes += size
  }
  close(sizes.length)
  return nodes
}

/** A smaller left neighbour is what the doubling forbids; full segments stay apart. */
const shouldMerge = (left: Node, right: Node): boolean =>
  left.bytes < 2 * right.bytes && left.bytes + right.bytes <= SEGMENT_CAP_BYTES

/** The new stream, in order. Rows keep their order: old ones as they stood, new ones behind them. */
export const planChange = (change: Change): readonly Step[] => {
  const stack: Node[] = []
  const nodes = [
    ...change.segments.map((segment) => oldNode(segment, change.removedBytes.get(segment.blob) ?? 0)),
    ...newNodes(change.newRowBytes),
  ].filter(({ bytes }) => bytes > 0)
  for (const node of nodes) {
    let top = node
    for (let left = stack.at(-1); left && shouldMerge(left, top); left = stack.at(-1)) {
      stack.pop()
      top = { bytes: left.bytes + top.bytes, isKept: false, sources: [...left.sources, ...top.sources] }
    }
    stack.push(top)
  }
  return stack.map(({ isKept, sources }): Step => {
    const [first] = sources
    return isKept && first && first.kind !== 'rows'
      ? { kind: 'keep', segment: first.segment }
      : { kind: 'write', sources }
  })
}
