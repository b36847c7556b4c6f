// HTTP's questions about a copy the reader may already have, and about parts of a file (RFC 9110, 13 and 14).

export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string
  /** Whole seconds, as HTTP dates are. */
  readonly lastModifiedSeconds?: number
}

const parseSeconds = (date: string): number | undefined => {
  const time = Date.parse(date)
  return Number.isFinite(time) ? Math.floor(time / 1000) : undefined
}

/** Weak comparison (RFC 9110, 13.1.2): `W/` in front of a tag does not matter. */
const listsTag = (header: string, etag: string): boolean =>
  header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)

export const isNotModified = (headers: Headers, validators: Validators): boolean => {
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== null) return listsTag(noneMatch, validators.etag)
  const since = parseSeconds(headers.get('if-modified-since') ?? '')
  return since !== undefined && validators.lastModifiedSeconds !== undefined && validators.lastModifiedSeconds <= since
}

export interface ByteRange {
  readonly offset: number
  readonly sizeBytes: number
}

/** False only when `If-Range` names another copy than this one; then the whole file is the answer. */
const isSameCopy = (ifRange: string | null, validators: Validators): boolean =>
  ifRange === null ||
  ifRange.trim() === validators.etag ||
  (validators.lastModifiedSeconds !== undefined && parseSeconds(ifRange) === validators.lastModifiedSeconds)

/**
 * The one range asked for. Several ranges, other units and nonsense mean the whole file, which HTTP allows and
 * every client understands; a range past the end is `unsatisfiable`.
 */
export const rangeOf = (
  headers: Headers,
  sizeBytes: number,
  validators: Validators,
): ByteRange | 'whole' | 'unsatisfiable' => {
  const match = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(headers.get('range')?.replaceAll(' ', '') ?? '')
  if (!match || !isSameCopy(headers.get('if-range'), validators)) return 'whole'
  const [, first = '', last = ''] = match
  if (first === '') {
    if (last === '') return 'whole'
    const length = Math.min(Number(last), sizeBytes)
    return length === 0 ? 'unsatisfiable' : { offset: sizeBytes - length, sizeBytes: length }
  }
  const offset = Number(first)
  if (last !== '' && Number(last) < offset) return 'whole'
  if (offset >= sizeBytes) return 'unsatisfiable'
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  return { offset, sizeBytes: end - offset + 1 }
}
