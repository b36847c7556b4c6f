// The index entry of a .deb: its control file, field by field in the file's order, and what the file itself says.
import * as z from 'zod'
import { type Fault, fault } from '../../fault.ts'
import { entrySchema, type PackagedPath } from '../../model/entry.ts'
import { err, ok, type Result } from '../../result.ts'
import { findField, readControl } from '../../text/control-file.ts'
import { isFieldName, isFieldValue } from '../../text/deb822.ts'
import type { Warn } from '../../warning.ts'
import { isSameForAll, readFieldValue } from './fields.ts'
import { debFileName, isArchitectureName, isArchitectureWord, isPackageName, isPackageVersion } from './names.ts'

const RULES = {
  comments: false,
  settleName: (word: string) => word.toLowerCase(),
  isPackageName,
  isPackageVersion,
  isArchitectureName,
  readFieldValue,
}
const field = z.tuple([z.string().refine(isFieldName), z.string().refine(isFieldValue)])

export const debEntrySchema = entrySchema.extend({
  format: z.literal('deb'),
  name: z.string().refine(isPackageName),
  version: z.string().refine(isPackageVersion),
  // Wildcards are refused at the entry point; an entry of before that must not stop its repository.
  arch: z.string().refine(isArchitectureWord),
  control: z.array(field),
})
export type DebEntry = z.infer<typeof debEntrySchema>

interface FileFacts {
  readonly controlText: string
  readonly paths: readonly PackagedPath[]
  /** Estimated from the archive, for packages that do not say. */
  readonly estimatedKib: number
}

type UnsizedEntry = Omit<DebEntry, 'sizeBytes' | 'sha256'>

/** Everything but the finished file's size and digest. Both `build` and `inspect` end here, so they agree. */
export const entryOf = (facts: FileFacts, warn: Warn): Result<UnsizedEntry, Fault> => {
  const control = readControl(facts.controlText, facts.paths, RULES, warn)
  if (!control.ok) return control
  const { fields, name, version, arch, summary } = control.value
  if (isSameForAll(arch, findField(fields, 'Multi-Arch'))) {
    return err(
      fault('package_unsupported', 'A package for all architectures cannot be "Multi-Arch: same": dpkg refuses it.'),
    )
  }
  const stated = findField(fields, 'Installed-Size') ?? ''
  const kib = /^\d{1,12}$/.test(stated) ? Number(stated) : facts.estimatedKib
  return ok({
    format: 'deb',
    name,
    version,
    arch,
    summary,
    fileName: debFileName(name, version, arch),
    installedSizeBytes: kib * 1024,
    paths: [...facts.paths],
    control: fields.map(([key, value]) => [key, value]),
  })
}
