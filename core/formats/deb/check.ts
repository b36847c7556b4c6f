// Everything Debian forbids in a spec's words, found before a byte is built.
import * as z from 'zod'
import { type Fault, fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { dpkgVersion } from '../../text/dpkg-version.ts'
import { quoteForMessage } from '../../text/line.ts'
import { itemsFaults } from '../../text/paths.ts'
import { type Warning, warning } from '../../warning.ts'
import { type DebBlock, debBlockSchema } from './block.ts'
import { changelogPath } from './changelog.ts'
import { controlFields, debArchitecture } from './control.ts'
import { TRIGGER_DIRECTIVES } from './control-tar.ts'
import { isArchitectureName, isPackageName, isPackageVersion } from './names.ts'
import { signatureFaults } from './signature.ts'

export const parseBlock = (spec: PackageSpec): Result<DebBlock, Fault> => {
  const block = debBlockSchema.safeParse(spec.block ?? {})
  return block.success
    ? ok(block.data)
    : err(fault('manifest_invalid', `deb: ${z.prettifyError(block.error)}`, { key: 'deb' }))
}

const words = (spec: PackageSpec): readonly Fault[] => {
  const faults: Fault[] = []
  if (!isPackageName(spec.name)) {
    const rule = 'Debian allows 2 to 128 of a-z, 0-9, +, - and ., beginning with a letter or digit (policy 5.6.1)'
    faults.push(
      fault('name_invalid', `The name ${quoteForMessage(spec.name)} is no Debian package name: ${rule}.`, {
        key: 'name',
      }),
    )
  }
  const version = dpkgVersion(spec.version)
  if (!isPackageVersion(version)) {
    const rule = 'it must begin with a digit and hold only letters, digits, ., +, ~ and - (policy 5.6.12)'
    faults.push(
      fault('version_invalid', `The version ${quoteForMessage(version)} is no Debian version: ${rule}.`, {
        key: 'version',
      }),
    )
  }
  const arch = debArchitecture(spec)
  if (!isArchitectureName(arch)) {
    faults.push(
      fault('name_invalid', `${quoteForMessage(arch)} is no Debian architecture; write one as in "amd64".`, {
        key: 'arch',
      }),
    )
  }
  return faults
}

/** deb-triggers(5): a name is a word of printable ASCII. */
const triggers = (block: DebBlock): readonly Fault[] =>
  TRIGGER_DIRECTIVES.flatMap(([, key]) =>
    (block.triggers?.[key] ?? [])
      .filter((name) => !/^[!-~]+$/.test(name.trim()))
      .map((name) =>
        fault('field_invalid', `The trigger ${quoteForMessage(name)} must be one word.`, {
          key: `deb.triggers.${key}`,
        }),
      ),
  )

/** Paths stand one a line in conffiles, md5sums and Contents. */
const paths = (spec: PackageSpec): readonly Fault[] => {
  const faults = [...itemsFaults(spec.items)]
  if (spec.changelog.length > 0 && changelogPath(spec) === undefined) {
    const path = `/usr/share/doc/${spec.name}/changelog.Debian.gz`
    faults.push(fault('content_conflict', `contents has ${path}, which changelog writes too. Keep one of them.`))
  }
  return faults
}

/** rpm's `<` is strict; dpkg's means `<=`, and is written so. */
export const adviseOnSpec = ({ relations, block }: PackageSpec): readonly Warning[] => {
  const { breaks = [], predepends = [] } = (block ?? {}) as DebBlock
  const lists = { ...relations, 'deb.breaks': breaks, 'deb.predepends': predepends }
  return Object.entries(lists).flatMap(([key, items]) =>
    items.flatMap((item, at) => {
      const [, sign] = /\(\s*([<>])\s*[^<>=\s]/.exec(item) ?? []
      if (sign === undefined) return []
      const message = `${quoteForMessage(item)} means "${sign}=" to dpkg: write ${sign}${sign}, or ${sign}=.`
      return [warning('relation_unlike', message, { key: `${key}.${at}` })]
    }),
  )
}

export const checkSpec = (spec: PackageSpec): readonly Fault[] => {
  const block = parseBlock(spec)
  if (!block.ok) return [block.error]
  const fields = controlFields(spec, block.value, 0)
  return [
    ...words(spec),
    ...(fields.ok ? [] : fields.error),
    ...triggers(block.value),
    ...paths(spec),
    ...signatureFaults(block.value.signature ?? {}),
  ]
}
