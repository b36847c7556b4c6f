// Dependencies in apk's form: `name`, `name>=1.2`, `name=1.2-r0`, `!name` (apk-world(5), apk-tools src/package.c).
// Manifests for many formats write `name (>= 1.2)`; that means the same and is translated.
import { type Fault, fault } from '../../fault.ts'
import { err, ok, type Result } from '../../result.ts'
import { oneLine, quoteForMessage } from '../../text/line.ts'
import { isPortableApkVersion } from './version.ts'

/**
 * One word of a dependency list as apk 2.14 and 3 both read it (src/package.c, apk_blob_pull_dep, of both): `foo`,
 * `!foo`, `foo>=1.2`, `so:libc.so.6`, `/bin/sh`. With another, 2.14 refuses the whole index and 3 calls its packages broken.
 */
const WORD = /^(!?)([A-Za-z0-9_./][A-Za-z0-9._+,:/[\]-]*)(?:([<>=~]+)([^<>=~\s]\S*))?$/

/** Undefined: apk reads it. */
const wordTrouble = (word: string): string | undefined => {
  const [, , name, operator, version = ''] = WORD.exec(word) ?? []
  if (name === undefined) return `${quoteForMessage(word)} is neither a name nor a name and a version, as in foo>=1.2`
  if (operator === undefined) return undefined
  // Both signs together ask for a checksum, which is for apk's own world file.
  if (/<.*>|>.*</.test(operator)) return `${quoteForMessage(word)} compares in two directions`
  // 2.14 reads it, writes it down as `foo?1` in its list of what is installed, and from then on changes nothing any more.
  if (/[<>].*~|~.*[<>]/.test(operator)) return `${quoteForMessage(word)} has ~ beside < or >, which apk 2.14 spoils`
  if (isPortableApkVersion(version)) return undefined
  return `${quoteForMessage(version)} is no version that apk can compare`
}

/** What is wrong with a list of words between blanks, as .PKGINFO and an index have it. */
export const wordsTrouble = (text: string): string | undefined => {
  for (const word of text.split(' ')) {
    const trouble = word === '' ? undefined : wordTrouble(word)
    if (trouble) return trouble
  }
  return undefined
}

const RELATION = /^(!?[A-Za-z0-9_./][A-Za-z0-9._+,:/[\]-]*?) *(?:(<<|>>|<=|>=|=|<|>|~) *([^\s()<>=~!]\S*))?$/

/** Debian's strict comparisons, which apk writes with one sign. */
const OPERATORS: Readonly<Record<string, string>> = { '<<': '<', '>>': '>' }

export const apkRelation = (text: string, key: string): Result<string, Fault> => {
  const line = oneLine(text, key)
  if (!line.ok) return line
  const plain = line.value.replace(/^([^\s(]+) *\(([^()]*)\)$/, '$1 $2').trim()
  const match = RELATION.exec(plain)
  const [, name = '', operator = '', version = ''] = match ?? []
  const word = `${name}${OPERATORS[operator] ?? operator}${version}`
  if (name.startsWith('!') && !key.startsWith('depends')) {
    const message = `${key} has ${quoteForMessage(line.value)}: only what a package depends on may begin with "!". Leave it out.`
    return err(fault('field_invalid', message, { key }))
  }
  if (match && wordTrouble(word) === undefined) return ok(word)
  const hint = 'Write "name" or "name>=1.2" with a version apk can read; alternatives are unknown to it'
  return err(
    fault('field_invalid', `${key} has ${quoteForMessage(line.value)}, which apk cannot read. ${hint}.`, { key }),
  )
}

/** Empty items are left out, as nFPM does. */
export const apkRelations = (items: readonly string[], key: string): readonly Result<string, Fault>[] =>
  items
    .map((item, at) => [item, `${key}.${at}`] as const)
    .filter(([item]) => item.trim() !== '')
    .map(([item, itemKey]) => apkRelation(item, itemKey))
