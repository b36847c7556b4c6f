// Which package files a person means by a word: an id, a file's name, NAME, NAME@VERSION or a version. Each format spells
// a version in its own way (`2.2.6` is `2.2.6-1` in an rpm, `1.0.0-rc1` is `1.0.0_rc1` in an apk), and a person means all.
import type { Format } from '../format.ts'
import { splitVersion } from '../manifest/version.ts'
import { err, ok, type Result } from '../result.ts'

export interface PackageFile {
  readonly id: string
  readonly format: string
  readonly name: string
  readonly version: string
  readonly fileName: string
}

/** Nobody must delete more than was meant: a word that fits two packages is answered with a sentence. */
export type Meant<T> = Result<readonly T[], string>

const EPOCH = /^\d+:/

const without = (pattern: RegExp, text: string): string => text.replace(pattern, '')

/** The ways a person may write the version of a finished file: with or without its epoch and its release. */
const spellings = (format: Format, version: string): readonly string[] => {
  const upstream = format.upstreamOf(version)
  const epoch = EPOCH.exec(version)?.[0] ?? ''
  return [version, without(EPOCH, version), upstream, epoch + upstream]
}

/** As a manifest writes the version, in this format's own words. */
const builtFrom = (format: Format, word: string): string => {
  const epoch = EPOCH.exec(word)?.[0] ?? ''
  const parts = splitVersion({ version: word.slice(epoch.length), schema: 'semver' })
  return epoch + format.upstreamOf(format.spellVersion(parts))
}

/** `1.0-1` is a release to whoever knows packages, and a prerelease to SemVer: what is there by that name decides. */
const RELEASE = /-r?(\d[\d.]*)$/

/** As a manifest writes version and release apart, in this format's own words: `1.0-1` is `1.0-r1` in an apk. */
const releasedFrom = (format: Format, word: string): string => {
  const [suffix = '', release = ''] = RELEASE.exec(word) ?? []
  const version = word.slice(0, word.length - suffix.length).replace(EPOCH, '')
  return format.spellVersion({ ...splitVersion({ version, schema: 'semver' }), release })
}

const ofVersion = <T extends PackageFile>(
  files: readonly T[],
  word: string,
  formats: readonly Format[],
): readonly T[] => {
  const spelled = (pick: (format: Format, file: T) => boolean): readonly T[] =>
    files.filter((file) => {
      const format = formats.find(({ id }) => id === file.format)
      return format !== undefined && pick(format, file)
    })
  const written = spelled((format, { version }) => spellings(format, version).includes(word))
  if (RELEASE.test(word)) {
    const isReleased = (format: Format, version: string) => without(EPOCH, version) === releasedFrom(format, word)
    const released = spelled((format, file) => written.includes(file) || isReleased(format, file.version))
    if (released.length > 0) return released
  }
  const meant = new Set([
    ...written,
    ...spelled((format, { version }) => spellings(format, version).includes(builtFrom(format, word))),
  ])
  return files.filter((file) => meant.has(file))
}

const namesOf = (files: readonly PackageFile[]): readonly string[] => [...new Set(files.map(({ name }) => name))].sort()

const listed = (words: readonly string[]): string =>
  words.length > 5 ? `${words.slice(0, 5).join(', ')} and ${words.length - 5} more` : words.join(', ')

const ofName = <T extends PackageFile>(files: readonly T[], word: string): readonly T[] =>
  files.filter(({ name }) => name === word)

/** Undefined when the word is no NAME@VERSION of these files; names may hold an @ themselves. */
const ofNameAndVersion = <T extends PackageFile>(
  files: readonly T[],
  word: string,
  formats: readonly Format[],
): Meant<T> | undefined => {
  const at = word.lastIndexOf('@')
  if (at <= 0) return undefined
  const [name, version] = [word.slice(0, at), word.slice(at + 1)]
  const named = ofName(files, name)
  if (named.length === 0) return undefined
  const found = ofVersion(named, version, formats)
  if (found.length > 0) return ok(found)
  const versions = [...new Set(named.map((file) => file.version))]
  return err(`"${name}" has no version "${version}" here. It has ${listed(versions)}.`)
}

/** Every file that `word` means; an error is a sentence for whoever wrote it. `files` are all of a project. */
export const findMeant = <T extends PackageFile>(
  files: readonly T[],
  word: string,
  formats: readonly Format[],
): Meant<T> => {
  const exact = files.filter(({ id, fileName }) => word === id || word === fileName)
  if (exact.length > 0) return ok(exact)
  const pair = ofNameAndVersion(files, word, formats)
  if (pair) return pair
  const named = ofName(files, word)
  const versioned = ofVersion(files, word, formats)
  if (named.length > 0 && versioned.length > 0) {
    return err(`"${word}" is a package and a version here. Write NAME@VERSION.`)
  }
  if (named.length > 0) return ok(named)
  const names = namesOf(versioned)
  if (names.length > 1) {
    return err(
      `${names.length} packages have the version "${word}". Write which: ${listed(names.map((name) => `${name}@${word}`))}.`,
    )
  }
  if (versioned.length > 0) return ok(versioned)
  const known = namesOf(files)
  const there = known.length > 0 ? ` There are ${listed(known)}.` : ' Nothing is published here.'
  return err(`No package here has the id, file name, name or version "${word}".${there}`)
}
