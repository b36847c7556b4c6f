// OpenPGP through openpgp.js: RSA-4096 with SHA-512 everywhere, self-signatures included. EL9 and old rpm refuse
// Ed25519, sqv and EL9 refuse SHA-1, so this is the form every client accepts. Keys never expire by themselves:
// an expired repository key stops every reader at once.
import { collectBytes } from '@distropack/core/bytes/arrays.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type { OpenPgpSigner } from '@distropack/core/tools.ts'
import {
  config,
  createCleartextMessage,
  createMessage,
  enums,
  generateKey,
  type PrivateKey,
  readPrivateKey,
  sign,
} from 'openpgp'
import { openStreamKey, signStream } from './detached.ts'
import { lintPrivateKey } from './key-lint.ts'

config.showVersion = false
config.showComment = false

export interface GeneratedKey {
  /** OpenPGP: the fingerprint in upper-case hex. */
  readonly name: string
  readonly publicKey: string
  readonly privateKey: string
}

const describeKey = (privateKey: PrivateKey): GeneratedKey => ({
  name: privateKey.getFingerprint().toUpperCase(),
  publicKey: privateKey.toPublic().armor(),
  privateKey: privateKey.armor(),
})

/** Ed25519 in the legacy form (algorithm 22): gpg 2.2 and rpm 4.18 read no other. */
const ALGORITHMS = {
  rsa4096: { type: 'rsa', rsaBits: 4096 },
  ed25519: { type: 'ecc', curve: 'ed25519Legacy' },
} as const

/** RSA takes 1 to 4 seconds of CPU. `userName` is what `gpg --list-keys` shows: `acme/tool repository`. */
export const generateOpenPgpKey = async (
  userName: string,
  algorithm: keyof typeof ALGORITHMS,
): Promise<GeneratedKey> => {
  const { privateKey } = await generateKey({
    ...ALGORITHMS[algorithm],
    userIDs: [{ name: userName }],
    subkeys: [], // sign-only: no encryption subkey for anybody to be confused by
    format: 'object',
    config: { preferredHashAlgorithm: enums.hash.sha512 },
  })
  return describeKey(privateKey)
}

/** A user's own key, when every client will accept what it signs. */
export const importOpenPgpKey = async (armored: string, now: Date): Promise<Result<GeneratedKey, readonly Fault[]>> => {
  const key = await lintPrivateKey(armored, now)
  return key.ok ? ok(describeKey(key.value)) : key
}

/** `armoredPrivateKey` stays in this closure. */
export const openPgpSigner = async (armoredPrivateKey: string): Promise<OpenPgpSigner> => {
  const signingKeys = await readPrivateKey({ armoredKey: armoredPrivateKey })
  const options = { signingKeys, config: { preferredHashAlgorithm: enums.hash.sha512 } } as const

  const streamKey = await openStreamKey(signingKeys)

  const detachSign = async (signed: Uint8Array | ByteSource, form: 'armored' | 'binary'): Promise<Uint8Array> => {
    if (!(signed instanceof Uint8Array) && form === 'binary' && streamKey) {
      return signStream(signed, streamKey, Math.floor(Date.now() / 1000))
    }
    const bytes = signed instanceof Uint8Array ? signed : await collectBytes(signed)
    const message = await createMessage({ binary: bytes as Uint8Array<ArrayBuffer> })
    if (form === 'binary') return sign({ message, ...options, detached: true, format: 'binary' })
    return new TextEncoder().encode(await sign({ message, ...options, detached: true, format: 'armored' }))
  }
  return {
    fingerprint: signingKeys.getFingerprint().toUpperCase(),
    publicKeyArmored: signingKeys.toPublic().armor(),
    publicKeyBinary: signingKeys.toPublic().write(),
    clearSign: async (text) => {
      const signed = await sign({ message: await createCleartextMessage({ text }), ...options })
      // The signature is over lines that end in CR LF however they are written; sha256sum reads a CR as part of a name.
      return signed.replaceAll('\r\n', '\n')
    },
    detachSign,
  }
}
