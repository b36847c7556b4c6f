// Who may read. Public repositories ask nothing; private ones want a token whose grant the platform wrote.
import type { Head } from '@distropack/core/contract/objects.ts'
import type { Address } from './address.ts'
import { readGrant } from './store.ts'

/** Longer than any token the platform makes; what is longer is not hashed. */
const MAX_TOKEN_CHARACTERS = 512

const decodeBasic = (encoded: string): string | undefined => {
  try {
    const [, user = '', password = ''] = /^([^:]*):?(.*)$/s.exec(atob(encoded)) ?? []
    return password || user
  } catch {
    return undefined
  }
}

/** Bearer, or Basic with the token as password, or as user name with no password (`https://token@host/`). */
export const tokenOf = (request: Request): string | undefined => {
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+)$/.exec(request.headers.get('authorization') ?? '') ?? []
  const known: Readonly<Record<string, () => string | undefined>> = {
    bearer: () => credentials,
    basic: () => decodeBasic(credentials),
  }
  const token = known[scheme.toLowerCase()]?.()
  return token && token.length <= MAX_TOKEN_CHARACTERS ? token : undefined
}

const sha256Hex = async (text: string): Promise<string> => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A repository's name: where it stands, or whose it is now when it moved. */
type Owner = Pick<Address, 'organization' | 'project'>

const isGranted = async (bucket: R2Bucket, owner: Owner, token: string, nowMs: number): Promise<boolean> => {
  const grant = await readGrant(bucket, await sha256Hex(token))
  return (
    grant !== undefined &&
    (grant.expiresAtMs === null || grant.expiresAtMs > nowMs) &&
    grant.reach.some(
      ({ organization, project }) =>
        organization === owner.organization && (project === null || project === owner.project),
    )
  )
}

/**
 * An unknown repository is treated like a private one, here and in the answer, so that nobody without a token of
 * its organization can tell the two apart. A repository that moved is its new organization's at its old address, too.
 */
export const mayRead = async (
  bucket: R2Bucket,
  request: Request,
  address: Address,
  head: Head | undefined,
): Promise<boolean> => {
  if (head?.access === 'public') return true
  const token = tokenOf(request)
  return token !== undefined && (await isGranted(bucket, head?.owner ?? address, token, Date.now()))
}
