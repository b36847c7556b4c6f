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

/** -1, 0, 1. `~` is older than the end of a version, `^` newer than it and older than anything else. */
export const rpmvercmp = (a: string, b: string): number => {
  let left = a
  let right = b
  while (left !== '' || right !== '') {
    left = left.replace(SEPARATORS, '')
    right = right.replace(SEPARATORS, '')
    const [signA, signB] = [left[0], right[0]]
    if (signA === '~' || signB === '~') {
      if (signA !== signB) return signA === '~' ? -1 : 1
      left = left.slice(1)
      right = right.slice(1)
    } else if (signA === '^' || signB === '^') {
      if (signA === undefined || signB === undefined) return signA === undefined ? -1 : 1
      if (signA !== signB) return signA === '^' ? -1 : 1
      left = left.slice(1)
      right = right.slice(1)
    } else {
      if (left === '' || right === '') break
      const { order, rest } = compareSegments(left, right)
      if (order !== 0) return order
      left = rest[0]
      right = rest[1]
    }
  }
  return Number(left !== '') - Number(right !== '')
}

/** A missing release is equal to every release (rpmverCmp), which matters to relations and not to packages. */
export const compareRpmVersions = (a: string, b: string): number => {
  const left = parseEvr(a)
  const right = parseEvr(b)
  const order = rpmvercmp(left.epoch, right.epoch) || rpmvercmp(left.version, right.version)
  if (order !== 0 || left.release === undefined || right.release === undefined) return order
  return rpmvercmp(left.release, right.release)
}
