// The index entry of a .deb: its control file, field by field in the file's order, and what the file itself says.
import { z } from 'zod'
import { type Fault, fault } from '../../fault.ts'
import { entrySchema, type PackagedPath } from '../../model/entry.ts'
import { err, ok, type Result } from '../../result.ts'
import { type Field, isFieldName, isFieldValue, parseFields } from '../../text/deb822.ts'
import { hasControl, quoteForMessage } from '../../text/line.ts'
import { debFileName, isArchitectureName, isPackageName, isPackageVersion } from './names.ts'

const field = z.tuple([z.string().refine(isFieldName), z.string().refine(isFieldValue)])

export const debEntrySchema = entrySchema.extend({
  format: z.literal('deb'),
  name: z.string().refine(isPackageName),
  version: z.string().refine(isPackageVersion),
  arch: z.string().refine(isArchitectureName),
  control: z.array(field),
})
export type DebEntry = z.infer<typeof debEntrySchema>

export const findField = (fields: readonly Field[], name: string): string | undefined =>
  fields.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1]

interface FileFacts {
  readonly controlText: string
  readonly paths: readonly PackagedPath[]
  /** Estimated from the archive, for packages that do not say. */
  readonly estimatedKib: number
}

type UnsizedEntry = Omit<DebEntry, 'sizeBytes' | 'sha256'>

const required = (
  fields: readonly Field[],
  name: string,
  isValid: (value: string) => boolean,
): Result<string, Fault> => {
  const value = findField(fields, name)
  if (value !== undefined && isValid(value)) return ok(value)
  const found = value === undefined ? 'is missing' : `is ${quoteForMessage(value)}`
  return err(fault('package_corrupt', `The control file's field ${name} ${found}, which Debian policy forbids.`))
}

/** Everything but the finished file's size and digest. Both `build` and `inspect` end here, so they agree. */
export const entryOf = (facts: FileFacts): Result<UnsizedEntry, Fault> => {
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
    const message = `The path ${quoteForMessage(badPath.path)} has a control character, which no index can name.`
    return err(fault('package_unsupported', message))
  }
  const stated = findField(fields.value, 'Installed-Size') ?? ''
  const kib = /^\d{1,12}$/.test(stated) ? Number(stated) : facts.estimatedKib
  return ok({
    format: 'deb',
    name: name.value,
    version: version.value,
    arch: arch.value,
    summary: (findField(fields.value, 'Description') ?? '').split('\n')[0]!,
    fileName: debFileName(name.value, version.value, arch.value),
    installedSizeBytes: kib * 1024,
    paths: [...facts.paths],
    control: fields.value.map(([key, value]) => [key, value]),
  })
}
