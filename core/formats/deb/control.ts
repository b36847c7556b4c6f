// The control file from a spec: fields in the order of policy 5.3 and dpkg's Dpkg::Control::FieldsCore.
import { type Fault, fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { type Field, foldedText, isFieldName, renderFields, singleLine } from '../../text/deb822.ts'
import { dpkgVersion } from '../../text/dpkg-version.ts'
import { quoteForMessage } from '../../text/line.ts'
import type { DebBlock } from './block.ts'
import { readFieldValue } from './fields.ts'
import { DEB_ARCHITECTURES } from './names.ts'
import { debRelations } from './relations.ts'

/** Fields the manifest sets by keys of its own; `deb.fields` may name any other. */
const OWN_FIELDS: ReadonlySet<string> = new Set(
  [
    'Package Version Architecture Architecture-Variant Maintainer Installed-Size Pre-Depends Depends Recommends',
    'Suggests Conflicts Breaks Replaces Provides Section Priority Homepage Description',
    // Written by a repository, about the file: a package that claims them would lie to apt.
    'Filename Size MD5sum SHA1 SHA256 SHA512 Status Conffiles',
  ]
    .join(' ')
    .toLowerCase()
    .split(' '),
)

/** Items may hold several, between commas; empty ones are left out, as nFPM does. */
const partsOf = (line: string): readonly string[] =>
  line
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** Beyond dpkg's grammar a manifest says which comparison it means. */
const readPart = (field: string, part: string): Result<string, string> =>
  /\(\s*[^<>=\s]/.test(part) ? err('a sign such as >= is missing') : (debRelations(field, part) ?? ok(part))

const relationField = (name: string, key: string, items: readonly string[]): Result<readonly Field[], Fault> => {
  const relations: string[] = []
  for (const [at, item] of items.entries()) {
    const line = singleLine(item, `${key}.${at}`)
    if (!line.ok) return line
    for (const part of partsOf(line.value)) {
      const read = readPart(name, part)
      if (!read.ok) {
        const what = `${key} has ${quoteForMessage(part)}, which dpkg and apt cannot read: ${read.error}`
        return err(fault('field_invalid', `${what}. Write it as "name" or "name (>= 1.2)".`, { key: `${key}.${at}` }))
      }
      relations.push(read.value)
    }
  }
  return ok(relations.length > 0 ? [[name, relations.join(', ')]] : [])
}

const lineField = (name: string, key: string, text: string): Result<readonly Field[], Fault> => {
  const line = singleLine(text, key)
  return line.ok ? ok(line.value === '' ? [] : [[name, line.value]]) : line
}

const customFields = (fields: Readonly<Record<string, string>>): readonly Result<readonly Field[], Fault>[] => {
  const seen = new Set<string>()
  return Object.entries(fields).map(([name, value]) => {
    const key = `deb.fields.${name}`
    const text = foldedText(value, key)
    if (!text.ok) return text
    if (text.value === '') return ok([])
    if (!isFieldName(name) || OWN_FIELDS.has(name.toLowerCase()) || seen.has(name.toLowerCase())) {
      const message = `deb.fields has ${quoteForMessage(name)}, which is no field name or set by another key. Take it out.`
      return err(fault('field_invalid', message, { key }))
    }
    seen.add(name.toLowerCase())
    const settled = readFieldValue(name, text.value)
    if (settled.ok) return ok([[name, settled.value]])
    return err(fault('field_invalid', `deb.fields.${name} ${settled.error}.`, { key }))
  })
}

export const debArchitecture = (spec: PackageSpec): string => {
  const word = spec.architectureOverride || DEB_ARCHITECTURES[spec.architecture]
  return spec.platform === 'linux' || spec.platform === '' ? word : `${spec.platform}-${word}`
}

/** nFPM's short forms: `v3` means `amd64v3`. */
const archVariant = (word = ''): string => (/^v[1-4]$/.test(word) ? `amd64${word}` : word)

const description = (spec: PackageSpec): Result<readonly Field[], Fault> => {
  const text = foldedText(spec.description || 'no description given', 'description')
  return text.ok ? ok([['Description', text.value]]) : text
}

/** All faults of a spec's words at once, or the fields in order. */
export const controlFields = (
  spec: PackageSpec,
  block: DebBlock,
  installedKib: number,
): Result<readonly Field[], readonly Fault[]> => {
  const { relations } = spec
  const results = [
    lineField('Package', 'name', spec.name),
    lineField('Version', 'version', dpkgVersion(spec.version)),
    lineField('Architecture', 'arch', debArchitecture(spec)),
    lineField('Architecture-Variant', 'deb.arch_variant', archVariant(block.arch_variant)),
    lineField('Maintainer', 'maintainer', spec.maintainer || 'Unset Maintainer <unset@localhost>'),
    ok([['Installed-Size', String(installedKib)]] as readonly Field[]),
    relationField('Pre-Depends', 'deb.predepends', block.predepends ?? []),
    relationField('Depends', 'depends', relations.depends),
    relationField('Recommends', 'recommends', relations.recommends),
    relationField('Suggests', 'suggests', relations.suggests),
    relationField('Conflicts', 'conflicts', relations.conflicts),
    relationField('Breaks', 'deb.breaks', block.breaks ?? []),
    relationField('Replaces', 'replaces', relations.replaces),
    relationField('Provides', 'provides', relations.provides),
    lineField('Section', 'section', spec.section),
    lineField('Priority', 'priority', spec.priority || 'optional'),
    ...customFields(block.fields ?? {}),
    lineField('Homepage', 'homepage', spec.homepage),
    description(spec),
  ]
  const faults = results.flatMap((result) => (result.ok ? [] : [result.error]))
  return faults.length > 0 ? err(faults) : ok(results.flatMap((result) => (result.ok ? result.value : [])))
}

export const renderControl = (fields: readonly Field[]): string => renderFields(fields)
