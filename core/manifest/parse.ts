// Text to Manifest, or every problem of the text at once, each with file, line, column and key.
import type * as z from 'zod'
import { type Fault, fault, listFirst, type Where } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'
import { decodeText } from '../text/encoding.ts'
import { suggest } from '../text/suggest.ts'
import { type ManifestValues, manifestSchema } from './schema.ts'
import { type KeyPath, MANIFEST_LIMITS, readYaml, type YamlFile, type YamlLimits } from './yaml.ts'

export interface Manifest {
  /** As the user calls it, for messages. */
  readonly file: string
  readonly values: ManifestValues
  /** As some editors of Windows save UTF-8; it is read past, as nFPM does. */
  readonly hasByteOrderMark: boolean
  where(path: KeyPath): Where
  /** A scalar in the words it was written with, before they meant a number. */
  written(path: KeyPath): string
}

/** Keys of nFPM before version 2, which nFPM refuses too. */
const REMOVED_KEYS: Readonly<Record<string, string>> = {
  files: 'list them under `contents`, each with src and dst',
  config_files: 'list them under `contents` with `type: config`',
  config_noreplace_files: 'list them under `contents` with `type: config|noreplace`',
  symlinks: 'list them under `contents` with `type: symlink`',
  empty_folders: 'list them under `contents` with `type: dir`',
  bindir: 'write the whole path in `dst`',
}

type Schema = z.core.$ZodType

/** Keys a map may have at a path of the schema, for suggestions. */
const knownKeys = (schema: Schema, path: KeyPath): readonly string[] => {
  const definition = schema._zod.def as unknown as {
    type: string
    innerType?: Schema
    element?: Schema
    valueType?: Schema
    shape?: Record<string, Schema>
  }
  if (definition.innerType) return knownKeys(definition.innerType, path)
  const [step, ...rest] = path
  if (step === undefined) return Object.keys(definition.shape ?? {})
  const next = definition.element ?? definition.valueType ?? definition.shape?.[String(step)]
  return next ? knownKeys(next, rest) : []
}

const keyName = (path: KeyPath): string => path.map(String).join('.')

const at = (where: Where, message: string): Fault =>
  fault('manifest_invalid', `${where.file}:${where.line ?? 1}:${where.column ?? 1}: ${message}`, where)

const unknownKeyFault = (schema: Schema, yaml: YamlFile, path: KeyPath, key: string): Fault => {
  const removed = path.length === 0 ? REMOVED_KEYS[key] : undefined
  const known = knownKeys(schema, path)
  const near = suggest(key, known)
  const place = path.length > 0 ? ` in \`${keyName(path)}\`` : ''
  const advice = removed
    ? `nFPM 2 removed it: ${removed}`
    : near
      ? `did you mean \`${near}\`?`
      : `known keys: ${known.join(', ')}`
  return at(yaml.where([...path, key]), `unknown key \`${key}\`${place}; ${advice}`)
}

const NOUNS: Readonly<Record<string, string>> = { object: 'a map of keys', array: 'a list', record: 'a map of keys' }

const wordFault = (issue: z.core.$ZodIssueInvalidValue, given: unknown): string => {
  const words = issue.values.map(String)
  const near = typeof given === 'string' ? suggest(given, words) : undefined
  const list = words.filter((word) => word !== '').join(', ')
  return near ? `cannot be "${given}"; did you mean "${near}"?` : `cannot be "${given}"; it is one of: ${list}`
}

/** One thing that is wrong: where, and how it is said if it is. Looking for the nearest known key takes its time. */
interface Trouble {
  readonly where: Where
  readonly say: () => Fault
}

const troublesOf = (schema: Schema, yaml: YamlFile, issue: z.core.$ZodIssue): readonly Trouble[] => {
  if (issue.code !== 'unrecognized_keys') {
    return [{ where: yaml.where(issue.path), say: () => issueFault(yaml, issue) }]
  }
  return issue.keys.map((key) => ({
    where: yaml.where([...issue.path, key]),
    say: () => unknownKeyFault(schema, yaml, issue.path, key),
  }))
}

const issueFault = (yaml: YamlFile, issue: z.core.$ZodIssue): Fault => {
  const name = issue.path.length > 0 ? `\`${keyName(issue.path)}\`` : 'the manifest'
  const say = (message: string): Fault => at(yaml.where(issue.path), `${name} ${message}`)
  const given = valueAt(yaml.value, issue.path)
  if (given === undefined && issue.path.length > 0) return say('is missing')
  if (issue.code === 'invalid_type') return say(`must be ${NOUNS[issue.expected] ?? issue.expected}`)
  if (issue.code === 'invalid_value') return say(wordFault(issue, given))
  return say(issue.message)
}

const valueAt = (value: unknown, path: KeyPath): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value)

const inFileOrder = ({ where: a }: Trouble, { where: b }: Trouble): number =>
  (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)

/** A YAML file checked against a schema; the same kind of message for every file a user writes. */
export const parseYamlFile = <T>(
  schema: z.ZodType<T>,
  text: string,
  file: string,
  limits: YamlLimits,
): Result<{ readonly value: T; readonly yaml: YamlFile }, readonly Fault[]> => {
  const read = readYaml(text, file, limits)
  if (!read.ok) return read
  const parsed = schema.safeParse(read.value.value)
  if (parsed.success) return ok({ value: parsed.data, yaml: read.value })
  const troubles = parsed.error.issues.flatMap((issue) => troublesOf(schema, read.value, issue)).sort(inFileOrder)
  return err(listFirst(troubles, ({ say }) => say()))
}

export interface ReadManifest {
  /** As it is sent on. */
  readonly text: string
  readonly manifest: Manifest
}

/** A file's bytes, which must be UTF-8. */
export const readManifest = (bytes: Uint8Array, file: string): Result<ReadManifest, readonly Fault[]> => {
  const text = decodeText(bytes, file)
  if (!text.ok) return err([text.error])
  const manifest = parseManifest(text.value, file)
  return manifest.ok ? ok({ text: text.value, manifest: manifest.value }) : manifest
}

/** Checks words only; files, targets and versions are looked at when a target is resolved. */
export const parseManifest = (text: string, file = 'distropack.yaml'): Result<Manifest, readonly Fault[]> => {
  const parsed = parseYamlFile(manifestSchema, text, file, MANIFEST_LIMITS)
  if (!parsed.ok) return parsed
  const { value, yaml } = parsed.value
  const written = (path: KeyPath): string => String(valueAt(yaml.value, path) ?? '')
  const hasByteOrderMark = text.startsWith('\uFEFF')
  return ok({ file, values: value, hasByteOrderMark, where: (path) => yaml.where(path), written })
}
