// Private keys at rest: AES-256-GCM under KEY_ENCRYPTION_KEY. A sealed text names the key that sealed it, so a
// wrong one is told apart from damage, and is bound to its owner, so a row cannot be moved to another project.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 12 // NIST SP 800-38D 5.2.1.1: the length GCM is defined for without hashing

export interface Vault {
  /** True of what the key before this one sealed, and is to be sealed anew. */
  isOld(sealed: string): boolean
  seal(plain: string, owner: string): Promise<string>
  open(sealed: string, owner: string): Promise<Result<string, Fault>>
  /** A key for another purpose, derived (HKDF-SHA-256), so that one secret is all an operator keeps. */
  derive(purpose: string): Promise<CryptoKey>
}

const decodeKey = (secret: string): Uint8Array | undefined => {
  const bytes = Buffer.from(secret, 'base64')
  return bytes.length === KEY_BYTES ? new Uint8Array(bytes) : undefined
}

const toBase64 = (bytes: ArrayBuffer | Uint8Array): string => Buffer.from(bytes as ArrayBuffer).toString('base64')

interface SealingKey {
  readonly id: string
  readonly key: CryptoKey
}

const importKey = async (raw: Uint8Array): Promise<SealingKey> => ({
  id: toBase64((await crypto.subtle.digest('SHA-256', raw as BufferSource)).slice(0, 6)),
  key: await crypto.subtle.importKey('raw', raw as BufferSource, 'AES-GCM', false, ['encrypt', 'decrypt']),
})

/**
 * Opens the vault; a missing or malformed secret is the one error `key_encryption_key_missing`. `before` is the key
 * that is being replaced: it still opens, and seals nothing any more.
 */
export const openVault = async (secret: string | undefined, before?: string): Promise<Result<Vault, Fault>> => {
  const raw = secret ? decodeKey(secret) : undefined
  if (!raw) {
    return err(
      fault(
        'key_encryption_key_missing',
        'KEY_ENCRYPTION_KEY is not set to 32 bytes in base64. Restore the one this platform was started with: ' +
          'without it no repository can be signed. It is never made anew over existing keys.',
      ),
    )
  }
  const current = await importKey(raw)
  const oldRaw = before ? decodeKey(before) : undefined
  const known = [current, ...(oldRaw ? [await importKey(oldRaw)] : [])]
  const material = await crypto.subtle.importKey('raw', raw as BufferSource, 'HKDF', false, ['deriveKey'])
  const encoder = new TextEncoder()

  const open = async (sealed: string, owner: string): Promise<Result<string, Fault>> => {
    const [version, sealedBy, nonce, body] = sealed.split('.')
    if (version !== 'v1' || !nonce || !body) throw new Error(`sealed key of ${owner} is damaged`)
    const found = known.find(({ id }) => id === sealedBy)
    if (!found) {
      return err(
        fault('key_encryption_key_wrong', 'KEY_ENCRYPTION_KEY is not the one that sealed this key. Restore that one.'),
      )
    }
    const algorithm = { name: 'AES-GCM', iv: Buffer.from(nonce, 'base64'), additionalData: encoder.encode(owner) }
    return ok(new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, found.key, Buffer.from(body, 'base64'))))
  }

  const seal = async (plain: string, owner: string): Promise<string> => {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
    const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: encoder.encode(owner) }
    const body = await crypto.subtle.encrypt(algorithm, current.key, encoder.encode(plain))
    return `v1.${current.id}.${toBase64(nonce)}.${toBase64(body)}`
  }

  const derive = (purpose: string): Promise<CryptoKey> =>
    crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: encoder.encode(purpose) },
      material,
      { name: 'HMAC', hash: 'SHA-256', length: 256 },
      false,
      ['sign', 'verify'],
    )

  return ok({ isOld: (sealed) => sealed.split('.')[1] !== current.id, seal, open, derive })
}
