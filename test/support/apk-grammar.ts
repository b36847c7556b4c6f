// How apk reads a list of dependencies in an index: a second reading of the grammar, written from apk-tools' source
// (2.14: src/package.c and src/version.c; 3.0: the same and src/ctype.c) as one walk over characters, and sharing nothing
// with core. No Debian release has apk, so tests hold core against this; it was itself held against apk 2.14.10 and 3.0.6,
// built from their source: over 4,000 words of this fuzz's making both said what is said here.

export interface ApkWord {
  readonly name: string
  readonly isConflict: boolean
  /** What the signs say together, each once and in this order: less, equal, greater, fuzzy (which is equal too). */
  readonly signs: string
  readonly version: string
}

/** For a refused word apk 2.14 refuses the whole index, and apk 3 the package that has it. */
export type ApkReading = ApkWord | 'refused'

const SIGNS = '<=>~'

const signsOf = (written: string): string =>
  [...SIGNS].filter((sign) => written.includes(sign) || (sign === '=' && written.includes('~'))).join('')

interface Split {
  readonly name: string
  readonly isConflict: boolean
  readonly written: string
  readonly version: string
}

const split = (word: string): Split => {
  const isConflict = word.startsWith('!')
  let at = Number(isConflict)
  const from = at
  while (at < word.length && !SIGNS.includes(word[at]!)) at++
  const name = word.slice(from, at)
  const signsAt = at
  while (at < word.length && SIGNS.includes(word[at]!)) at++
  return { name, isConflict, written: word.slice(signsAt, at), version: word.slice(at) }
}

/** A version that asks for a checksum is not compared (APK_DEPMASK_CHECKSUM). */
const isChecksum = (signs: string): boolean => signs.includes('<') && signs.includes('>')

const readWord = (word: string, isVersion: (text: string) => boolean): ApkReading => {
  const { name, isConflict, written, version } = split(word)
  const signs = signsOf(written)
  if (written !== '' && version === '') return 'refused'
  if (written !== '' && !isChecksum(signs) && !isVersion(version)) return 'refused'
  return { name, isConflict, signs, version }
}

const SUFFIX = '(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)'

/** apk 3's, token by token: digits, a letter, suffixes, a hash, a revision. */
const VERSION_3 = new RegExp(`^\\d+(?:\\.\\d+)*[a-z]?(?:_${SUFFIX}\\d*)*(?:~[0-9a-f]+)?(?:-r\\d+)?$`)

/**
 * apk 2.14's is laxer: digits may be missing, follow a letter, and a revision may come twice. It knows no hash
 * and takes no number of 18 digits or more; zeros behind a dot are read before the number they begin.
 */
const NUMBER_2 = '\\d{0,17}'
const VERSION_2 = new RegExp(
  `^${NUMBER_2}(?:\\.(?:0+(?=0))?${NUMBER_2}|[a-z]\\d{1,17})*[a-z]?(?:_${SUFFIX}${NUMBER_2})*(?:_|(?:-r${NUMBER_2})*)$`,
)

/** A tag (`@edge`) is taken off the name. */
export const readByApk2 = (word: string): ApkReading => {
  const read = readWord(word, (text) => VERSION_2.test(text))
  return read === 'refused' ? read : { ...read, name: read.name.replace(/@.*$/s, '') }
}

/** In an index apk 3 takes no tags. */
export const readByApk3 = (word: string): ApkReading => {
  const read = readWord(word, (text) => VERSION_3.test(text))
  return read !== 'refused' && read.name.includes('@') ? 'refused' : read
}

/** The characters of a name that anything can be called by (src/ctype.c, PKGNAME and DEPNAME); apk reads any others. */
export const isApkDependencyName = (name: string): boolean => /^[-+,.:/[\]_0-9A-Za-z]+$/.test(name)
