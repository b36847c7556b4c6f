// What dpkg's and opkg's control files have in common: which package this is, in fields that an index repeats.
import { type Fault, fault } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'
import { type Warn, warning } from '../warning.ts'
import { type Field, parseStanza, type StanzaRules } from './deb822.ts'
import { stanzaTooLong } from './index-limits.ts'
import { hasControl, quoteForMessage } from './line.ts'

/** What a format takes as the three words that name a file. */
export interface ControlRules extends StanzaRules {
  /** The name as its installer has it: dpkg's in small letters. */
  readonly settleName: (word: string) => string
  readonly isPackageName: (word: string) => boolean
  readonly isPackageVersion: (word: string) => boolean
  readonly isArchitectureName: (word: string) => boolean
  /** The value as an index should have it, or what is wrong, for a sentence that begins with the field's name. */
  readonly readFieldValue: (name: string, value: string) => Result<string, string>
}

export interface ControlFile {
  readonly fields: readonly Field[]
  readonly name: string
  readonly version: string
  readonly arch: string
  /** The first line of Description; '' without one. */
  readonly summary: string
}

/** A field's value, whatever the case of its name: deb822(5) tells no cases apart. */
export const findField = (fields: readonly Field[], name: string): string | undefined =>
  fields.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1]

const required = (
  fields: readonly Field[],
  name: string,
  isValid: (value: string) => boolean,
): Result<string, Fault> => {
  const value = findField(fields, name)
  if (value !== undefined && isValid(value)) return ok(value)
  const found = value === undefined ? 'is missing' : `is ${quoteForMessage(value)}, which no index can take`
  return err(fault('package_corrupt', `The control file's field ${name} ${found}. Build the package again.`))
}

/** Fields as an index should have them; empty ones are left out, as dpkg ignores them. */
const settleFields = (stanza: readonly Field[], rules: ControlRules): Result<readonly Field[], Fault> => {
  const fields: Field[] = []
  for (const [name, value] of stanza) {
    const settled = rules.readFieldValue(name, value)
    if (!settled.ok) return err(fault('package_unsupported', `The control file's field ${name} ${settled.error}.`))
    if (settled.value !== '') fields.push([name, settled.value])
  }
  return ok(fields)
}

const withName = (fields: readonly Field[], settled: string, warn: Warn): readonly Field[] =>
  fields.map(([field, value]) => {
    if (field.toLowerCase() !== 'package' || value === settled) return [field, value]
    warn(
      warning(
        'field_repaired',
        `The package calls itself ${quoteForMessage(value)}; dpkg reads "${settled}", and so do the indexes here.`,
      ),
    )
    return [field, settled]
  })

const WINDOWS = 'The control file has Windows line ends (CRLF). dpkg reads over them, and so do the indexes here.'

/** Of a finished package: its control file's text, and the paths it installs. */
export const readControl = (
  text: string,
  paths: readonly { readonly path: string }[],
  rules: ControlRules,
  warn: Warn,
): Result<ControlFile, Fault> => {
  const stanza = parseStanza(text, rules)
  if (!stanza.ok) return stanza
  if (stanza.value.hadWindowsLineEnds) warn(warning('line_ends_converted', WINDOWS))
  const settled = settleFields(stanza.value.fields, rules)
  if (!settled.ok) return settled
  const fields = withName(settled.value, rules.settleName(findField(settled.value, 'Package') ?? ''), warn)
  const tooLong = stanzaTooLong(fields)
  if (tooLong) return err(tooLong)
  const name = required(fields, 'Package', rules.isPackageName)
  const version = required(fields, 'Version', rules.isPackageVersion)
  const arch = required(fields, 'Architecture', rules.isArchitectureName)
  if (!name.ok) return name
  if (!version.ok) return version
  if (!arch.ok) return arch
  const badPath = paths.find(({ path }) => hasControl(path))
  if (badPath) {
    const message = `The path ${quoteForMessage(badPath.path)} has a control character, which no index can name.`
    return err(fault('package_unsupported', message))
  }
  const summary = (findField(fields, 'Description') ?? '').split('\n')[0]!
  return ok({ fields, name: name.value, version: version.value, arch: arch.value, summary })
}
