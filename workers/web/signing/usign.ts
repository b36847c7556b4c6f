// opkg's keys: Ed25519 in the form of OpenBSD's signify and OpenWrt's usign (usign's main.c): "Ed", a number that names
// the key, and the key or signature, in base64 below a line of comment.
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { UsignSigner } from '@distropack/core/tools.ts'
import type { GeneratedKey } from './openpgp.ts'

const ALGORITHM = Buffer.from('Ed')
const NUMBER_BYTES = 8

const block = (comment: string, number: Uint8Array, bytes: Uint8Array): string =>
  `untrusted comment: ${comment}\n${Buffer.concat([ALGORITHM, number, bytes]).toString('base64')}\n`

const publicBytes = (key: KeyObject): Uint8Array => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')

/** Its name is its number in hex, the file in /etc/opkg/keys. */
export const generateUsignKey = (label: string): GeneratedKey => {
  const number = randomBytes(NUMBER_BYTES)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    name: number.toString('hex'),
    publicKey: block(`${label} public key`, number, publicBytes(publicKey)),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

export const usignSigner = (keyName: string, privateKeyPem: string): UsignSigner => {
  const key = createPrivateKey(privateKeyPem)
  const number = Buffer.from(keyName, 'hex')
  return {
    keyName,
    sign: async (bytes) => block(`signed by key ${keyName}`, number, sign(null, bytes, key)),
  }
}
