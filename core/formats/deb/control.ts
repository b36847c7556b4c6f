// The control file from a spec: fields in the order of policy 5.3 and dpkg's Dpkg::Control::FieldsCore.
import type { Fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import {
  allFields,
  customFields,
  descriptionField,
  type Fields,
  fieldNames,
  lineField,
  relationField,
  UNSET_MAINTAINER,
} from '../../text/control-fields.ts'
import { type Field, renderFields } from '../../text/deb822.ts'
import { dpkgVersion } from '../../text/dpkg-version.ts'
import type { DebBlock } from './block.ts'
import { readFieldValue } from './fields.ts'
import { DEB_ARCHITECTURES } from './names.ts'
import { debRelations } from './relations.ts'

/** Fields the manifest sets by keys of its own; `deb.fields` may name any other. */
const OWN_FIELDS = fieldNames(
  'Package Version Architecture Architecture-Variant Maintainer Installed-Size Pre-Depends Depends Recommends',
  'Suggests Conflicts Breaks Replaces Provides Section Priority Homepage Description',
  // Written by a repository, about the file: a package that claims them would lie to apt.
  'Filename Size MD5sum SHA1 SHA256 SHA512 Status Conffiles',
)

/** Beyond dpkg's grammar a manifest says which comparison it means. */
const readPart = (field: string, part: string): Result<string, string> =>
  /\(\s*[^<>=\s]/.test(part) ? err('a sign such as >= is missing') : (debRelations(field, part) ?? ok(part))

const READER = { clients: 'dpkg and apt', read: readPart }
const relationsOf = (name: string, key: string, items?: readonly string[]): Fields =>
  relationField(READER, name, key, items)

const CUSTOM = { key: 'deb.fields', taken: OWN_FIELDS, settle: readFieldValue }

export const debArchitecture = (spec: PackageSpec): string => {
  const word = spec.architectureOverride || DEB_ARCHITECTURES[spec.architecture]
  return spec.platform === 'linux' || spec.platform === '' ? word : `${spec.platform}-${word}`
}

/** nFPM's short forms: `v3` means `amd64v3`. */
const archVariant = (word = ''): string => (/^v[1-4]$/.test(word) ? `amd64${word}` : word)

/** All faults of a spec's words at once, or the fields in order. */
export const controlFields = (
  spec: PackageSpec,
  block: DebBlock,
  installedKib: number,
): Result<readonly Field[], readonly Fault[]> => {
  const { relations } = spec
  const results: readonly Fields[] = [
    lineField('Package', 'name', spec.name),
    lineField('Version', 'version', dpkgVersion(spec.version)),
    lineField('Architecture', 'arch', debArchitecture(spec)),
    lineField('Architecture-Variant', 'deb.arch_variant', archVariant(block.arch_variant)),
    lineField('Maintainer', 'maintainer', spec.maintainer || UNSET_MAINTAINER),
    ok([['Installed-Size', String(installedKib)]]),
    relationsOf('Pre-Depends', 'deb.predepends', block.predepends),
    relationsOf('Depends', 'depends', relations.depends),
    relationsOf('Recommends', 'recommends', relations.recommends),
    relationsOf('Suggests', 'suggests', relations.suggests),
    relationsOf('Conflicts', 'conflicts', relations.conflicts),
    relationsOf('Breaks', 'deb.breaks', block.breaks),
    relationsOf('Replaces', 'replaces', relations.replaces),
    relationsOf('Provides', 'provides', relations.provides),
    lineField('Section', 'section', spec.section),
    lineField('Priority', 'priority', spec.priority || 'optional'),
    ...customFields(CUSTOM, block.fields),
    lineField('Homepage', 'homepage', spec.homepage),
    descriptionField(spec.description),
  ]
  return allFields(results)
}

export const renderControl = (fields: readonly Field[]): string => renderFields(fields)
