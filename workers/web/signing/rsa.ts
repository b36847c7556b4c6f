// apk's keys: RSA, PKCS#1 v1.5, a public key in PEM known by its file name.
import { createPrivateKey, createPublicKey, createSign, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
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
