// The one place that decides which characters may stand in a line of somebody's index. Whoever controls a line
// break controls the next field, so a value that has one is a fault and never repaired in silence.
import { type Fault, fault } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'

/** C0, DEL and C1 controls, and the two separators at which some readers end a line. Includes \n, \r, \t and NUL. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u

export const hasControl = (text: string): boolean => CONTROL.test(text)

/** Shows a hostile value in a message without obeying it. */
export const quoteForMessage = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text)

/** The value trimmed, if it is one line. `key` is the manifest's key, for the message. */
export const oneLine = (text: string, key: string): Result<string, Fault> => {
  const line = text.trim()
  if (!CONTROL.test(line)) return ok(line)
  const message = `${key} must be one line without control characters, but is ${quoteForMessage(line)}. Take them out.`
  return err(fault('field_invalid', message, { key }))
}

/** The text's lines without trailing blanks; tabs become spaces, any other control character is a fault. */
export const manyLines = (text: string, key: string): Result<readonly string[], Fault> => {
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.replaceAll('\t', ' ').trimEnd())
  const bad = lines.find((line) => CONTROL.test(line))
  if (bad === undefined) return ok(lines)
  const message = `${key} must have no control characters, but has the line ${quoteForMessage(bad)}. Take them out.`
  return err(fault('field_invalid', message, { key }))
}
