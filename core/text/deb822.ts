// Stanzas of `Name: value` lines (deb822(5)): Debian's control, Packages, Release and .sources files.
// Values are made by `singleLine` and `foldedText` only, so no text of a user's can begin a field or a stanza.
import { type Fault, fault } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'
import { manyLines, oneLine, quoteForMessage } from './line.ts'

/** A field as it stands in a stanza; `value` has its continuation lines, each beginning with a space. */
export type Field = readonly [name: string, value: string]

/** Policy 5.1: printable ASCII but no colon, and neither `#` nor `-` first. */
const FIELD_NAME = /^[!"$-,.-9;-~][!-9;-~]*$/

export const isFieldName = (name: string): boolean => FIELD_NAME.test(name)

/** Continuation lines begin with a blank and hold something else: an empty line would end the stanza. */
const CONTINUATION = /^[ \t]+[^ \t]/

/** Line by line: one expression over all of them would try every way to divide each. */
export const isFieldValue = (value: string): boolean =>
  !value.includes('\r') &&
  value
    .split('\n')
    .slice(1)
    .every((line) => CONTINUATION.test(line))

export const singleLine = (text: string, key: string): Result<string, Fault> => oneLine(text, key)

/**
 * A synopsis and an extended text (policy 5.6.13): lines behind it get a space, empty ones become ` .`.
 * Indented lines stay indented, which readers show as they are. Lines beginning with a dot are reserved there.
 */
export const foldedText = (text: string, key: string): Result<string, Fault> => {
  const lines = manyLines(text, key)
  if (!lines.ok) return lines
  const [synopsis = '', ...rest] = lines.value
  const folded = rest.map((line) => (line === '' ? ' .' : line.startsWith('.') ? `  ${line}` : ` ${line}`))
  return ok([synopsis, ...folded].join('\n'))
}

/** Lines under a field that has nothing on its own line: lists of checksums, an embedded key. */
export const blockValue = (lines: readonly string[]): string =>
  lines.map((line) => (line.trim() === '' ? '\n .' : `\n ${line}`)).join('')

/** One stanza, each field on its line, with no empty line behind it. Throws for values not made here: a bug. */
export const renderFields = (fields: readonly Field[]): string => {
  let text = ''
  for (const [name, value] of fields) {
    if (!isFieldName(name) || !isFieldValue(value)) throw new Error(`deb822 field ${quoteForMessage(name)} is not safe`)
    text += value.startsWith('\n') || value === '' ? `${name}:${value}\n` : `${name}: ${value}\n`
  }
  return text
}

const broken = (line: string, why: string): Result<never, Fault> =>
  err(fault('package_corrupt', `The control file has the line ${quoteForMessage(line)}, ${why}.`))

/** What no field of a package holds: C0 without the tab. NUL and Ctrl-Z end a file for some readers. */
const hasC0 = (line: string): boolean => [...line].some((character) => character < ' ' && character !== '\t')

/** A line of the file that ends one stanza with its neighbours: dpkg reads blanks as an empty line of the field above. */
const blankTrouble = (lines: readonly string[], at: number): string | undefined => {
  if (lines[at] !== '') return 'a line of blanks, which dpkg refuses'
  return lines.slice(at).every((line) => line === '') ? undefined : 'a second paragraph behind an empty line'
}

export interface Stanza {
  readonly fields: readonly Field[]
  /** Lines ended as on Windows; dpkg takes that for blanks at their ends. */
  readonly hadWindowsLineEnds: boolean
}

/** How strictly: dpkg knows no comments in a package's control file, opkg skips what it does not know. */
export interface StanzaRules {
  readonly comments: boolean
}

interface Fields {
  readonly list: [name: string, value: string][]
  readonly names: Set<string>
}

/** Takes one line of a stanza in; the reason when it cannot be one. */
const takeLine = (fields: Fields, line: string): string | undefined => {
  if (hasC0(line)) return 'with a control character'
  if (/^[ \t]/.test(line)) {
    const last = fields.list.at(-1)
    if (!last) return 'before any field'
    last[1] += `\n${line.trimEnd()}`
    return undefined
  }
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon)).trimEnd()
  if (!isFieldName(name)) return 'which is not "Name: value"'
  if (fields.names.has(name.toLowerCase())) return 'a field that was there before'
  fields.names.add(name.toLowerCase())
  fields.list.push([name, line.slice(colon + 1).trim()])
  return undefined
}

/** One stanza as dpkg reads it (lib/dpkg/parse.c, parse_stanza). What dpkg refuses is refused. */
export const parseStanza = (text: string, { comments }: StanzaRules): Result<Stanza, Fault> => {
  if (!text.endsWith('\n')) {
    const message = 'The control file does not end with a line end, so dpkg refuses it. Add one.'
    return err(fault('package_corrupt', message))
  }
  const lines = text.slice(0, -1).replace(/^\n+/, '').split('\n')
  const fields: Fields = { list: [], names: new Set() }
  for (const [at, raw] of lines.entries()) {
    const line = raw.replace(/\r$/, '')
    if (line.trim() === '') {
      const trouble = blankTrouble(lines, at)
      if (trouble) return broken(raw, trouble)
      break
    }
    if (comments && line.startsWith('#')) continue
    const trouble = takeLine(fields, line)
    if (trouble) return broken(line, trouble)
  }
  return ok({ fields: fields.list, hadWindowsLineEnds: lines.some((line) => line.endsWith('\r')) })
}
