// A detached OpenPGP signature over a stream: packages are larger than a Worker's memory, and openpgp.js would hold
// them and then compute RSA in JavaScript. The packet is RFC 4880, section 5.2.3; hash and RSA are the runtime's own.
import { createHash, createPrivateKey, createSign, type KeyObject } from 'node:crypto'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type { PrivateKey } from 'openpgp'

const VERSION = 4
const BINARY_DOCUMENT = 0x00
const RSA = 1
const SHA512 = 10
const SIGNATURE_PACKET = 0xc2 // new format, tag 2
const SUBPACKET = { creationTime: 2, issuerKeyId: 16, issuerFingerprint: 33 } as const

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const base64url = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}

/** Undefined for a key that is not RSA. OpenPGP's u is p's inverse modulo q, a JWK's qi the other way round. */
export const rsaKeyOf = (key: PrivateKey): KeyObject | undefined => {
  const { publicParams, privateParams } = key.keyPacket as unknown as {
    readonly publicParams: Readonly<Record<string, Uint8Array | undefined>>
    readonly privateParams: Readonly<Record<string, Uint8Array | undefined>>
  }
  const [n, e] = [publicParams.n, publicParams.e]
  const [d, p, q, u] = [privateParams.d, privateParams.p, privateParams.q, privateParams.u]
  if (!n || !e || !d || !p || !q || !u) return undefined
  const numbers = { n, e, d, p: q, q: p, qi: u }
  const jwk = Object.fromEntries(Object.entries(numbers).map(([name, bytes]) => [name, base64url(toBigInt(bytes))]))
  const exponent = (prime: Uint8Array): string => base64url(toBigInt(d) % (toBigInt(prime) - 1n))
  return createPrivateKey({ key: { kty: 'RSA', ...jwk, dp: exponent(q), dq: exponent(p) }, format: 'jwk' })
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

export interface StreamSigning {
  readonly key: KeyObject
  /** 20 bytes: of a version 4 key. */
  readonly fingerprint: Uint8Array
  readonly nowSeconds: number
}

/** Binary, of type "binary document", by RSA and SHA-512. */
export const signStream = async (source: ByteSource, { key, fingerprint, nowSeconds }: StreamSigning) => {
  const hashed = Buffer.concat([
    subpacket(SUBPACKET.creationTime, uint32(nowSeconds)),
    subpacket(SUBPACKET.issuerFingerprint, Uint8Array.of(VERSION), fingerprint),
  ])
  const head = Buffer.concat([Uint8Array.of(VERSION, BINARY_DOCUMENT, RSA, SHA512), uint16(hashed.length), hashed])
  const end = Buffer.concat([head, Uint8Array.of(VERSION, 0xff), uint32(head.length)])
  const digest = createHash('sha512')
  const signer = createSign('RSA-SHA512')
  const take = (chunk: Uint8Array): void => {
    digest.update(chunk)
    signer.update(chunk)
  }
  for await (const chunk of source) take(chunk)
  take(end)
  const unhashed = subpacket(SUBPACKET.issuerKeyId, fingerprint.subarray(-8))
  const body = Buffer.concat([
    head,
    uint16(unhashed.length),
    unhashed,
    digest.digest().subarray(0, 2),
    mpi(signer.sign(key)),
  ])
  return new Uint8Array(Buffer.concat([Uint8Array.of(SIGNATURE_PACKET, 0xff), uint32(body.length), body]))
}
