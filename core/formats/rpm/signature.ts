// The signature header in front of the main one: sizes and digests of what follows, and the repository's signature
// over the main header, which holds the payload's digest (rpm's lib/signature.cc, rpmvs.cc).
import { concatBytes } from '../../bytes/arrays.ts'
import { MAX_INT32 } from './files.ts'
import { int32, paddingAfter, renderHeader, type TagValue, text } from './header.ts'
import { SIGNATURE_TAG, TAG } from './tags.ts'

export interface Digests {
  readonly sha1: string
  readonly sha256: string
  /** Over header and payload: what rpm before 4.14 checks a download by. */
  readonly md5: Uint8Array
}

export interface Sizes {
  readonly headerBytes: number
  readonly payloadBytes: number
  /** Of the payload before compression. */
  readonly archiveBytes: number
}

const size = (small: number, large: number, bytes: number): readonly [number, TagValue] =>
  bytes > MAX_INT32 ? [large, { type: 'int64', values: [bytes] }] : [small, int32(bytes)]

export const signatureTags = (digests: Digests, sizes: Sizes): ReadonlyMap<number, TagValue> =>
  new Map([
    [SIGNATURE_TAG.sha1, text(digests.sha1)],
    [SIGNATURE_TAG.sha256, text(digests.sha256)],
    [SIGNATURE_TAG.md5, { type: 'bytes', bytes: digests.md5 }],
    size(SIGNATURE_TAG.size, SIGNATURE_TAG.longSize, sizes.headerBytes + sizes.payloadBytes),
    size(SIGNATURE_TAG.archiveSize, SIGNATURE_TAG.longArchiveSize, sizes.archiveBytes),
  ])

/** With the zeros behind it. */
export const renderSignatureHeader = (tags: ReadonlyMap<number, TagValue>): Uint8Array => {
  const header = renderHeader(TAG.headerSignatures, tags)
  return concatBytes([header, paddingAfter(header.length)])
}

const RSA_ALGORITHMS: ReadonlySet<number> = new Set([1, 3])

/** The public key algorithm of a version 4 signature packet (RFC 9580, 4.2 and 5.2.3). */
const algorithmOf = (packet: Uint8Array): number | undefined => {
  const [first = 0, second = 0] = packet
  const isOld = (first & 0xc0) === 0x80
  // Old packets say in two bits how long their length is; new ones by the length's first byte.
  const oldLength = 1 << (first & 3)
  const newLength = second < 192 ? 1 : second < 224 ? 2 : 5
  const body = packet.subarray(1 + (isOld ? oldLength : newLength))
  return body[0] === 4 ? body[2] : undefined
}

/** rpm looks for RSA under one tag and for DSA and EdDSA under the other. */
export const signatureTagFor = (packet: Uint8Array): number =>
  RSA_ALGORITHMS.has(algorithmOf(packet) ?? 1) ? SIGNATURE_TAG.rsa : SIGNATURE_TAG.dsa
