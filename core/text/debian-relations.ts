// Relations of binary packages as dpkg and apt both read them (dpkg's lib/dpkg/fields.c, f_dependency; apt's
// apt-pkg/deb/deblistparser.cc, ParseDepends), and as opkg does, which took the form over. One that apt cannot read makes
// it refuse every list of its machine, so nothing else goes into an index; what goes in is spelled in one way.
import { err, ok, type Result } from '../result.ts'
import { quoteForMessage } from './line.ts'

export interface RelationRules {
  /** `a | b`. dpkg refuses them where nobody could choose: in Conflicts, Breaks, Replaces and Provides. */
  readonly alternatives: boolean
  /** Without it only `=`: a package provides one version. */
  readonly comparisons: boolean
  /** `foo:any` */
  readonly architectures: boolean
  /** dpkg reads `Foo` as `foo`. */
  readonly lowerCase: boolean
  readonly isVersion: (text: string) => boolean
}

interface Reader {
  readonly text: string
  at: number
}

/** Blanks in dpkg's and apt's sense; a folded field has line breaks among them. */
const skipBlanks = (reader: Reader): void => {
  while (/[ \t\n\v\f\r]/.test(reader.text[reader.at] ?? '')) reader.at += 1
}

/** The longest run at this place; the pattern is sticky. */
const take = (reader: Reader, pattern: RegExp): string => {
  pattern.lastIndex = reader.at
  const [found = ''] = pattern.exec(reader.text) ?? []
  reader.at += found.length
  return found
}

const NAME = /[^\s:(),|[\]<>]+/y
/** dpkg's pkg_name_is_invalid. */
const isName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9+._-]*$/.test(name)
/** dpkg's dpkg_arch_name_is_invalid. */
const ARCHITECTURE = /[A-Za-z0-9][A-Za-z0-9-]*/y
const OPERATOR = /<<|<=|>>|>=|<|>|=/y
const VERSION = /[^\s()]+/y

/** A lone sign is the old form of the two that stand here, and no sign means `=` (deb-control(5), dpkg's own warnings). */
const OPERATORS: Readonly<Record<string, string>> = { '': '=', '<': '<=', '>': '>=' }

const SOURCE_ONLY = 'lists of architectures and build profiles belong to source packages (policy 7.1)'

/** Behind the name: `(>= 1.2)`, or nothing. */
const readVersion = (reader: Reader, name: string, rules: RelationRules): Result<string, string> => {
  if (reader.text[reader.at] !== '(') return ok('')
  reader.at += 1
  skipBlanks(reader)
  const sign = take(reader, OPERATOR)
  const operator = OPERATORS[sign] ?? sign
  skipBlanks(reader)
  const version = take(reader, VERSION)
  skipBlanks(reader)
  if (reader.text[reader.at] !== ')') return err(`what follows ${name} is no version in parentheses`)
  reader.at += 1
  skipBlanks(reader)
  if (!rules.isVersion(version)) return err(`${quoteForMessage(version)} is no version`)
  if (operator !== '=' && !rules.comparisons) return err(`only "=" may stand before the version of ${name} here`)
  return ok(` (${operator} ${version})`)
}

const readOne = (reader: Reader, rules: RelationRules): Result<string, string> => {
  const name = take(reader, NAME)
  if (name === '') return err('a package name is missing')
  if (!isName(name)) return err(`${quoteForMessage(name)} is no package name`)
  let qualified = rules.lowerCase ? name.toLowerCase() : name
  if (rules.architectures && reader.text[reader.at] === ':') {
    reader.at += 1
    const word = take(reader, ARCHITECTURE)
    if (word === '') return err(`an architecture is missing behind "${name}:"`)
    qualified += `:${word}`
  }
  skipBlanks(reader)
  const version = readVersion(reader, name, rules)
  if (!version.ok) return version
  const next = reader.text[reader.at]
  if (next === undefined || next === ',' || next === '|') return ok(qualified + version.value)
  return err(
    next === '[' || next === '<'
      ? SOURCE_ONLY
      : `${quoteForMessage(reader.text.slice(reader.at, reader.at + 20))} follows ${name}`,
  )
}

/** The field's value in one spelling, `a (>= 1.2) | b, c`, or what is wrong with it. Not for an empty field. */
export const readRelations = (text: string, rules: RelationRules): Result<string, string> => {
  const reader: Reader = { text, at: 0 }
  let spelled = ''
  for (;;) {
    const one = readOne(reader, rules)
    if (!one.ok) return one
    spelled += one.value
    const separator = reader.text[reader.at]
    if (separator === undefined) return ok(spelled)
    if (separator === '|' && !rules.alternatives) return err('alternatives (|) may not stand here')
    spelled += separator === '|' ? ' | ' : ', '
    reader.at += 1
    skipBlanks(reader)
  }
}
