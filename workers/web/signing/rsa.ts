// apk's keys: RSA, PKCS#1 v1.5, a public key in PEM known by its file name.
import { createPrivateKey, createPublicKey, createSign, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { RsaSigner } from '@distropack/core/tools.ts'
import type { GeneratedKey } from './openpgp.ts'

/** `name` becomes the file in /etc/apk/keys: readers must keep it to the letter, so it never changes. */
export const generateRsaKey = async (name: string): Promise<GeneratedKey> => {
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: 4096,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { name, publicKey: pair.publicKey, privateKey: pair.privateKey }
}

/** NIST SP 800-131A, as for OpenPGP keys. Alpine's own were of 2048 bits until 2021. */
const MIN_BITS = 2048

const refused = (reason: string): Fault => fault('key_refused', `This RSA key cannot sign a repository: ${reason}`)

const readKey = (pem: string): Result<KeyObject, Fault> => {
  // RFC 7468 and, for PKCS#1, RFC 1421: a locked key says so in its first lines.
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    return err(refused('it is locked by a passphrase, and nobody is there to type it. openssl pkey unlocks it.'))
  }
  try {
    return ok(createPrivateKey(pem))
  } catch {
    return err(refused('it is not one private key in PEM, as abuild-keygen and openssl genrsa make it.'))
  }
}

/** A user's own key under its own name. */
export const importRsaKey = (name: string, pem: string): Result<GeneratedKey, Fault> => {
  const key = readKey(pem)
  if (!key.ok) return key
  if (key.value.asymmetricKeyType !== 'rsa') {
    return err(refused(`it is of the kind ${key.value.asymmetricKeyType}, and apk reads RSA alone.`))
  }
  const publicKey = createPublicKey(key.value)
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < MIN_BITS) return err(refused(`its modulus has ${bits} bits, and ${MIN_BITS} are the least.`))
  return ok({
    name,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    privateKey: key.value.export({ type: 'pkcs8', format: 'pem' }) as string,
  })
}

export const rsaSigner = (keyName: string, privateKeyPem: string): RsaSigner => {
  const key = createPrivateKey(privateKeyPem)
  return {
    keyName,
    publicKeyPem: createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string,
    sign: async (hash, bytes) => {
      const signer = createSign(hash === 'SHA-1' ? 'RSA-SHA1' : 'RSA-SHA256')
      for await (const chunk of bytes) signer.update(chunk)
      return new Uint8Array(signer.sign(key))
    },
  }
}
