// Keys for tests, made once per run: an OpenPGP key and apk's RSA key.
import { createSign, generateKeyPairSync } from 'node:crypto'
import { collectBytes, utf8 } from '@distropack/core/bytes/arrays.ts'
import type { PublicKeys } from '@distropack/core/format.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type { RepositorySigner } from '@distropack/core/tools.ts'
import * as openpgp from 'openpgp'
import { generateUsignKey, usignSigner } from '../../workers/web/signing/usign.ts'

/** Without a random salt, signatures over the same bytes are the same. */
const config = { nonDeterministicSignaturesViaNotation: false }

/** Signatures are dated like everything else in a test. */
const NOW = new Date(1_700_000_000_000)

interface KeyPair {
  readonly privateKey: openpgp.PrivateKey
  readonly publicKey: openpgp.PublicKey
}

const makePair = (): Promise<KeyPair> =>
  openpgp.generateKey({
    type: 'rsa',
    rsaBits: 2048,
    userIDs: [{ name: 'Test', email: 'test@example.com' }],
    date: NOW,
    format: 'object',
  })

/** A repository's keys; an OpenPGP pair of another kind may be given. */
export const makeSigner = async (given?: KeyPair): Promise<RepositorySigner> => {
  const pair = given ?? (await makePair())
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const sign = async (signed: Uint8Array | ByteSource, form: 'armored' | 'binary'): Promise<Uint8Array> => {
    const bytes = signed instanceof Uint8Array ? signed : await collectBytes(signed)
    const message = await openpgp.createMessage({ binary: bytes })
    const common = { message, signingKeys: pair.privateKey, detached: true, date: NOW, config } as const
    if (form === 'armored') return utf8(await openpgp.sign({ ...common, format: 'armored' }))
    return (await openpgp.sign({ ...common, format: 'binary' })) as Uint8Array
  }
  const clearSign = async (text: string): Promise<string> => {
    const message = await openpgp.createCleartextMessage({ text })
    const signed = await openpgp.sign({ message, signingKeys: pair.privateKey, date: NOW, config })
    return signed.replaceAll('\r\n', '\n')
  }
  const usign = generateUsignKey('test')
  const fingerprint = pair.publicKey.getFingerprint().toUpperCase()
  const publicKeyArmored = pair.publicKey.armor()
  return {
    openpgp: {
      fingerprint,
      publicKeyArmored,
      publicKeyBinary: pair.publicKey.write(),
      clearSign,
      detachSign: sign,
    },
    indexes: {
      fingerprints: [fingerprint],
      publicKeyArmored,
      clearSign,
      detachSign: (bytes) => sign(bytes, 'armored'),
    },
    usign: usignSigner(usign.name, usign.privateKey),
    rsa: {
      keyName: 'acme-tool-0a1b2c3d.rsa.pub',
      publicKeyPem: rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      sign: async (hash, bytes) => {
        const signer = createSign(hash === 'SHA-1' ? 'sha1' : 'sha256')
        signer.update(await collectBytes(bytes))
        return new Uint8Array(signer.sign(rsa.privateKey))
      },
    },
  }
}

/** As readers of the repository are given them. */
export const publicKeysOf = ({
  openpgp: { fingerprint, publicKeyArmored },
  rsa,
  usign,
}: RepositorySigner): PublicKeys => ({
  openpgp: [{ name: fingerprint, publicKey: publicKeyArmored }],
  rsa: [{ name: rsa.keyName, publicKey: rsa.publicKeyPem }],
  usign: [{ name: usign.keyName, publicKey: '' }],
})

let made: Promise<RepositorySigner> | undefined

export const testSigner = (): Promise<RepositorySigner> => {
  made ??= makeSigner()
  return made
}
