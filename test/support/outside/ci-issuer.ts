// A CI system's OpenID issuer: discovery, keys, and identity tokens with whatever claims a test asks for. POST /rotate
// takes a new key; the old one is gone from the document, as at a real issuer.
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

interface Key {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

const makeKey = async (kid: string): Promise<Key> => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } }
}

let key: Promise<Key> | undefined
let rotations = 0

/** What a test may ask of a token; the rest is right. */
interface Asked {
  readonly claims: Record<string, unknown>
  readonly audience?: string
  readonly issuer?: string
  readonly issuedAt?: number
  readonly expiresAt?: number
  /** Signed by a key that the issuer does not publish, under the name of one that it does. */
  readonly isForged?: boolean
}

const sign = async (origin: string, asked: Asked): Promise<string> => {
  key ??= makeKey('key-0')
  const { kid, privateKey } = await key
  const signer = asked.isForged ? (await makeKey(kid)).privateKey : privateKey
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ jti: crypto.randomUUID(), ...asked.claims })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(asked.issuer ?? origin)
    .setAudience(asked.audience ?? 'http://platform.test')
    .setIssuedAt(asked.issuedAt ?? now)
    .setExpirationTime(asked.expiresAt ?? now + 300)
    .sign(signer)
}

export const ciIssuer = async (request: Request): Promise<Response> => {
  const { origin, pathname } = new URL(request.url)
  key ??= makeKey('key-0')
  if (pathname === '/.well-known/openid-configuration') {
    return Response.json({ issuer: origin, jwks_uri: `${origin}/keys` })
  }
  if (pathname === '/keys') return Response.json({ keys: [(await key).jwk] })
  if (pathname === '/rotate') {
    key = makeKey(`key-${++rotations}`)
    return Response.json({ kid: (await key).kid })
  }
  if (pathname === '/token') return new Response(await sign(origin, (await request.json()) as Asked))
  return new Response(null, { status: 404 })
}
