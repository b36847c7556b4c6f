// pacman's versions, [epoch:]pkgver-pkgrel, and their order: vercmp(8), libalpm's lib/libalpm/version.c.
// There is no tilde here. What puts a version below its release is a letter straight behind it: 1.0rc1 < 1.0.
import type { SpecVersion } from '../../model/spec.ts'

const isAlpha = (character: string | undefined): boolean => character !== undefined && /[A-Za-z]/.test(character)

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

const compareNumbers = (a: string, b: string): number => {
  const left = a.replace(/^0+/, '')
  const right = b.replace(/^0+/, '')
  return Math.sign(left.length - right.length) || compareText(left, right)
}

/** Separators, then one run of digits or letters, then the rest. The run is empty only at the end. */
const SEGMENT = /^([^A-Za-z0-9]*)([0-9]+|[A-Za-z]*)(.*)$/s

const isNumber = (segment: string): boolean => /^[0-9]/.test(segment)

/** Two segments behind separators of one length; a number is newer than letters. */
const compareSegments = (a: string, b: string): number => {
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? 1 : -1
  return isNumber(a) ? compareNumbers(a, b) : compareText(a, b)
}

/** What is left when one side ran out: letters make a version older, anything else newer. */
const compareRests = (a: string, b: string): number => {
  if (a === '' && b === '') return 0
  return (a === '' && !isAlpha(b[0])) || isAlpha(a[0]) ? -1 : 1
}

/** Segments of digits or letters in turn; of their separators only the length counts. */
const comparePart = (a: string, b: string): number => {
  let left = a
  let right = b
  while (left !== '' && right !== '') {
    const [, leftGap = '', leftSegment = '', leftRest = ''] = SEGMENT.exec(left)!
    const [, rightGap = '', rightSegment = '', rightRest = ''] = SEGMENT.exec(right)!
    // libalpm walks over separators before it sees that nothing follows them.
    if (leftSegment === '' || rightSegment === '') {
      return compareRests(left.slice(leftGap.length), right.slice(rightGap.length))
    }
    const difference = Math.sign(leftGap.length - rightGap.length) || compareSegments(leftSegment, rightSegment)
    if (difference !== 0) return difference
    left = leftRest
    right = rightRest
  }
  return compareRests(left, right)
}

interface Parts {
  readonly epoch: string
  readonly version: string
  readonly release: string | undefined
}

const split = (text: string): Parts => {
  const digits = /^[0-9]*/.exec(text)![0]
  const hasEpoch = text[digits.length] === ':'
  const rest = hasEpoch ? text.slice(digits.length + 1) : text
  const dash = rest.lastIndexOf('-')
  return {
    epoch: (hasEpoch && digits) || '0',
    version: dash === -1 ? rest : rest.slice(0, dash),
    release: dash === -1 ? undefined : rest.slice(dash + 1),
  }
}

export const compareArchVersions = (a: string, b: string): number => {
  const left = split(a)
  const right = split(b)
  const difference = comparePart(left.epoch, right.epoch) || comparePart(left.version, right.version)
  if (difference !== 0 || left.release === undefined || right.release === undefined) return difference
  return comparePart(left.release, right.release)
}

/**
 * What libalpm takes, in characters that also stand unchanged in a URL: the version is part of a file's address.
 * makepkg's lint_pkgbuild/pkgver.sh forbids colons, slashes, hyphens and blanks.
 */
export const isArchVersion = (version: string): boolean =>
  version.length <= 128 && /^(?:[0-9]{1,9}:)?[A-Za-z0-9_][A-Za-z0-9._+~]*-[A-Za-z0-9][A-Za-z0-9._+~]*$/.test(version)

const plain = (text: string): string => text.replaceAll('-', '_')

/** A prerelease that begins with a digit (SemVer's 1.0.0-1) would read as a longer number: 1.0.01. */
const prereleaseOf = (word: string): string => (/^[A-Za-z]/.test(word) ? plain(word) : `pre${plain(word)}`)

/** nFPM's default. */
const DEFAULT_RELEASE = '1'

/**
 * Joined as nFPM's file names are, hyphens as underscores; unlike there, every place has the same words, and
 * metadata is kept: behind a plus it makes a version newer. An epoch of 0 is no epoch, as in makepkg.
 */
export const archVersion = (parts: SpecVersion): string => {
  const epoch = parts.epoch ? `${parts.epoch}:` : ''
  const prerelease = parts.prerelease ? prereleaseOf(parts.prerelease) : ''
  const metadata = parts.metadata ? `+${plain(parts.metadata)}` : ''
  return `${epoch}${plain(parts.version)}${prerelease}${metadata}-${plain(parts.release || DEFAULT_RELEASE)}`
}

/** False where no letter can sort below the release: 1.0a has one at its end already, and 1.0arc1 is above it. */
export const isPrereleaseBelow = ({ prerelease, release: _, ...parts }: SpecVersion): boolean =>
  !prerelease || compareArchVersions(archVersion({ ...parts, prerelease }), archVersion(parts)) < 0
