// Second factors of the tests, by their specifications: an authenticator app (RFC 6238) and a security key (WebAuthn
// Level 3, attestation "none", ES256), so that the library is met by something it did not write.

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const decodeBase32 = (text: string): Uint8Array => {
  const bits = [...text.replaceAll('=', '')]
    .map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (octet) => Number.parseInt(octet, 2))
}

/** The six digits an app shows now for an otpauth:// address. */
export const totpOf = async (uri: string, nowMs = Date.now()): Promise<string> => {
  const secret = decodeBase32(new URL(uri).searchParams.get('secret') ?? '')
  const counter = new DataView(new ArrayBuffer(8))
  counter.setBigUint64(0, BigInt(Math.floor(nowMs / 30_000)))
  const key = await crypto.subtle.importKey('raw', secret as BufferSource, { name: 'HMAC', hash: 'SHA-1' }, false, [
    'sign',
  ])
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, counter.buffer))
  const at = (mac.at(-1) ?? 0) & 15
  return String((new DataView(mac.buffer).getUint32(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

type Cbor = number | string | Uint8Array | Map<Cbor, Cbor>

/** RFC 8949, 3.1: major type and length, for what stands in an attestation. */
const head = (major: number, length: number): number[] =>
  length < 24
    ? [(major << 5) | length]
    : length < 256
      ? [(major << 5) | 24, length]
      : [(major << 5) | 25, length >> 8, length & 255]

const encodeCbor = (value: Cbor): number[] => {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (value instanceof Uint8Array) return [...head(2, value.length), ...value]
  if (typeof value === 'string') {
    const text = new TextEncoder().encode(value)
    return [...head(3, text.length), ...text]
  }
  return [...head(5, value.size), ...[...value].flatMap(([key, item]) => [...encodeCbor(key), ...encodeCbor(item)])]
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const sha256 = async (data: Uint8Array | string): Promise<Uint8Array> => {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource))
}

/** ES256 signatures are DER in WebAuthn (6.5.5), and r‖s in WebCrypto. */
const toDer = (raw: Uint8Array): Uint8Array => {
  const integer = (part: Uint8Array): number[] => {
    const digits = [...part]
    while (digits.length > 1 && digits[0] === 0) digits.shift()
    if ((digits[0] ?? 0) & 0x80) digits.unshift(0)
    return [2, digits.length, ...digits]
  }
  const body = [...integer(raw.slice(0, 32)), ...integer(raw.slice(32))]
  return Uint8Array.from([0x30, body.length, ...body])
}

const PRESENT_AND_VERIFIED = 0x05
const HOLDS_CREDENTIAL = 0x40

export interface SecurityKey {
  register(options: { challenge: string; rp: { id: string } }): Promise<object>
  sign(options: { challenge: string; rpId: string }): Promise<object>
}

export const newSecurityKey = async (origin: string): Promise<SecurityKey> => {
  const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
  ])) as CryptoKeyPair
  const point = new Uint8Array((await crypto.subtle.exportKey('raw', pair.publicKey)) as ArrayBuffer)
  const credentialId = crypto.getRandomValues(new Uint8Array(16))
  let counter = 0

  const authenticatorData = async (rpId: string, flags: number, rest: readonly number[] = []): Promise<Uint8Array> =>
    Uint8Array.from([...(await sha256(rpId)), flags, 0, 0, 0, ++counter, ...rest])
  const clientData = (type: string, challenge: string): Uint8Array =>
    new TextEncoder().encode(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
  const credential = (response: object): object => ({
    id: base64url(credentialId),
    rawId: base64url(credentialId),
    type: 'public-key',
    clientExtensionResults: {},
    response,
  })

  return {
    async register({ challenge, rp }) {
      // RFC 9053, 7.1: EC2 key, ES256, P-256, x, y.
      const key = encodeCbor(
        new Map<Cbor, Cbor>([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, point.slice(1, 33)],
          [-3, point.slice(33, 65)],
        ]),
      )
      const attested = [...new Uint8Array(16), 0, credentialId.length, ...credentialId, ...key]
      const authData = await authenticatorData(rp.id, PRESENT_AND_VERIFIED | HOLDS_CREDENTIAL, attested)
      const attestation = new Map<Cbor, Cbor>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ])
      return credential({
        clientDataJSON: base64url(clientData('webauthn.create', challenge)),
        attestationObject: base64url(Uint8Array.from(encodeCbor(attestation))),
        transports: ['internal'],
      })
    },
    async sign({ challenge, rpId }) {
      const authData = await authenticatorData(rpId, PRESENT_AND_VERIFIED)
      const client = clientData('webauthn.get', challenge)
      const signed = Uint8Array.from([...authData, ...(await sha256(client))])
      const raw = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, signed)
      return credential({
        clientDataJSON: base64url(client),
        authenticatorData: base64url(authData),
        signature: base64url(toDer(new Uint8Array(raw))),
      })
    },
  }
}
