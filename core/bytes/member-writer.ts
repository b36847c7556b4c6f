// An archive's members on their way out. A package may have 100,000 files of a few hundred bytes, and whatever passes a
// generator, a codec or a sink costs some microseconds: headers and small bodies are laid side by side in large chunks,
// without waiting for anything, and only what is large comes as a stream of its own.
import type { ByteSource, SourceFile } from '../model/spec.ts'
import { StreamFault } from './stream-fault.ts'

const CHUNK_BYTES = 256 * 1024
/** What is put behind a full chunk before it is taken: the rest of one member that is not handed on uncopied. */
const ROOM_BYTES = 2 * CHUNK_BYTES
/** From here on bytes are handed on as they are; copying them would cost more than one more chunk. */
const UNCOPIED_BYTES = 64 * 1024

export interface MemberWriter {
  /** The bytes must stay as they are until the next member is written. */
  put(bytes: Uint8Array): void
  /** So many zeros, to be written over before anything else is put. */
  space(lengthBytes: number): Uint8Array
  zeros(lengthBytes: number): void
}

/** One piece of memory, used again and again: fresh memory costs more than all else that is done with it here. */
export class Chunks implements MemberWriter {
  private ready: Uint8Array[] = []
  private readyBytes = 0
  private room = new Uint8Array(ROOM_BYTES)
  private start = 0
  private end = 0

  put(bytes: Uint8Array): void {
    if (bytes.length < UNCOPIED_BYTES) this.space(bytes.length).set(bytes)
    else {
      this.cut()
      this.push(bytes)
    }
  }

  space(lengthBytes: number): Uint8Array {
    this.zeros(lengthBytes)
    return this.room.subarray(this.end - lengthBytes, this.end)
  }

  zeros(lengthBytes: number): void {
    if (this.end + lengthBytes > this.room.length) {
      this.cut()
      this.room = new Uint8Array(Math.max(ROOM_BYTES, lengthBytes))
      this.start = 0
      this.end = 0
    }
    this.end += lengthBytes
  }

  get isFull(): boolean {
    return this.readyBytes + this.end - this.start >= CHUNK_BYTES
  }

  /** Something was put that is not copied. */
  get isBorrowing(): boolean {
    return this.readyBytes > 0
  }

  /** Everything, in order. A chunk is good until the next is asked for. */
  *take(): Iterable<Uint8Array> {
    this.cut()
    yield* this.ready
    this.ready = []
    this.readyBytes = 0
    this.room.fill(0, 0, this.end)
    this.start = 0
    this.end = 0
  }

  private cut(): void {
    if (this.end > this.start) this.push(this.room.subarray(this.start, this.end))
    this.start = this.end
  }

  private push(bytes: Uint8Array): void {
    this.ready.push(bytes)
    this.readyBytes += bytes.length
  }
}

/** What a member still needs when its writer returns: nothing, a wait, or a stream that comes before the next member. */
export type MemberRest = undefined | Promise<void> | ByteSource

/** `write` puts a member's bytes, or as many as are at hand. Chunks are large but where a stream's own are small. */
export async function* writeMembers<T>(
  members: Iterable<T>,
  write: (member: T, out: MemberWriter) => MemberRest,
  end: Uint8Array,
): ByteSource {
  const out = new Chunks()
  for (const member of members) {
    const rest = write(member, out)
    if (rest instanceof Promise) await rest
    else if (rest) {
      yield* out.take()
      yield* rest
    }
    if (out.isFull) yield* out.take()
  }
  out.put(end)
  yield* out.take()
}

export interface FileToRead {
  /** Where it is installed, for messages. */
  readonly path: string
  readonly source: SourceFile
}

const changed = (path: string): StreamFault =>
  new StreamFault(`The file for ${path} changed while the package was built. Build again.`, 'source_changed')

/** A second reading that shows other bytes than the first, by their digests. */
export const refuseChanged = (path: string, found: string, wanted: string | undefined): void => {
  if (found !== wanted) throw changed(path)
}

/** The file's bytes, which must be as many as it was listed with. */
export async function* readExactly({ path, source }: FileToRead): ByteSource {
  let sizeBytes = 0
  for await (const chunk of source.open()) {
    sizeBytes += chunk.length
    yield chunk
  }
  if (sizeBytes !== source.sizeBytes) throw changed(path)
}

/** Calls `small` with all bytes of a file that its host reads at once; otherwise there is what `large` returns. */
export const readFile = <T>(
  { path, source }: FileToRead,
  small: (bytes: Uint8Array) => void,
  large: () => T,
): T | Promise<void> | undefined => {
  const whole = source.whole?.()
  if (whole === undefined) return large()
  const take = (bytes: Uint8Array): void => {
    if (bytes.length !== source.sizeBytes) throw changed(path)
    small(bytes)
  }
  if (whole instanceof Promise) return whole.then(take)
  take(whole)
  return undefined
}
