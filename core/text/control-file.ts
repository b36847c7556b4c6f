// What dpkg's and opkg's control files have in common: which package this is, in fields that an index repeats.
import { type Fault, fault } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'
import { type Field, parseFields } from './deb822.ts'
import { hasControl, quoteForMessage } from './line.ts'

/** What a format takes as the three words that name a file. */
export interface ControlRules {
  readonly isPackageName: (word: string) => boolean
  readonly isPackageVersion: (word: string) => boolean
  readonly isArchitectureName: (word: string) => boolean
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

/** Of a finished package: its control file's text, and the paths it installs. */
export const readControl = (
  text: string,
  paths: readonly { readonly path: string }[],
  rules: ControlRules,
): Result<ControlFile, Fault> => {
  const fields = parseFields(text)
  if (!fields.ok) return fields
  const name = required(fields.value, 'Package', rules.isPackageName)
  const version = required(fields.value, 'Version', rules.isPackageVersion)
  const arch = required(fields.value, 'Architecture', rules.isArchitectureName)
  if (!name.ok) return name
  if (!version.ok) return version
  if (!arch.ok) return arch
  const badPath = paths.find(({ path }) => hasControl(path))
  if (badPath) {
    const message = `The path ${quoteForMessage(badPath.path)} has a control character, which no index can name.`
    return err(fault('package_unsupported', message))
  }
  const summary = (findField(fields.value, 'Description') ?? '').split('\n')[0]!
  return ok({ fields: fields.value, name: name.value, version: version.value, arch: arch.value, summary })
}
