// A detached OpenPGP signature over a stream: packages are larger than a Worker's memory, and openpgp.js would hold
// them and then compute RSA in JavaScript. The packet is RFC 4880, section 5.2.3; hash and key are the runtime's own.
import { createHash, createPrivateKey, createSign, type KeyObject, sign } from 'node:crypto'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type { PrivateKey } from 'openpgp'

const VERSION = 4
const BINARY_DOCUMENT = 0x00
/** Public-key algorithms; 22 is EdDSA as gpg has it (draft-koch-eddsa-for-openpgp). */
const ALGORITHM = { rsa: 1, eddsaLegacy: 22 } as const
const SHA512 = 10
const SIGNATURE_PACKET = 0xc2 // new format, tag 2
const SUBPACKET = { creationTime: 2, issuerKeyId: 16, issuerFingerprint: 33 } as const

/** A key that can sign what passes by. */
export interface StreamKey {
  readonly algorithm: (typeof ALGORITHM)[keyof typeof ALGORITHM]
  readonly key: KeyObject
  /** 20 bytes: of a version 4 key, or of its signing subkey. */
  readonly fingerprint: Uint8Array
}

type Numbers = Readonly<Record<string, Uint8Array | undefined>>

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const numberUrl = (value: bigint): string => {
  const hex = value.toString(16)
  return base64url(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'))
}

/** OpenPGP's u is p's inverse modulo q, a JWK's qi the other way round: p and q change places. */
const rsaKey = ({ n, e }: Numbers, { d, p, q, u }: Numbers): KeyObject | undefined => {
  if (!n || !e || !d || !p || !q || !u) return undefined
  const numbers = { n, e, d, p: q, q: p, qi: u }
  const jwk = Object.fromEntries(Object.entries(numbers).map(([name, bytes]) => [name, numberUrl(toBigInt(bytes))]))
  const exponent = (prime: Uint8Array): string => numberUrl(toBigInt(d) % (toBigInt(prime) - 1n))
  return createPrivateKey({ key: { kty: 'RSA', ...jwk, dp: exponent(q), dq: exponent(p) }, format: 'jwk' })
}

/** The point has a byte 0x40 in front of it. */
const ed25519Key = ({ Q }: Numbers, { seed }: Numbers): KeyObject | undefined => {
  if (Q?.length !== 33 || seed?.length !== 32) return undefined
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url(Q.subarray(1)), d: base64url(seed) }
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

/** Undefined for kinds that only openpgp.js can sign with. */
export const openStreamKey = async (privateKey: PrivateKey): Promise<StreamKey | undefined> => {
  // A user's own key may sign with a subkey.
  const chosen = await privateKey.getSigningKey()
  const { publicParams, privateParams } = chosen.keyPacket as unknown as {
    readonly publicParams: Numbers
    readonly privateParams: Numbers
  }
  const fingerprint = Buffer.from(chosen.getFingerprint(), 'hex')
  const rsa = rsaKey(publicParams, privateParams)
  if (rsa) return { algorithm: ALGORITHM.rsa, key: rsa, fingerprint }
  const isLegacy = chosen.getAlgorithmInfo().algorithm === 'eddsaLegacy'
  const ed25519 = isLegacy ? ed25519Key(publicParams, privateParams) : undefined
  return ed25519 && { algorithm: ALGORITHM.eddsaLegacy, key: ed25519, fingerprint }
}

const subpacket = (type: number, ...body: readonly Uint8Array[]): Buffer => {
  const bytes = Buffer.concat([Uint8Array.of(type), ...body])
  return Buffer.concat([Uint8Array.of(bytes.length), bytes])
}

const uint16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff)
const uint32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A number without leading zeros behind its length in bits. */
const mpi = (bytes: Uint8Array): Buffer => {
  const digits = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
  const bits = digits.length * 8 - Math.clz32(digits[0] ?? 0) + 24
  return Buffer.concat([uint16(bits), digits])
}

/** RSA signs while it hashes; EdDSA signs the finished digest, and its two halves are numbers of their own. */
const openSigning = ({ algorithm, key }: StreamKey) => {
  const digest = createHash('sha512')
  const signer = algorithm === ALGORITHM.rsa ? createSign('RSA-SHA512') : undefined
  return {
    take: (chunk: Uint8Array): void => {
      digest.update(chunk)
      signer?.update(chunk)
    },
    finish: (): { readonly digest: Uint8Array; readonly numbers: readonly Uint8Array[] } => {
      const hashed = digest.digest()
      if (signer) return { digest: hashed, numbers: [mpi(signer.sign(key))] }
      const signature = sign(null, hashed, key)
      return { digest: hashed, numbers: [mpi(signature.subarray(0, 32)), mpi(signature.subarray(32))] }
    },
  }
}

/** Binary, of type "binary document", by SHA-512. */
export const signStream = async (source: ByteSource, key: StreamKey, nowSeconds: number): Promise<Uint8Array> => {
  const hashed = Buffer.concat([
    subpacket(SUBPACKET.creationTime, uint32(nowSeconds)),
    subpacket(SUBPACKET.issuerFingerprint, Uint8Array.of(VERSION), key.fingerprint),
  ])
  const kind = Uint8Array.of(VERSION, BINARY_DOCUMENT, key.algorithm, SHA512)
  const head = Buffer.concat([kind, uint16(hashed.length), hashed])
  const signing = openSigning(key)
  for await (const chunk of source) signing.take(chunk)
  signing.take(Buffer.concat([head, Uint8Array.of(VERSION, 0xff), uint32(head.length)]))
  const { digest, numbers } = signing.finish()
  const unhashed = subpacket(SUBPACKET.issuerKeyId, key.fingerprint.subarray(-8))
  const body = Buffer.concat([head, uint16(unhashed.length), unhashed, digest.subarray(0, 2), ...numbers])
  return new Uint8Array(Buffer.concat([Uint8Array.of(SIGNATURE_PACKET, 0xff), uint32(body.length), body]))
}
