// `overrides.<packager>` laid over a manifest by the rules nFPM's merge library (mergo, WithOverride) follows:
// empty values override nothing, lists replace lists, maps of fields merge by key.
import type { Content, ManifestValues, Packager } from './schema.ts'

export interface LocatedContent extends Content {
  /** Where it stands in the manifest: `contents.2`, `overrides.deb.contents.0`. */
  readonly at: readonly (string | number)[]
}

export type MergedManifest = Omit<ManifestValues, 'contents' | 'overrides'> & {
  readonly contents: readonly LocatedContent[]
}

type Values = Readonly<Record<string, unknown>>

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0)

const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)

const merge = (base: Values, over: Values): Values => {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const below = base[key]
    // Go maps, and not structs: an empty text there is a value of its own.
    if (key === 'fields' && isMap(value)) merged[key] = { ...(isMap(below) ? below : {}), ...value }
    else if (isMap(value)) merged[key] = merge(isMap(below) ? below : {}, value)
    else if (!isEmpty(value)) merged[key] = value
  }
  return merged
}

/** Contents of an override replace the manifest's own; items of other packagers stay and are filtered later. */
export const mergeOverrides = (values: ManifestValues, packager: string): MergedManifest => {
  const { overrides, contents, ...own } = values
  const over = overrides?.[packager as Packager]
  const { contents: overContents, ...rest } = over ?? {}
  const isReplaced = overContents !== undefined && overContents.length > 0
  const located = isReplaced
    ? overContents.map((content, index) => ({ ...content, at: ['overrides', packager, 'contents', index] }))
    : (contents ?? []).map((content, index) => ({ ...content, at: ['contents', index] }))
  return { ...(merge(own, rest) as Omit<ManifestValues, 'contents' | 'overrides'>), contents: located }
}
