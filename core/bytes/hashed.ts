// Bytes that are hashed on their way, read or written: a file is read once for its digest and for what is in it.
import type { ByteSource } from '../model/spec.ts'
import type { BuildTools, ByteSink, Hash } from '../tools.ts'
import { toHex } from './hex.ts'

/** The same chunks, after every hash has seen them. */
export async function* hashed(source: ByteSource, ...hashes: readonly Hash[]): ByteSource {
  for await (const chunk of source) {
    for (const hash of hashes) hash.update(chunk)
    yield chunk
  }
}

export interface MeasuredSink extends ByteSink {
  /** Of all that was written; once only. `sha256` in lower-case hex. */
  finish(): { readonly sizeBytes: number; readonly sha256: string }
}

/** Counts and hashes what reaches the sink: a finished file's size and sha256. */
export const measuredSink = (sink: ByteSink, { hash }: Pick<BuildTools, 'hash'>): MeasuredSink => {
  const sha256 = hash('sha256')
  let sizeBytes = 0
  return {
    async write(chunk) {
      sha256.update(chunk)
      sizeBytes += chunk.length
      await sink.write(chunk)
    },
    finish: () => ({ sizeBytes, sha256: toHex(sha256.digest()) }),
  }
}
