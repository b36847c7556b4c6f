// A SHA-256 that can be put away in the middle and taken up later, in another process: an index grows at its end,
// so its hash need not read the beginning again. Slower than the host's native one: for tails, not for bulk.
import { _SHA256 } from '@noble/hashes/sha2.js'
import { fromHex, toHex } from './hex.ts'

/** JSON; a few hundred bytes. */
export interface Sha256State {
  /** The eight words of the chaining value, as signed 32-bit numbers (FIPS 180-4, 6.2). */
  readonly words: readonly number[]
  /** Bytes hashed so far. */
  readonly lengthBytes: number
  /** Hex of the bytes of the unfinished 64-byte block. */
  readonly tail: string
}

// The library keeps its state in protected fields; a subclass is the only way to them.
class Resumable extends _SHA256 {
  export(): Sha256State {
    return { words: this.get(), lengthBytes: this.length, tail: toHex(this.buffer.subarray(0, this.pos)) }
  }

  import(state: Sha256State, tail: Uint8Array): this {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state.words
    this.set(a, b, c, d, e, f, g, h)
    this.buffer.set(tail)
    this.pos = tail.length
    this.length = state.lengthBytes
    return this
  }
}

export interface ResumableSha256 {
  update(bytes: Uint8Array): void
  /** The state now; hashing may go on. */
  state(): Sha256State
  /** Lower-case hex of everything so far; hashing may go on. */
  digest(): string
}

/** Throws for a state that was not made here: it comes from our own storage. */
export const resumeSha256 = (state?: Sha256State): ResumableSha256 => {
  const hash = new Resumable()
  if (state) {
    const tail = fromHex(state.tail)
    if (state.words.length !== 8 || !tail || tail.length !== state.lengthBytes % 64)
      throw new Error('broken SHA-256 state')
    hash.import(state, tail)
  }
  return {
    update: (bytes) => {
      hash.update(bytes)
    },
    state: () => hash.export(),
    digest: () => toHex(hash.clone().digest()),
  }
}
