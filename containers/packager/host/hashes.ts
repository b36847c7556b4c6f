// Hashes by node:crypto.
import crypto, { createHash } from 'node:crypto'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type { Hash, HashName } from '@distropack/core/tools.ts'

export const hash = (name: HashName): Hash => {
  const state = createHash(name)
  return {
    update: (bytes) => void state.update(bytes),
    digest: () => new Uint8Array(state.digest()),
  }
}

/** In one call where Node has it (20.12): a third of the time for the small files that most are. */
export const digest = (name: HashName, bytes: Uint8Array): string =>
  crypto.hash ? crypto.hash(name, bytes, 'hex') : createHash(name).update(bytes).digest('hex')

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
