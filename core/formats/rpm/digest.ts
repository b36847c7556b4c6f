// A digest of bytes at hand, as headers state it.
import { toHex } from '../../bytes/hex.ts'
import type { Hash, HashName } from '../../tools.ts'

/** Lower-case hex. */
export const digestOf = (name: HashName, bytes: Uint8Array, tools: { hash(name: HashName): Hash }): string => {
  const hash = tools.hash(name)
  hash.update(bytes)
  return toHex(hash.digest())
}
