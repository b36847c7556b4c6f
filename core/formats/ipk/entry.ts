// The index entry of an .ipk: its control file, field by field, and what the file itself says.
import * as z from 'zod'
import type { Fault } from '../../fault.ts'
import { entrySchema, type PackagedPath } from '../../model/entry.ts'
import { ok, type Result } from '../../result.ts'
import { findField, readControl } from '../../text/control-file.ts'
import { isFieldName, isFieldValue } from '../../text/deb822.ts'
import type { Warn } from '../../warning.ts'
import { ipkFileName, isArchitectureName, isPackageName, isPackageVersion } from './names.ts'
import { readFieldValue } from './relations.ts'

const RULES = {
  comments: true,
  settleName: (word: string) => word,
  isPackageName,
  isPackageVersion,
  isArchitectureName,
  readFieldValue,
}
const field = z.tuple([z.string().refine(isFieldName), z.string().refine(isFieldValue)])

export const ipkEntrySchema = entrySchema.extend({
  format: z.literal('ipk'),
  name: z.string().refine(isPackageName),
  version: z.string().refine(isPackageVersion),
  arch: z.string().refine(isArchitectureName),
  control: z.array(field),
})
export type IpkEntry = z.infer<typeof ipkEntrySchema>

interface FileFacts {
  readonly controlText: string
  readonly paths: readonly PackagedPath[]
  /** Of all files, for packages that do not say. */
  readonly contentBytes: number
}

/** Everything but the finished file's size and digest. Both `build` and `inspect` end here, so they agree. */
export const entryOf = (facts: FileFacts, warn: Warn): Result<Omit<IpkEntry, 'sizeBytes' | 'sha256'>, Fault> => {
  const control = readControl(facts.controlText, facts.paths, RULES, warn)
  if (!control.ok) return control
  const { fields, name, version, arch, summary } = control.value
  const stated = findField(fields, 'Installed-Size') ?? ''
  return ok({
    format: 'ipk',
    name,
    version,
    arch,
    summary,
    fileName: ipkFileName(name, version, arch),
    installedSizeBytes: /^\d{1,15}$/.test(stated) ? Number(stated) : facts.contentBytes,
    paths: [...facts.paths],
    control: fields.map(([key, value]) => [key, value]),
  })
}
