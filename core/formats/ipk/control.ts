// The control file: Debian's form with opkg's fields (libopkg/pkg_parse.c).
import type * as z from 'zod'
import { type Fault, fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { type Field, foldedText, isFieldName, singleLine } from '../../text/deb822.ts'
import { dpkgVersion } from '../../text/dpkg-version.ts'
import { quoteForMessage } from '../../text/line.ts'
import type { ipkBlockSchema } from './block.ts'
import { ipkArchitecture } from './names.ts'
import { ipkRelations } from './relations.ts'

export type IpkBlock = z.infer<typeof ipkBlockSchema>
type Fields = Result<readonly Field[], Fault>

/** Set by keys of their own, or said by a feed about the file: a package that claims them would lie to opkg. */
const OWN_FIELDS: ReadonlySet<string> = new Set(
  [
    'Package Version Architecture Maintainer Vendor Homepage License Section Priority Description Installed-Size',
    'Depends Pre-Depends Recommends Suggests Provides Conflicts Replaces ABIVersion Alternatives Tags Essential',
    'Auto-Installed Filename Size MD5Sum SHA256sum Conffiles Status Installed-Time',
  ]
    .join(' ')
    .toLowerCase()
    .split(' '),
)

const line = (name: string, key: string, text = ''): Fields => {
  const made = singleLine(text, key)
  return made.ok ? ok(made.value === '' ? [] : [[name, made.value]]) : made
}

const relations = (name: string, key: string, items: readonly string[] = []): Fields => {
  const all: string[] = []
  for (const [at, item] of items.entries()) {
    const made = singleLine(item, `${key}.${at}`)
    if (!made.ok) return made
    for (const part of made.value.split(',').map((each) => each.trim())) {
      if (part === '') continue
      const read = ipkRelations(part)
      if (!read.ok) {
        const message = `${key} has ${quoteForMessage(part)}, which opkg cannot read: ${read.error}. Write it as "name" or "name (>= 1.2)".`
        return err(fault('field_invalid', message, { key: `${key}.${at}` }))
      }
      all.push(read.value)
    }
  }
  return ok(all.length > 0 ? [[name, all.join(', ')]] : [])
}

/** `priority:link:target`, for programs that several packages bring (update-alternatives of OpenWrt). */
const alternatives = ({ alternatives: all = [] }: IpkBlock): Fields => {
  const words = all.map(({ priority = 0, link_name = '', target = '' }) => `${priority}:${link_name}:${target}`)
  if (words.every((word) => /^\d+:\/[^:,\s]+:\/[^:,\s]+$/.test(word))) {
    return ok(words.length > 0 ? [['Alternatives', words.join(', ')]] : [])
  }
  const message = 'ipk.alternatives wants a priority, and absolute paths without commas, as link_name and target.'
  return err(fault('field_invalid', message, { key: 'ipk.alternatives' }))
}

const customFields = (fields: Readonly<Record<string, string>> = {}): readonly Fields[] => {
  const seen = new Set<string>()
  return Object.entries(fields).map(([name, value]) => {
    const key = `ipk.fields.${name}`
    const text = foldedText(value, key)
    if (!text.ok || text.value === '') return text.ok ? ok([]) : text
    // nFPM drops such fields without a word.
    if (!isFieldName(name) || OWN_FIELDS.has(name.toLowerCase()) || seen.has(name.toLowerCase())) {
      const message = `ipk.fields has ${quoteForMessage(name)}, which is no field name or set by another key. Take it out.`
      return err(fault('field_invalid', message, { key }))
    }
    seen.add(name.toLowerCase())
    return ok([[name, text.value]])
  })
}

const description = (spec: PackageSpec): Fields => {
  const text = foldedText(spec.description || 'no description given', 'description')
  return text.ok ? ok([['Description', text.value]]) : text
}

/** All faults of a spec's words at once, or the fields in order. */
export const controlFields = (
  spec: PackageSpec,
  block: IpkBlock,
  installedBytes: number,
): Result<readonly Field[], readonly Fault[]> => {
  const { relations: all } = spec
  const yes = (name: string, isSet = false): Fields => ok(isSet ? [[name, 'yes']] : [])
  const results: readonly Fields[] = [
    line('Package', 'name', spec.name),
    line('Version', 'version', dpkgVersion(spec.version)),
    relations('Pre-Depends', 'ipk.predepends', block.predepends),
    relations('Depends', 'depends', all.depends),
    relations('Recommends', 'recommends', all.recommends),
    relations('Suggests', 'suggests', all.suggests),
    relations('Provides', 'provides', all.provides),
    relations('Conflicts', 'conflicts', all.conflicts),
    relations('Replaces', 'replaces', all.replaces),
    line('ABIVersion', 'ipk.abi_version', block.abi_version),
    alternatives(block),
    relations('Tags', 'ipk.tags', block.tags),
    yes('Essential', block.essential),
    yes('Auto-Installed', block.auto_installed),
    line('License', 'license', spec.licence),
    line('Section', 'section', spec.section),
    line('Priority', 'priority', spec.priority || 'optional'),
    line('Maintainer', 'maintainer', spec.maintainer || 'Unset Maintainer <unset@localhost>'),
    line('Vendor', 'vendor', spec.vendor),
    line('Homepage', 'homepage', spec.homepage),
    line('Architecture', 'arch', ipkArchitecture(spec)),
    // In bytes: opkg divides it by 1024 before it asks whether there is room (libopkg/opkg_install.c).
    ok([['Installed-Size', String(installedBytes)]]),
    ...customFields(block.fields),
    description(spec),
  ]
  const faults = results.flatMap((result) => (result.ok ? [] : [result.error]))
  return faults.length > 0 ? err(faults) : ok(results.flatMap((result) => (result.ok ? result.value : [])))
}
