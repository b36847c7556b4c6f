// Fields of a control file from a spec's words, for the formats that have Debian's: one line, relations, a folded text, and
// what a manifest names itself. Which relations a client reads is the format's to say.
import { type Fault, fault } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'
import { type Field, foldedText, isFieldName, singleLine } from './deb822.ts'
import { quoteForMessage } from './line.ts'

export type Fields = Result<readonly Field[], Fault>

/** Names without regard to case, from words between blanks. */
export const fieldNames = (...words: readonly string[]): ReadonlySet<string> =>
  new Set(words.join(' ').toLowerCase().split(' '))

/** Nothing for an empty text. */
export const lineField = (name: string, key: string, text = ''): Fields => {
  const line = singleLine(text, key)
  return line.ok ? ok(line.value === '' ? [] : [[name, line.value]]) : line
}

/** Items may hold several, between commas; empty ones are left out, as nFPM does. */
const partsOf = (line: string): readonly string[] =>
  line
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

export interface RelationReader {
  /** For a fault's sentence: `dpkg and apt`. */
  readonly clients: string
  /** One relation in the client's own spelling, or what is wrong with it. */
  read(name: string, part: string): Result<string, string>
}

export const relationField = (
  { clients, read }: RelationReader,
  name: string,
  key: string,
  items: readonly string[] = [],
): Fields => {
  const relations: string[] = []
  for (const [at, item] of items.entries()) {
    const line = singleLine(item, `${key}.${at}`)
    if (!line.ok) return line
    for (const part of partsOf(line.value)) {
      const relation = read(name, part)
      if (!relation.ok) {
        const what = `${key} has ${quoteForMessage(part)}, which ${clients} cannot read: ${relation.error}`
        return err(fault('field_invalid', `${what}. Write it as "name" or "name (>= 1.2)".`, { key: `${key}.${at}` }))
      }
      relations.push(relation.value)
    }
  }
  return ok(relations.length > 0 ? [[name, relations.join(', ')]] : [])
}

export interface OwnFields {
  /** The manifest's key that holds them: `deb.fields`. */
  readonly key: string
  /** Set by keys of their own, or said by a repository about the file: a package that claims them would lie. */
  readonly taken: ReadonlySet<string>
  /** The value as it is written, or what is wrong with it. */
  settle(name: string, text: string): Result<string, string>
}

/** nFPM drops such fields without a word. */
export const customFields = (
  { key, taken, settle }: OwnFields,
  fields: Readonly<Record<string, string>> = {},
): readonly Fields[] => {
  const seen = new Set<string>()
  return Object.entries(fields).map(([name, value]) => {
    const where = { key: `${key}.${name}` }
    const text = foldedText(value, where.key)
    if (!text.ok || text.value === '') return text.ok ? ok([]) : text
    if (!isFieldName(name) || taken.has(name.toLowerCase()) || seen.has(name.toLowerCase())) {
      const message = `${key} has ${quoteForMessage(name)}, which is no field name or set by another key. Take it out.`
      return err(fault('field_invalid', message, where))
    }
    seen.add(name.toLowerCase())
    const settled = settle(name, text.value)
    if (settled.ok) return ok([[name, settled.value]])
    return err(fault('field_invalid', `${where.key} ${settled.error}.`, where))
  })
}

export const descriptionField = (text: string): Fields => {
  const folded = foldedText(text || 'no description given', 'description')
  return folded.ok ? ok([['Description', folded.value]]) : folded
}

/** Who answers for a package that names nobody, as nFPM has it. */
export const UNSET_MAINTAINER = 'Unset Maintainer <unset@localhost>'

/** All faults at once, or the fields in order. */
export const allFields = (results: readonly Fields[]): Result<readonly Field[], readonly Fault[]> => {
  const faults = results.flatMap((result) => (result.ok ? [] : [result.error]))
  return faults.length > 0 ? err(faults) : ok(results.flatMap((result) => (result.ok ? result.value : [])))
}
