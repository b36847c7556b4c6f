// rpm's order of versions: epoch, version, release, each by rpmvercmp (rpm's rpmio/rpmvercmp.cc, rpmver.cc).

/** `2:1.0-3` in its parts; no epoch is epoch 0 and no release is none. */
export interface Evr {
  readonly epoch: string
  readonly version: string
  readonly release: string | undefined
}

/** Digits before the first colon are the epoch, all behind the last hyphen is the release. */
export const parseEvr = (text: string): Evr => {
  const [, epoch = '', rest = text] = /^(\d*):(.*)$/s.exec(text) ?? []
  const cut = rest.lastIndexOf('-')
  return {
    epoch: epoch || '0',
    version: cut === -1 ? rest : rest.slice(0, cut),
    release: cut === -1 ? undefined : rest.slice(cut + 1),
  }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

const compareNumbers = (a: string, b: string): number => {
  const left = a.replace(/^0+/, '')
  const right = b.replace(/^0+/, '')
  return Math.sign(left.length - right.length) || compareText(left, right)
}

/** What neither a letter, a digit, `~` nor `^` is only separates. */
const SEPARATORS = /^[^A-Za-z0-9~^]+/

/** Both begin with a letter or a digit. A number is newer than letters. */
const compareSegments = (
  a: string,
  b: string,
): { readonly order: number; readonly rest: readonly [string, string] } => {
  const isNumber = /^\d/.test(a)
  const kind = isNumber ? /^\d*/ : /^[A-Za-z]*/
  const left = kind.exec(a)![0]
  const right = kind.exec(b)![0]
  const rest = [a.slice(left.length), b.slice(right.length)] as const
  if (right === '') return { order: isNumber ? 1 : -1, rest }
  return { order: isNumber ? compareNumbers(left, right) : compareText(left, right), rest }
}

/**
 * Where one of them stands before a sign: `~` is older than the end of a version, `^` newer than the end and older
 * than anything else. Both having it decides nothing; undefined where neither has one.
 */
const compareSigns = (a: string | undefined, b: string | undefined): number | undefined => {
  if (a === '~' || b === '~') return Number(b === '~') - Number(a === '~')
  if (a !== '^' && b !== '^') return undefined
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1
  return a === '^' ? -1 : 1
}

/** -1, 0, 1. */
export const rpmvercmp = (a: string, b: string): number => {
  let left = a.replace(SEPARATORS, '')
  let right = b.replace(SEPARATORS, '')
  while (left !== '' || right !== '') {
    const signs = compareSigns(left[0], right[0])
    if (signs) return signs
    if (signs === undefined && (left === '' || right === '')) break
    const { order, rest } =
      signs === 0 ? { order: 0, rest: [left.slice(1), right.slice(1)] } : compareSegments(left, right)
    if (order !== 0) return order
    left = rest[0]!.replace(SEPARATORS, '')
    right = rest[1]!.replace(SEPARATORS, '')
  }
  return Number(left !== '') - Number(right !== '')
}

/** No release is older than any (rpmverCmp). */
export const compareRpmVersions = (a: string, b: string): number => {
  const left = parseEvr(a)
  const right = parseEvr(b)
  const order = rpmvercmp(left.epoch, right.epoch) || rpmvercmp(left.version, right.version)
  if (order !== 0) return order
  if (left.release === undefined || right.release === undefined) {
    return Number(left.release !== undefined) - Number(right.release !== undefined)
  }
  return rpmvercmp(left.release, right.release)
}
