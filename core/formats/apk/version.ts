// apk's versions: number{.number}{letter}{_suffix{number}}{~hash}{-r#} (apk-package(5), apk-tools src/version.c).
import type { SpecVersion } from '../../model/spec.ts'

/** In their order; what stands before `none` sorts below a version without a suffix. */
const SUFFIXES = ['alpha', 'beta', 'pre', 'rc', 'none', 'cvs', 'svn', 'git', 'hg', 'p'] as const
const NO_SUFFIX = SUFFIXES.indexOf('none')

/** In the order a version has them; `end` and `invalid` come last, so that the longer of two versions is newer. */
const KINDS = ['initial', 'number', 'letter', 'suffix', 'suffixNumber', 'hash', 'revision', 'end', 'invalid'] as const
type Kind = (typeof KINDS)[number]

interface Token {
  readonly kind: Kind
  readonly text: string
  readonly rest: string
}

const END: Token = { kind: 'end', text: '', rest: '' }
const INVALID: Token = { kind: 'invalid', text: '', rest: '' }

const rank = (kind: Kind): number => KINDS.indexOf(kind)

const digits = (kind: Kind, rest: string): Token => {
  const text = /^\d*/.exec(rest)![0]
  return text === '' ? INVALID : { kind, text, rest: rest.slice(text.length) }
}

/** A number behind a dot or straight behind a suffix; which of them it is depends on what came before. */
const numberToken = (before: Kind, rest: string): Token => {
  if (before === 'initial' || before === 'number') return digits('number', rest)
  return before === 'suffix' ? digits('suffixNumber', rest) : INVALID
}

const suffixToken = (rest: string): Token => {
  const text = /^[a-z]*/.exec(rest)![0]
  const isKnown = text !== 'none' && SUFFIXES.some((suffix) => suffix === text)
  return isKnown ? { kind: 'suffix', text, rest: rest.slice(text.length) } : INVALID
}

const hashToken = (rest: string): Token => {
  const text = /^[0-9a-f]*/.exec(rest)![0]
  return text === '' ? INVALID : { kind: 'hash', text, rest: rest.slice(text.length) }
}

/** What each sign opens, and the kind a version must not have reached for it. */
const OPENERS: readonly {
  readonly sign: RegExp
  readonly before: Kind
  readonly read: (before: Kind, rest: string) => Token
}[] = [
  { sign: /^[a-z]/, before: 'letter', read: (_, rest) => ({ kind: 'letter', text: rest[0]!, rest: rest.slice(1) }) },
  { sign: /^\./, before: 'letter', read: (before, rest) => numberToken(before, rest.slice(1)) },
  { sign: /^\d/, before: 'end', read: numberToken },
  { sign: /^_/, before: 'hash', read: (_, rest) => suffixToken(rest.slice(1)) },
  { sign: /^~/, before: 'hash', read: (_, rest) => hashToken(rest.slice(1)) },
  { sign: /^-r/, before: 'revision', read: (_, rest) => digits('revision', rest.slice(2)) },
]

const nextToken = ({ kind, rest }: Token): Token => {
  if (rest === '') return END
  const opener = OPENERS.find(({ sign }) => sign.test(rest))
  return opener && rank(kind) < rank(opener.before) ? opener.read(kind, rest) : INVALID
}

const isOver = ({ kind }: Token): boolean => kind === 'end' || kind === 'invalid'

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

const compareNumbers = (a: string, b: string): number => {
  const left = a.replace(/^0+/, '')
  const right = b.replace(/^0+/, '')
  return left.length - right.length || compareText(left, right)
}

const suffixRank = (text: string): number => (SUFFIXES as readonly string[]).indexOf(text)

/** Two tokens of one kind. Behind the first dot a leading zero makes numbers text, as in Gentoo. */
const compareTokens = (a: Token, b: Token): number => {
  switch (a.kind) {
    case 'number':
      return a.text.startsWith('0') || b.text.startsWith('0')
        ? compareText(a.text, b.text)
        : compareNumbers(a.text, b.text)
    case 'initial':
    case 'suffixNumber':
    case 'revision':
      return compareNumbers(a.text, b.text)
    case 'suffix':
      return suffixRank(a.text) - suffixRank(b.text)
    default:
      return compareText(a.text, b.text)
  }
}

const isPrerelease = (token: Token): boolean => token.kind === 'suffix' && suffixRank(token.text) < NO_SUFFIX

export const compareApkVersions = (a: string, b: string): number => {
  let left = digits('initial', a)
  let right = digits('initial', b)
  while (left.kind === right.kind && !isOver(left)) {
    const difference = compareTokens(left, right)
    if (difference !== 0) return difference
    left = nextToken(left)
    right = nextToken(right)
  }
  if (left.kind === right.kind) return 0
  if (isPrerelease(left)) return -1
  if (isPrerelease(right)) return 1
  return rank(right.kind) - rank(left.kind)
}

export const isApkVersion = (version: string): boolean => {
  let token = digits('initial', version)
  while (!isOver(token)) token = nextToken(token)
  return token.kind === 'end' && version.length <= 128
}

/** apk 2.14 knows no `~hash` and no number of 18 digits: built versions stay within what both read. */
export const isPortableApkVersion = (version: string): boolean =>
  isApkVersion(version) && !version.includes('~') && !/\d{18}/.test(version)

/**
 * What apk installs, whatever it thinks of the version: neither 2.14 nor 3 asks when it reads an index or a package
 * (src/package.c), and both then compare as far as they can read.
 */
export const isInstallableApkVersion = (version: string): boolean =>
  version.length <= 128 && /^\d[A-Za-z0-9._+~-]*$/.test(version)

/** apk knows four words for what comes before a release; these mean the same to whoever wrote them. */
const PRERELEASE_WORDS: Readonly<Record<string, string>> = {
  a: 'alpha',
  b: 'beta',
  c: 'rc',
  preview: 'pre',
  dev: 'pre',
  nightly: 'pre',
  snapshot: 'pre',
  canary: 'pre',
  next: 'pre',
}

/** `rc.1` and `rc-1` are how SemVer writes what apk calls `rc1`; nFPM passes every word on, and apk refuses most. */
const prereleaseSuffix = (word: string): string => {
  const [, name = '', number = ''] = /^([A-Za-z]+)[.-]?(\d*)$/.exec(word) ?? []
  return name === '' ? `_${word}` : `_${PRERELEASE_WORDS[name.toLowerCase()] ?? name}${number}`
}

/** nFPM's rule: what is no version-control suffix is a patch level. It must stand before the revision. */
const metadataSuffix = (word: string): string => (/^(?:p|cvs|svn|git|hg)/.test(word) ? `_${word}` : `_p${word}`)

/** apk has no epoch; nFPM leaves it out too. */
export const apkVersion = (parts: SpecVersion): string => {
  const prerelease = parts.prerelease ? prereleaseSuffix(parts.prerelease) : ''
  const metadata = parts.metadata ? metadataSuffix(parts.metadata) : ''
  const release = parts.release ? `-r${parts.release.replace(/^r/, '')}` : ''
  return `${parts.version}${prerelease}${metadata}${release}`
}
