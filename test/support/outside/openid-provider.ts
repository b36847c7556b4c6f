// An OpenID provider (OpenID Connect Core 1.0, Discovery 1.0): discovery, keys, tokens, userinfo. It signs with a key
// of its own for as long as it lives. The authorization code is the e-mail address that signs in, and the nonce it was
// asked with, which a real one would have kept.
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const ISSUER = 'https://idp.test'

const makeKeys = async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: 'first', alg: 'RS256', use: 'sig' } }
}
let keys: ReturnType<typeof makeKeys> | undefined

const idToken = async (email: string, clientId: string, nonce?: string): Promise<string> => {
  keys ??= makeKeys()
  const { privateKey } = await keys
  return new SignJWT({ email, email_verified: true, name: email, ...(nonce ? { nonce } : {}) })
    .setProtectedHeader({ alg: 'RS256', kid: 'first' })
    .setIssuer(ISSUER)
    .setAudience(clientId)
    .setSubject(`sub-${email}`)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey)
}

const DISCOVERY = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  userinfo_endpoint: `${ISSUER}/userinfo`,
  jwks_uri: `${ISSUER}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
}

export const openidProvider = async (request: Request): Promise<Response> => {
  const { pathname } = new URL(request.url)
  if (pathname === '/.well-known/openid-configuration') return Response.json(DISCOVERY)
  if (pathname === '/jwks') {
    keys ??= makeKeys()
    return Response.json({ keys: [(await keys).jwk] })
  }
  if (pathname === '/token') {
    const form = new URLSearchParams(await request.text())
    const [email = '', nonce] = (form.get('code') ?? '').split(' ')
    const id_token = await idToken(email, 'oidc-client', nonce)
    return Response.json({ access_token: `at-${email}`, token_type: 'Bearer', expires_in: 300, id_token })
  }
  if (pathname === '/userinfo') {
    const email = /^Bearer at-(.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
    if (!email) return new Response(null, { status: 401 })
    return Response.json({ sub: `sub-${email}`, email, email_verified: true, name: email })
  }
  return new Response(null, { status: 404 })
}
