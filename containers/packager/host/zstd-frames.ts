// zstd data frame by frame. Node's decoder takes a file for whole that is cut within its last block's end or its checksum,
// and overlooks a frame that begins in the middle of what it is given; clients do neither. Source of every number: RFC 8878, section 3.
import { StreamFault } from '@distropack/core/bytes/stream-fault.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'

const MAGIC = 0xfd2fb528
/** Sixteen of them, of which the last four bits are the writer's (3.1.2). */
const SKIPPABLE_MAGIC = 0x184d2a50
const DICTIONARY_BYTES = [0, 1, 2, 4] as const
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
const CHECKSUM_BYTES = 4
const RLE_BLOCK = 1

const broken = (): StreamFault =>
  new StreamFault('The zstd data is broken: it ends too early. Build or upload it again.')

/** What is read next: so many bytes, and what they are for; a skipped run is for nothing. */
interface Step {
  readonly bytes: number
  readonly next: (bytes: Uint8Array) => Step
  readonly isSkipped?: true
  /** Between two frames: here data may end. */
  readonly mayEnd?: true
  /** Not for the decoder: a magic number, until it is known whose, and what is to be skipped. */
  readonly isHeldBack?: true
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const passOver = (bytes: number, next: () => Step): Step => (bytes === 0 ? next() : { bytes, isSkipped: true, next })

const frame = (): Step => ({
  bytes: 4,
  mayEnd: true,
  isHeldBack: true,
  next(bytes) {
    const magic = view(bytes).getUint32(0, true)
    if (magic === MAGIC) return header
    // Not zstd at all: the decoder says so better.
    if ((magic & 0xfffffff0) >>> 0 !== SKIPPABLE_MAGIC) return rest
    const size = (bytes: Uint8Array): number => view(bytes).getUint32(0, true)
    return { bytes: 4, isHeldBack: true, next: (read) => ({ ...passOver(size(read), frame), isHeldBack: true }) }
  },
})

const rest: Step = { bytes: Number.POSITIVE_INFINITY, isSkipped: true, mayEnd: true, next: () => rest }

const header: Step = {
  bytes: 1,
  next([descriptor = 0]) {
    const isSingleSegment = (descriptor & 0x20) !== 0
    const sizeBytes = CONTENT_SIZE_BYTES[(descriptor >> 6) as 0 | 1 | 2 | 3]
    const more =
      (isSingleSegment ? 0 : 1) +
      DICTIONARY_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3] +
      (sizeBytes === 0 && isSingleSegment ? 1 : sizeBytes)
    const hasChecksum = (descriptor & 4) !== 0
    return passOver(more, () => block(hasChecksum))
  },
}

const block = (hasChecksum: boolean): Step => ({
  bytes: 3,
  next([low = 0, middle = 0, high = 0]) {
    const word = low | (middle << 8) | (high << 16)
    const isLast = (word & 1) === 1
    const size = ((word >> 1) & 3) === RLE_BLOCK ? 1 : word >> 3
    const end = (): Step => passOver(hasChecksum ? CHECKSUM_BYTES : 0, frame)
    return passOver(size, isLast ? end : () => block(hasChecksum))
  },
})

interface Taken {
  readonly taken: number
  readonly isPassed: boolean
  readonly released: Uint8Array | undefined
}

/** How far into a frame the walk is, over chunks of any size. */
const frameWalk = () => {
  let step = frame()
  let held = new Uint8Array(4)
  let length = 0
  /** How many of `bytes` its step takes, whether they are the decoder's, and what was held back and is its after all. */
  const take = (bytes: Uint8Array): Taken => {
    const before = step
    const taken = Math.min(step.bytes - length, bytes.length)
    if (!step.isSkipped) held.set(bytes.subarray(0, taken), length)
    length += taken
    let released: Uint8Array | undefined
    if (length === step.bytes) {
      const whole = held
      length = 0
      held = new Uint8Array(4)
      step = step.next(whole.subarray(0, before.isSkipped ? 0 : before.bytes))
      // It was a frame's magic number after all, or of no frame at all, which the decoder says better.
      if (before.isHeldBack && !step.isHeldBack) released = whole
    }
    return { taken, isPassed: !before.isHeldBack, released }
  }
  return { take, mayEnd: () => step.mayEnd === true && (length === 0 || step.isSkipped === true) }
}

/**
 * The same frames, without what is to be skipped, in chunks that no frame begins in the middle of: of a chunk with the end of
 * one frame and the beginning of the next, Node's decoder reads the first alone. Throws at the end where a frame has none.
 */
export async function* wholeZstdFrames(source: ByteSource): ByteSource {
  const walk = frameWalk()
  for await (const chunk of source) {
    let start = 0
    for (let offset = 0; offset < chunk.length; ) {
      const { taken, isPassed, released } = walk.take(chunk.subarray(offset))
      if (!isPassed) {
        // What of this chunk was the decoder's so far, in one piece: a frame may have many small blocks.
        if (start < offset) yield chunk.subarray(start, offset)
        start = offset + taken
      }
      if (released) yield released
      offset += taken
    }
    if (start < chunk.length) yield chunk.subarray(start)
  }
  if (!walk.mayEnd()) throw broken()
}
