// Everything rpm forbids in a spec's words, found before a byte is built.
import * as z from 'zod'
import { type Fault, fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { quoteForMessage } from '../../text/line.ts'
import { itemsFaults } from '../../text/paths.ts'
import { type RpmBlock, rpmBlockSchema } from './block.ts'
import { filesOf } from './files.ts'
import { metadataTags } from './metadata.ts'
import { isArchName, isPackageName, isVersionPart, rpmArchitecture, rpmRelease, rpmVersion } from './names.ts'

export const parseBlock = (spec: PackageSpec): Result<RpmBlock, Fault> => {
  const block = rpmBlockSchema.safeParse(spec.block ?? {})
  return block.success
    ? ok(block.data)
    : err(fault('manifest_invalid', `rpm: ${z.prettifyError(block.error)}`, { key: 'rpm' }))
}

const words = (spec: PackageSpec): readonly Fault[] => {
  const faults: Fault[] = []
  if (!isPackageName(spec.name)) {
    const rule = 'rpm allows letters, digits, ., _, + and -, beginning with a letter, digit or _'
    const message = `The name ${quoteForMessage(spec.name)} is no rpm package name: ${rule}.`
    faults.push(fault('name_invalid', message, { key: 'name' }))
  }
  const rule = 'rpm allows letters, digits, ., _, +, ~ and ^, and no hyphen'
  for (const [key, part] of [
    ['version', rpmVersion(spec.version)],
    ['release', rpmRelease(spec.version)],
  ] as const) {
    if (isVersionPart(part)) continue
    faults.push(fault('version_invalid', `The ${key} ${quoteForMessage(part)} is none of rpm's: ${rule}.`, { key }))
  }
  const arch = rpmArchitecture(spec)
  if (!isArchName(arch)) {
    const message = `${quoteForMessage(arch)} is no rpm architecture; write one as in "x86_64".`
    faults.push(fault('name_invalid', message, { key: 'arch' }))
  }
  return faults
}

const MAX_SECONDS = 0xffffffff
const MAX_EPOCH = 0xffffffff

/** Numbers of 32 bits without a sign. */
const numbers = (spec: PackageSpec): readonly Fault[] => {
  const faults: Fault[] = []
  if ((spec.version.epoch ?? 0) > MAX_EPOCH) {
    faults.push(fault('version_invalid', 'The epoch is larger than rpm can hold.', { key: 'epoch' }))
  }
  const times = [spec.mtimeSeconds, ...spec.items.map(({ mtimeSeconds }) => mtimeSeconds)]
  if (times.some((seconds) => seconds < 0 || seconds > MAX_SECONDS)) {
    const message = 'A file, or the package, has a time rpm cannot hold: before 1970 or after 2106. Set mtime.'
    faults.push(fault('field_invalid', message, { key: 'mtime' }))
  }
  return faults
}

/** Languages stand in a list that installations filter by (`%_install_langs`). */
const languages = (spec: PackageSpec): readonly Fault[] =>
  spec.items
    .filter(
      ({ language }) => language !== undefined && !/^[A-Za-z]{2,8}(?:[_@.-][A-Za-z0-9_@.-]{1,32})?$/.test(language),
    )
    .map(({ path, language }) =>
      fault('field_invalid', `${quoteForMessage(path)} has the language ${quoteForMessage(language!)}; write "de".`),
    )

export const checkSpec = (spec: PackageSpec): readonly Fault[] => {
  const block = parseBlock(spec)
  if (!block.ok) return [block.error]
  const tags = metadataTags(spec, block.value, filesOf(spec.items))
  return [
    ...words(spec),
    ...numbers(spec),
    ...(tags.ok ? [] : tags.error),
    ...itemsFaults(spec.items),
    ...languages(spec),
  ]
}
