// Reads a byte stream by counts: "the next 512 bytes", "the next 3 GB as a stream". Holds one chunk at most.
import type { ByteSource } from '../model/spec.ts'
import { StreamFault } from './stream-fault.ts'

export interface ByteReader {
  /** Bytes handed out so far. */
  readonly position: number
  /** Fewer only at the end of the stream. For small counts: the bytes are copied together. */
  readUpTo(count: number): Promise<Uint8Array>
  /** `what` names the missing thing in the fault. */
  readExactly(count: number, what: string): Promise<Uint8Array>
  /** The next bytes as a stream, to be read before anything else is. `finish` skips what was left of it. */
  part(count: number, what: string): { readonly source: ByteSource; finish(): Promise<void> }
  /** Reads and drops everything. */
  drain(): Promise<void>
}

export const createReader = (source: ByteSource): ByteReader => {
  const iterator = source[Symbol.asyncIterator]()
  let held: Uint8Array = new Uint8Array(0)
  let position = 0

  /** At most `limit` bytes, at least one unless the stream has ended. */
  const take = async (limit: number): Promise<Uint8Array | undefined> => {
    while (held.length === 0) {
      const next = await iterator.next()
      if (next.done) return undefined
      held = next.value
    }
    const taken = held.subarray(0, limit)
    held = held.subarray(taken.length)
    position += taken.length
    return taken
  }

  const readUpTo = async (count: number): Promise<Uint8Array> => {
    const first = count > 0 ? await take(count) : undefined
    if (!first) return new Uint8Array(0)
    if (first.length === count) return first
    const bytes = new Uint8Array(count)
    bytes.set(first)
    let filled = first.length
    while (filled < count) {
      const more = await take(count - filled)
      if (!more) return bytes.subarray(0, filled)
      bytes.set(more, filled)
      filled += more.length
    }
    return bytes
  }

  return {
    get position() {
      return position
    },
    readUpTo,
    readExactly: async (count, what) => {
      const bytes = await readUpTo(count)
      if (bytes.length < count) throw new StreamFault(`The file ends in the middle of ${what}. Upload it again.`)
      return bytes
    },
    part: (count, what) => {
      let left = count
      async function* read(): ByteSource {
        while (left > 0) {
          const bytes = await take(left)
          if (!bytes) throw new StreamFault(`The file ends in the middle of ${what}. Upload it again.`)
          left -= bytes.length
          yield bytes
        }
      }
      return {
        source: read(),
        finish: async () => {
          for await (const _ of read());
        },
      }
    },
    drain: async () => {
      while (await take(Number.MAX_SAFE_INTEGER));
    },
  }
}
