// A user's OpenPGP key, armored or binary, through openpgp.js. Without a key id the newest subkey that may sign
// signs, else the key itself.
import { collectBytes } from '@distropack/core/bytes/arrays.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type { OpenPgpSigner } from '@distropack/core/tools.ts'
import {
  createCleartextMessage,
  createMessage,
  decryptKey,
  enums,
  type KeyID,
  type PrivateKey,
  readKeys,
  type Subkey,
  sign,
} from 'openpgp'
import { type KeyFile, locked, refused } from './key-trouble.ts'

type SecretPart = PrivateKey | Subkey

const ARMOR = '-----BEGIN PGP '

const readPrivateKeys = async ({ file, bytes }: KeyFile): Promise<readonly PrivateKey[]> => {
  const text = Buffer.from(bytes).toString('latin1')
  try {
    const keys = text.includes(ARMOR)
      ? await readKeys({ armoredKeys: text.slice(text.indexOf(ARMOR)) })
      : await readKeys({ binaryKeys: new Uint8Array(bytes) })
    return keys.flatMap((key) => (key.isPrivate() ? [key] : []))
  } catch {
    throw refused(`${file} is not an OpenPGP key; write one with gpg --export-secret-keys KEY`)
  }
}

const partsOf = (key: PrivateKey): readonly SecretPart[] => [key, ...key.subkeys]
const idOf = (part: SecretPart): string => part.getKeyID().toHex().toUpperCase()

/** Long ids (16 hex digits) as nFPM has them, and whole fingerprints, whose last 16 digits are the id. */
const parseKeyId = (keyId: string | undefined): string | undefined => {
  if (!keyId) return undefined
  const digits = keyId.replaceAll(' ', '').replace(/^0x/i, '').toUpperCase()
  if (/^(?:[0-9A-F]{16}|[0-9A-F]{40})$/.test(digits)) return digits.slice(-16)
  throw refused(`key id "${keyId}" is not 16 hex digits (gpg --list-secret-keys --keyid-format long)`, 'key_id')
}

interface Chosen {
  readonly key: PrivateKey
  /** The part that signs; without one openpgp.js takes the newest that may. */
  readonly keyId?: KeyID
}

const choose = (keys: readonly PrivateKey[], file: string, wanted: string | undefined): Chosen => {
  const [first, second] = keys
  if (!first) throw refused(`${file} holds no private key; write one with gpg --export-secret-keys KEY`)
  if (wanted === undefined) {
    if (second) throw refused(`${file} holds ${keys.length} keys; say with \`key_id\` which one signs`)
    return { key: first }
  }
  for (const key of keys) {
    const part = partsOf(key).find((each) => idOf(each) === wanted)
    if (part) return { key, keyId: part.getKeyID() }
  }
  throw refused(`${file} has no key ${wanted}; it has ${keys.flatMap(partsOf).map(idOf).join(', ')}`, 'key_id')
}

const unlock = async (key: PrivateKey, file: KeyFile): Promise<PrivateKey> => {
  if (key.isDecrypted()) return key
  const { text } = file.passphrase
  if (text === undefined) throw locked(file)
  try {
    return await decryptKey({ privateKey: key, passphrase: text })
  } catch {
    throw locked(file)
  }
}

export const openPgpSigner = async (file: KeyFile, keyId: string | undefined): Promise<OpenPgpSigner> => {
  const chosen = choose(await readPrivateKeys(file), file.file, parseKeyId(keyId))
  const signingKeys = await unlock(chosen.key, file)
  try {
    await signingKeys.getSigningKey(chosen.keyId)
  } catch (error) {
    // Expired, revoked, not made for signing, or its secret part is elsewhere (a smart card's stub).
    const key = chosen.keyId ? 'key_id' : 'key_file'
    throw refused(`the key in ${file.file} cannot sign: ${(error as Error).message}`, key)
  }
  const options = {
    signingKeys,
    ...(chosen.keyId ? { signingKeyIDs: [chosen.keyId] } : {}),
    config: { preferredHashAlgorithm: enums.hash.sha512, showVersion: false, showComment: false },
  }
  const publicKey = signingKeys.toPublic()
  return {
    fingerprint: signingKeys.getFingerprint().toUpperCase(),
    publicKeyArmored: publicKey.armor(),
    publicKeyBinary: publicKey.write(),
    async clearSign(text) {
      const signed = await sign({ message: await createCleartextMessage({ text }), ...options })
      // openpgp.js ends lines in CRLF; what is signed is the same for both (RFC 9580, 7.1).
      return signed.replaceAll('\r\n', '\n')
    },
    /** Streams are taken too, and held whole: openpgp.js hashes what it has. */
    async detachSign(signed: Uint8Array | ByteSource, form: 'armored' | 'binary') {
      const bytes = signed instanceof Uint8Array ? signed : await collectBytes(signed)
      const message = await createMessage({ binary: bytes as Uint8Array<ArrayBuffer> })
      if (form === 'binary') return sign({ message, ...options, detached: true, format: 'binary' })
      return new TextEncoder().encode(await sign({ message, ...options, detached: true, format: 'armored' }))
    },
  }
}
