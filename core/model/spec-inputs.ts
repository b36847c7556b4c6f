// What a package is made of, as text that two builds can be compared by: the resolved spec and the digests of its files.
// Times are left out: a checkout's file times must not make the same package another. So is what the spec does not
// hold, such as a manifest's comments and the keys of other formats.
import type { PackagedItem, PackageSpec } from './spec.ts'

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** Keys in one order, so that the order in which code set them says nothing. */
const inOrder = (_: string, value: unknown): unknown => {
  if (value instanceof Uint8Array) return hex(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const itemInputs = ({ mtimeSeconds: _, ...item }: PackagedItem): object => {
  if (!('source' in item)) return item
  const { source, ...rest } = item
  if (source.sha256 === undefined) throw new Error(`${item.path}: its bytes must be hashed before it is compared`)
  return { ...rest, sha256: source.sha256, sizeBytes: source.sizeBytes }
}

/** JSON. Every source must know its sha256. */
export const describeInputs = ({ mtimeSeconds: _, items, ...spec }: PackageSpec): string =>
  JSON.stringify({ ...spec, items: items.map(itemInputs) }, inOrder)
