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

const broken = (line: string): Result<never, Fault> =>
  err(fault('package_corrupt', `The control file has the line ${quoteForMessage(line)}, which is not "Name: value".`))

/** Reads one stanza; text behind the first empty line, if any, is another stanza and refused. */
export const parseFields = (text: string): Result<readonly Field[], Fault> => {
  const fields: [string, string][] = []
  const seen = new Set<string>()
  for (const line of text.trim().split('\n')) {
    const last = fields.at(-1)
    if (line.startsWith('#')) continue
    if (/^[ \t]/.test(line)) {
      if (!last || line.trim() === '' || line.includes('\r')) return broken(line)
      last[1] += `\n${line.trimEnd()}`
      continue
    }
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon)).trimEnd()
    if (!isFieldName(name) || seen.has(name.toLowerCase()) || line.includes('\r')) return broken(line)
    seen.add(name.toLowerCase())
    fields.push([name, line.slice(colon + 1).trim()])
  }
  return ok(fields)
}
