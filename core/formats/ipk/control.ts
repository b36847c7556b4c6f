// The control file: Debian's form with opkg's fields (libopkg/pkg_parse.c).
import type * as z from 'zod'
import { type Fault, fault } from '../../fault.ts'
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
import type { Field } from '../../text/deb822.ts'
import { dpkgVersion } from '../../text/dpkg-version.ts'
import type { ipkBlockSchema } from './block.ts'
import { ipkArchitecture } from './names.ts'
import { ipkRelations } from './relations.ts'

export type IpkBlock = z.infer<typeof ipkBlockSchema>
/** Set by keys of their own, or said by a feed about the file: a package that claims them would lie to opkg. */
const OWN_FIELDS = fieldNames(
  'Package Version Architecture Maintainer Vendor Homepage License Section Priority Description Installed-Size',
  'Depends Pre-Depends Recommends Suggests Provides Conflicts Replaces ABIVersion Alternatives Tags Essential',
  'Auto-Installed Filename Size MD5Sum SHA256sum Conffiles Status Installed-Time',
)

const READER = { clients: 'opkg', read: (_: string, part: string) => ipkRelations(part) }
const relations = (name: string, key: string, items?: readonly string[]): Fields =>
  relationField(READER, name, key, items)

/** `priority:link:target`, for programs that several packages bring (update-alternatives of OpenWrt). */
const alternatives = ({ alternatives: all = [] }: IpkBlock): Fields => {
  const words = all.map(({ priority = 0, link_name = '', target = '' }) => `${priority}:${link_name}:${target}`)
  if (words.every((word) => /^\d+:\/[^:,\s]+:\/[^:,\s]+$/.test(word))) {
    return ok(words.length > 0 ? [['Alternatives', words.join(', ')]] : [])
  }
  const message = 'ipk.alternatives wants a priority, and absolute paths without commas, as link_name and target.'
  return err(fault('field_invalid', message, { key: 'ipk.alternatives' }))
}

const CUSTOM = { key: 'ipk.fields', taken: OWN_FIELDS, settle: (_: string, text: string) => ok(text) }

/** All faults of a spec's words at once, or the fields in order. */
export const controlFields = (
  spec: PackageSpec,
  block: IpkBlock,
  installedBytes: number,
): Result<readonly Field[], readonly Fault[]> => {
  const { relations: all } = spec
  const yes = (name: string, isSet = false): Fields => ok(isSet ? [[name, 'yes']] : [])
  const results: readonly Fields[] = [
    lineField('Package', 'name', spec.name),
    lineField('Version', 'version', dpkgVersion(spec.version)),
    relations('Pre-Depends', 'ipk.predepends', block.predepends),
    relations('Depends', 'depends', all.depends),
    relations('Recommends', 'recommends', all.recommends),
    relations('Suggests', 'suggests', all.suggests),
    relations('Provides', 'provides', all.provides),
    relations('Conflicts', 'conflicts', all.conflicts),
    relations('Replaces', 'replaces', all.replaces),
    lineField('ABIVersion', 'ipk.abi_version', block.abi_version),
    alternatives(block),
    relations('Tags', 'ipk.tags', block.tags),
    yes('Essential', block.essential),
    yes('Auto-Installed', block.auto_installed),
    lineField('License', 'license', spec.licence),
    lineField('Section', 'section', spec.section),
    lineField('Priority', 'priority', spec.priority || 'optional'),
    lineField('Maintainer', 'maintainer', spec.maintainer || UNSET_MAINTAINER),
    lineField('Vendor', 'vendor', spec.vendor),
    lineField('Homepage', 'homepage', spec.homepage),
    lineField('Architecture', 'arch', ipkArchitecture(spec)),
    // In bytes: opkg divides it by 1024 before it asks whether there is room (libopkg/opkg_install.c).
    ok([['Installed-Size', String(installedBytes)]]),
    ...customFields(CUSTOM, block.fields),
    descriptionField(spec.description),
  ]
  return allFields(results)
}
