// Signatures over indexes by every key at work: one usually, two while one follows the other. Both stand in one
// cleartext message, and in one armored block, the key that every reader has first.
import type { IndexSigner } from '@distropack/core/tools.ts'
import {
  armor,
  createCleartextMessage,
  createMessage,
  enums,
  type PrivateKey,
  readKey,
  readPrivateKey,
  sign,
} from 'openpgp'

/** rpm refuses a block without its checksum, which openpgp.js leaves out unless asked. */
const armored = (kind: enums.armor, bytes: Uint8Array): string =>
  armor(kind, bytes, undefined, undefined, undefined, true) as string

/** Several public keys as one: gpgv's and apt's readers stop after the first block. */
export const joinPublicKeys = async (
  armoredKeys: readonly string[],
): Promise<{ readonly armored: string; readonly binary: Uint8Array }> => {
  const keys = await Promise.all(armoredKeys.map((armoredKey) => readKey({ armoredKey })))
  const binary = new Uint8Array(Buffer.concat(keys.map((key) => key.toPublic().write())))
  return { armored: armored(enums.armor.publicKey, binary), binary }
}

export const openPgpIndexSigner = async (armoredPrivateKeys: readonly string[]): Promise<IndexSigner> => {
  const keys: PrivateKey[] = []
  for (const armoredKey of armoredPrivateKeys) keys.push(await readPrivateKey({ armoredKey }))
  const options = { signingKeys: keys, config: { preferredHashAlgorithm: enums.hash.sha512 } }
  return {
    fingerprints: keys.map((key) => key.getFingerprint().toUpperCase()),
    publicKeyArmored: (await joinPublicKeys(keys.map((key) => key.toPublic().armor()))).armored,
    async clearSign(text) {
      const signed = await sign({ message: await createCleartextMessage({ text }), ...options })
      // The signature is over lines that end in CR LF however they are written; sha256sum reads a CR as part of a name.
      return signed.replaceAll('\r\n', '\n')
    },
    async detachSign(bytes) {
      const message = await createMessage({ binary: bytes as Uint8Array<ArrayBuffer> })
      const signature = await sign({ message, ...options, detached: true, format: 'binary' })
      return new TextEncoder().encode(armored(enums.armor.signature, signature as Uint8Array))
    },
  }
}
