// The index entry of an .ipk: its control file, field by field, and what the file itself says.
import { z } from 'zod'
import { type Fault, fault } from '../../fault.ts'
import { entrySchema, type PackagedPath } from '../../model/entry.ts'
import { err, ok, type Result } from '../../result.ts'
import { type Field, isFieldName, isFieldValue, parseFields } from '../../text/deb822.ts'
import { hasControl, quoteForMessage } from '../../text/line.ts'
import { ipkFileName, isArchitectureName, isPackageName, isPackageVersion } from './names.ts'

const field = z.tuple([z.string().refine(isFieldName), z.string().refine(isFieldValue)])

export const ipkEntrySchema = entrySchema.extend({
  format: z.literal('ipk'),
  name: z.string().refine(isPackageName),
  version: z.string().refine(isPackageVersion),
  arch: z.string().refine(isArchitectureName),
  control: z.array(field),
})
export type IpkEntry = z.infer<typeof ipkEntrySchema>

const find = (fields: readonly Field[], name: string): string | undefined =>
  fields.find(([each]) => each.toLowerCase() === name)?.[1]

interface FileFacts {
  readonly controlText: string
  readonly paths: readonly PackagedPath[]
  /** Of all files, for packages that do not say. */
  readonly contentBytes: number
}

const required = (fields: readonly Field[], name: string, isValid: (value: string) => boolean) => {
  const value = find(fields, name.toLowerCase())
  if (value !== undefined && isValid(value)) return ok(value)
  const found = value === undefined ? 'is missing' : `is ${quoteForMessage(value)}`
  return err(fault('package_corrupt', `The control file's field ${name} ${found}. Build the package again.`))
}

/** Everything but the finished file's size and digest. Both `build` and `inspect` end here, so they agree. */
export const entryOf = (facts: FileFacts): Result<Omit<IpkEntry, 'sizeBytes' | 'sha256'>, Fault> => {
  const fields = parseFields(facts.controlText)
  if (!fields.ok) return fields
  const name = required(fields.value, 'Package', isPackageName)
  const version = required(fields.value, 'Version', isPackageVersion)
  const arch = required(fields.value, 'Architecture', isArchitectureName)
  if (!name.ok) return name
  if (!version.ok) return version
  if (!arch.ok) return arch
  const badPath = facts.paths.find(({ path }) => hasControl(path))
  if (badPath) {
    return err(fault('package_unsupported', `The path ${quoteForMessage(badPath.path)} has a control character.`))
  }
  const stated = find(fields.value, 'installed-size') ?? ''
  return ok({
    format: 'ipk',
    name: name.value,
    version: version.value,
    arch: arch.value,
    summary: (find(fields.value, 'description') ?? '').split('\n')[0]!,
    fileName: ipkFileName(name.value, version.value, arch.value),
    installedSizeBytes: /^\d{1,15}$/.test(stated) ? Number(stated) : facts.contentBytes,
    paths: [...facts.paths],
    control: fields.value.map(([key, value]) => [key, value]),
  })
}
