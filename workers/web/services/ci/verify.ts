// Is an identity token its issuer's, for us, and of now? Keys come from the issuer's discovery document and are kept
// per isolate; jose asks again when a token names a key it does not know, so a rotation needs nothing from us.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import { checkOutboundUrl } from '../platform/outbound.ts'

/** Asymmetric alone: with `none` or a shared key anybody could be the issuer. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const CLOCK_TOLERANCE_SECONDS = 60
/** CI tokens live for minutes; one that says days is not taken after this. */
const MAX_AGE = '1h'
const KEYS_FOR_MS = 60 * 60 * 1000
const MAX_ISSUERS = 100
const DISCOVERY_TIMEOUT_MS = 5000
const MAX_DISCOVERY_CHARACTERS = 64 * 1024

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.url() })

interface Keys {
  readonly get: JWTVerifyGetKey
  readonly readAtMs: number
}
const keysOfIssuers = new Map<string, Keys>()

const refused = (message: string): Result<never, Fault> => err(fault('identity_refused', message))

const discover = async (issuer: string, nowMs: number): Promise<Result<Keys, Fault>> => {
  const checked = checkOutboundUrl(issuer)
  if (!checked.ok) return checked
  const trouble = (why: string) => refused(`The keys of ${issuer} cannot be read: ${why}.`)
  const response = await fetch(`${issuer}/.well-known/openid-configuration`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS),
  }).catch(() => undefined)
  if (!response?.ok)
    return trouble(response ? `its discovery document answered ${response.status}` : 'it does not answer')
  const text = await response.text()
  if (text.length > MAX_DISCOVERY_CHARACTERS) return trouble('its discovery document is too large')
  const document = discoverySchema.safeParse(
    await Promise.resolve(text)
      .then(JSON.parse)
      .catch(() => undefined),
  )
  // OpenID Connect Discovery 4.3: the document must be of the issuer that was asked.
  if (!document.success || document.data.issuer !== issuer) return trouble('its discovery document is not its own')
  const jwks = checkOutboundUrl(document.data.jwks_uri)
  if (!jwks.ok) return jwks
  const keys = { get: createRemoteJWKSet(jwks.value, { timeoutDuration: DISCOVERY_TIMEOUT_MS }), readAtMs: nowMs }
  if (keysOfIssuers.size >= MAX_ISSUERS) keysOfIssuers.clear()
  keysOfIssuers.set(issuer, keys)
  return ok(keys)
}

const keysOf = async (issuer: string, nowMs: number): Promise<Result<Keys, Fault>> => {
  const kept = keysOfIssuers.get(issuer)
  return kept && nowMs - kept.readAtMs < KEYS_FOR_MS ? ok(kept) : discover(issuer, nowMs)
}

/** Who the token says it is from, before anything of it is believed. */
export const claimedIssuer = (token: string): string | undefined => {
  try {
    const { iss } = decodeJwt(token)
    // The type is a promise of the token's alone.
    return typeof iss === 'string' ? iss : undefined
  } catch {
    return undefined
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: 'it has expired',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'its signature is not its issuer’s',
  ERR_JWKS_NO_MATCHING_KEY: 'its issuer has no such key',
  ERR_JOSE_ALG_NOT_ALLOWED: 'its algorithm is not taken here',
}

const reasonOf = (error: unknown, audience: string): string => {
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'aud'
      ? `it is not made for this place: ask the CI for a token with the audience ${audience}`
      : `its claim "${error.claim}" does not hold`
  }
  const code = error instanceof errors.JOSEError ? error.code : ''
  return REASONS[code] ?? 'it cannot be verified'
}

/** The claims, once signature, issuer, audience and times are checked. */
export const verifyIdentity = async (
  token: string,
  expected: { readonly issuer: string; readonly audience: string; readonly nowMs: number },
): Promise<Result<JWTPayload & { readonly exp: number; readonly sub: string }, Fault>> => {
  const { issuer, audience, nowMs } = expected
  const keys = await keysOf(issuer, nowMs)
  if (!keys.ok) return keys
  try {
    const { payload } = await jwtVerify(token, keys.value.get, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      maxTokenAge: MAX_AGE,
      requiredClaims: ['sub', 'exp', 'iat'],
      currentDate: new Date(nowMs),
    })
    return ok(payload as JWTPayload & { exp: number; sub: string })
  } catch (error) {
    return refused(`The identity token is refused: ${reasonOf(error, audience)}.`)
  }
}
