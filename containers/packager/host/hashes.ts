// Hashes by node:crypto.
import { createHash } from 'node:crypto'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type { Hash, HashName } from '@distropack/core/tools.ts'

export const hash = (name: HashName): Hash => {
  const state = createHash(name)
  return {
    update: (bytes) => void state.update(bytes),
    digest: () => new Uint8Array(state.digest()),
  }
}

export interface Digest {
  /** Lower-case hex. */
  readonly sha256: string
  readonly sizeBytes: number
}

export const digestOf = async (source: ByteSource): Promise<Digest> => {
  const state = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of source) {
    state.update(chunk)
    sizeBytes += chunk.length
  }
  return { sha256: state.digest('hex'), sizeBytes }
}
