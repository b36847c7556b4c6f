// Everything an archive cannot be called or hold, found before a byte is built.
import * as z from 'zod'
import { type Fault, fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { manyLines, quoteForMessage } from '../../text/line.ts'
import { itemsFaults } from '../../text/paths.ts'
import { archiveBlockSchema } from './block.ts'
import { archiveMembers, INSTALL_SCRIPT, type Layout } from './members.ts'
import { identityOf, isArchiveName, isArchiveVersion, isPlatform, stemOf } from './names.ts'

/** A file system's 255 bytes, less the suffix and room for a download's `.part`. */
const MAX_STEM_BYTES = 230

export const layoutOf = (spec: PackageSpec): Result<Layout, Fault> => {
  const block = archiveBlockSchema.safeParse(spec.block ?? {})
  return block.success
    ? ok(block.data.layout ?? 'root')
    : err(fault('manifest_invalid', `archive: ${z.prettifyError(block.error)}`, { key: 'archive' }))
}

/** The description's first line. */
export const summaryOf = (spec: PackageSpec): Result<string, Fault> => {
  const lines = manyLines(spec.description, 'description')
  return lines.ok ? ok(lines.value[0] ?? '') : lines
}

const words = (spec: PackageSpec): readonly Fault[] => {
  const { name, version, os, arch } = identityOf(spec)
  const faults: Fault[] = []
  if (!isArchiveName(name)) {
    const rule = 'letters, digits, ., _, +, @ and -, beginning with a letter or digit'
    faults.push(
      fault('name_invalid', `An archive cannot be called ${quoteForMessage(name)}: ${rule}.`, { key: 'name' }),
    )
  }
  if (!isArchiveVersion(version)) {
    const message = `${quoteForMessage(version)} cannot stand in an archive's name: write letters, digits, ., _, + and -.`
    faults.push(fault('version_invalid', message, { key: 'version' }))
  }
  if (!isPlatform(os)) {
    const message = `${quoteForMessage(os)} is no platform; write Go's word for it, as in linux.`
    faults.push(fault('field_invalid', message, { key: 'platform' }))
  }
  if (stemOf({ name, version, os, arch }).length > MAX_STEM_BYTES) {
    faults.push(fault('name_invalid', 'Name and version are too long for one file name. Shorten one.', { key: 'name' }))
  }
  return faults
}

const conflicts = (spec: PackageSpec, layout: Layout): readonly Fault[] => {
  const names = new Set([INSTALL_SCRIPT])
  const faults: Fault[] = []
  for (const { name } of archiveMembers(spec, layout)) {
    if (names.has(name)) {
      const message = `The ${layout} archive would hold two files called ${quoteForMessage(name)}. Rename one, or write archive.layout: root.`
      faults.push(fault('content_conflict', message, { key: 'contents' }))
    }
    names.add(name)
  }
  return faults
}

/** /usr/x and /usr/local/x are one path below a PREFIX. */
const prefixConflicts = (spec: PackageSpec): readonly Fault[] => {
  const paths = new Set(spec.items.filter(({ kind }) => !kind.endsWith('dir')).map(({ path }) => path))
  return [...paths]
    .filter((path) => path.startsWith('/usr/local/') && paths.has(path.replace('/usr/local/', '/usr/')))
    .map((path) =>
      fault(
        'content_conflict',
        `${quoteForMessage(path)} is also there without "local": install.sh puts both in PREFIX.`,
      ),
    )
}

export const checkSpec = (spec: PackageSpec): readonly Fault[] => {
  const layout = layoutOf(spec)
  if (!layout.ok) return [layout.error]
  const summary = summaryOf(spec)
  return [
    ...words(spec),
    ...(summary.ok ? [] : [summary.error]),
    ...itemsFaults(spec.items),
    ...conflicts(spec, layout.value),
    ...prefixConflicts(spec),
  ]
}
