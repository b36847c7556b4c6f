// A user's RSA key in PEM: PKCS#1 or PKCS#8, plain or locked by a passphrase, as nFPM takes it for apk.
import { createPrivateKey, createPublicKey, createSign, type KeyObject } from 'node:crypto'
import type { RsaSigner } from '@distropack/core/tools.ts'
import { type KeyFile, locked, refused } from './key-trouble.ts'

const PRIVATE_PEM = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/
/** RFC 1421's header of an old locked PEM, and PKCS#8's own word for one. */
const LOCKED_PEM = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m

const readKey = (key: KeyFile): KeyObject => {
  const pem = Buffer.from(key.bytes).toString('latin1')
  const isLocked = LOCKED_PEM.test(pem)
  if (!PRIVATE_PEM.test(pem)) {
    throw refused(`${key.file} holds no private key in PEM; make one with openssl genrsa -out ${key.file} 4096`)
  }
  if (isLocked && key.passphrase.text === undefined) throw locked(key)
  try {
    return createPrivateKey({ key: pem, passphrase: key.passphrase.text ?? '' })
  } catch (error) {
    // OpenSSL says "bad decrypt", or takes what a wrong passphrase gave for damage.
    if (isLocked) throw locked(key)
    throw refused(`${key.file} is damaged: ${(error as Error).message}`)
  }
}

/** The address of `Ada <ada@example.org>` (RFC 5322, 3.4), which nFPM names a key by. */
const addressOf = (maintainer: string): string | undefined =>
  /<\s*([^\s<>@]+@[^\s<>@]+)\s*>\s*$/.exec(maintainer)?.[1] ?? /^\s*([^\s<>@]+@[^\s<>@]+)\s*$/.exec(maintainer)?.[1]

const SUFFIX = '.rsa.pub'

const nameOf = (keyName: string | undefined, maintainer: string): string => {
  const name = keyName || addressOf(maintainer)
  if (!name) throw refused('`key_name` is missing, and `maintainer` has no address to name the key by', 'key_name')
  // It is a file in /etc/apk/keys, and stands in a tar header of the package.
  if (!/^[^\s/\p{Cc}]{1,80}$/u.test(name) || name.startsWith('.')) {
    throw refused(`"${name}" cannot be the name of a file in /etc/apk/keys`, 'key_name')
  }
  return name.endsWith(SUFFIX) ? name : `${name}${SUFFIX}`
}

export const rsaSigner = (file: KeyFile, keyName: string | undefined, maintainer: string): RsaSigner => {
  const key = readKey(file)
  const { asymmetricKeyType: type = 'unknown' } = key
  if (type !== 'rsa') throw refused(`${file.file} is a key of type ${type}; apk knows RSA alone`)
  return {
    keyName: nameOf(keyName, maintainer),
    publicKeyPem: createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string,
    async sign(hash, bytes) {
      const signer = createSign(hash === 'SHA-1' ? 'RSA-SHA1' : 'RSA-SHA256')
      for await (const chunk of bytes) signer.update(chunk)
      return new Uint8Array(signer.sign(key))
    },
  }
}
