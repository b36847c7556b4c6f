// What a reader's URL asks for: `/r/{org}/{project}[/@{generation or day}]/{path}`. Pure, and the first line of
// defence: nothing that leaves here can climb, hide a separator, or outgrow an object key.

/** `/@17/…` or `/@2026-11-22/…`: the repository as it stood then. */
export type Pin = { readonly generation: number } | { readonly day: string }

export interface Address {
  readonly organization: string
  readonly project: string
  readonly pin?: Pin
  /** Decoded, no leading slash, no empty segment; empty for the repository itself. */
  readonly path: string
  /** `path` as the reader spelled it, for redirects. */
  readonly encodedPath: string
}

/** R2 keys hold 1,024 bytes; the rest is for the folder in front of the path. */
const MAX_PATH_BYTES = 900
/** Also the pattern of organization and project names in core/contract/wire.ts; zod is left out of this Worker. */
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,37}[a-z0-9])?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNSAFE_SEGMENT = /[\u0000-\u001f\u007f/\\]|^\.{1,2}$/

const decodeSegment = (segment: string): string | undefined => {
  try {
    const decoded = decodeURIComponent(segment)
    return UNSAFE_SEGMENT.test(decoded) ? undefined : decoded
  } catch {
    return undefined
  }
}

const isRealDay = (day: string): boolean => {
  const time = Date.parse(`${day}T00:00:00Z`)
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(day)
}

const parsePin = (segment: string): Pin | undefined => {
  const generation = /^@(0|[1-9][0-9]{0,14})$/.exec(segment)?.[1]
  if (generation) return { generation: Number(generation) }
  // Years 2000 to 2999: the day keys of core/contract/object-keys.ts count down from eight nines.
  const day = /^@(2[0-9]{3}-[0-9]{2}-[0-9]{2})$/.exec(segment)?.[1]
  return day && isRealDay(day) ? { day } : undefined
}

/**
 * Undefined when no repository could ever have this address. Empty segments are dropped, because clients join
 * `base/` and `/path`; `+`, `:` and `~` mean themselves, encoded or not (apt writes `%2b`, pacman `:`).
 */
export const parseAddress = (pathname: string): Address | undefined => {
  const encoded = pathname.split('/').filter((segment) => segment !== '')
  const segments: string[] = []
  for (const segment of encoded) {
    const decoded = decodeSegment(segment)
    if (decoded === undefined) return undefined
    segments.push(decoded)
  }
  const [prefix, organization = '', project = '', ...rest] = segments
  if (prefix !== 'r' || !SLUG.test(organization) || !SLUG.test(project)) return undefined
  const isPinned = rest[0]?.startsWith('@') ?? false
  const pin = isPinned ? parsePin(rest[0] ?? '') : undefined
  if (isPinned && !pin) return undefined
  const path = rest.slice(isPinned ? 1 : 0).join('/')
  if (new TextEncoder().encode(path).length > MAX_PATH_BYTES) return undefined
  const encodedPath = encoded.slice(isPinned ? 4 : 3).join('/')
  return { organization, project, path, encodedPath, ...(pin ? { pin } : {}) }
}
