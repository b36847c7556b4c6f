// The order of archive versions: SemVer's (semver.org, 11), with two things SemVer leaves open settled: any number of
// leading numbers, and build metadata, which counts last (a release stands there), a version without it first.

const parts = (text: string, sign: string): readonly [string, string | undefined] => {
  const at = text.indexOf(sign)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

const compareNumbers = (a: string, b: string): number => {
  const left = a.replace(/^0+/, '')
  const right = b.replace(/^0+/, '')
  return Math.sign(left.length - right.length) || compareText(left, right)
}

const isNumber = (text: string): boolean => /^[0-9]+$/.test(text)

/** Runs of digits count as numbers also within a word, so that rc10 is above rc9; a number is below a word. */
const compareIdentifiers = (a: string, b: string): number => {
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1
  const left = a.match(/[0-9]+|[^0-9]+/g) ?? []
  const right = b.match(/[0-9]+|[^0-9]+/g) ?? []
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [one = '', other = ''] = [left[at], right[at]]
    const difference = isNumber(one) && isNumber(other) ? compareNumbers(one, other) : compareText(one, other)
    if (difference !== 0) return difference
  }
  return Math.sign(left.length - right.length)
}

/** Dotted identifiers in turn; of two that agree so far the longer is newer. */
const compareDotted = (a: string, b: string): number => {
  const left = a.split('.')
  const right = b.split('.')
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = compareIdentifiers(left[at]!, right[at]!)
    if (difference !== 0) return difference
  }
  return Math.sign(left.length - right.length)
}

export const compareArchiveVersions = (a: string, b: string): number => {
  const [[leftMain, leftBuild], [rightMain, rightBuild]] = [parts(a, '+'), parts(b, '+')]
  const [[left, leftPre], [right, rightPre]] = [parts(leftMain, '-'), parts(rightMain, '-')]
  const difference = compareDotted(left, right)
  if (difference !== 0) return difference
  if ((leftPre === undefined) !== (rightPre === undefined)) return leftPre === undefined ? 1 : -1
  const prerelease = compareDotted(leftPre ?? '', rightPre ?? '')
  if (prerelease !== 0) return prerelease
  if ((leftBuild === undefined) !== (rightBuild === undefined)) return leftBuild === undefined ? -1 : 1
  return compareDotted(leftBuild ?? '', rightBuild ?? '')
}
