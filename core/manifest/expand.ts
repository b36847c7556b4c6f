// `$NAME` and `${NAME}` in a manifest, where nFPM expands them and nowhere else (its Config.expandEnvVars).
// An unset variable is empty, as it is there: lists drop the items that become empty.
import type { Content, ManifestValues, Overridables } from './schema.ts'
import type { KeyPath } from './yaml.ts'

export type Lookup = (name: string) => string

/** What one manifest says once its variables are in: kept by indexes and sent to every reader of a repository. */
export const EXPANDED_LIMITS = {
  /** Descriptions and their like. */
  fieldCharacters: 64 * 1024,
  /** One relation, one path: matched by expressions that are not linear in it. */
  itemCharacters: 4096,
  allCharacters: 1024 * 1024,
} as const

/** A field that grew too large; `key` is where it stands in the manifest. */
export class ExpansionTrouble extends Error {
  readonly key: KeyPath
  constructor(key: KeyPath, message: string) {
    super(message)
    this.key = key
  }
}

/** Expands one field, whose place is named for the fault. */
type Expand = (value: string, key: KeyPath, most?: number) => string

const isNameCharacter = (character: string | undefined): boolean => /^[A-Za-z0-9_]$/.test(character ?? '')
/** The shell's one-character names; Go's os.Expand takes them with and without braces. */
const isSpecial = (character: string | undefined): boolean => /^[*#$@!?0-9-]$/.test(character ?? '')

/** What stands behind a `$`: a name ('' when there is none) and how many characters it took. */
const readName = (rest: string, hasClose: boolean): { readonly name: string; readonly length: number } => {
  if (rest[0] !== '{') {
    if (isSpecial(rest[0])) return { name: rest[0]!, length: 1 }
    let length = 0
    while (isNameCharacter(rest[length])) length += 1
    return { name: rest.slice(0, length), length }
  }
  if (isSpecial(rest[1]) && rest[2] === '}') return { name: rest[1]!, length: 3 }
  const close = hasClose ? rest.indexOf('}') : -1
  // Bad syntax is eaten: `${` without an end, and `${}`.
  if (close === -1) return { name: '', length: 1 }
  return { name: rest.slice(1, close), length: close + 1 }
}

/** Go's os.Expand. It may stop once it has `most` characters: the caller looks at the length. */
export const expand = (value: string, lookup: Lookup, most = Number.POSITIVE_INFINITY): string => {
  let expanded = ''
  let position = 0
  const lastClose = value.lastIndexOf('}')
  for (;;) {
    const dollar = value.indexOf('$', position)
    if (dollar === -1 || dollar === value.length - 1 || expanded.length > most) return expanded + value.slice(position)
    expanded += value.slice(position, dollar)
    const { name, length } = readName(value.slice(dollar + 1), lastClose > dollar)
    if (name !== '') expanded += lookup(name)
    else if (length === 0) expanded += '$'
    position = dollar + 1 + length
  }
}

type Relation = 'conflicts' | 'depends' | 'replaces' | 'recommends' | 'provides' | 'suggests'
const RELATIONS: readonly Relation[] = ['conflicts', 'depends', 'replaces', 'recommends', 'provides', 'suggests']
const PLAIN_FIELDS = [
  'release',
  'version',
  'prerelease',
  'platform',
  'arch',
  'name',
  'homepage',
  'maintainer',
  'vendor',
  'description',
] as const

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const ITEM = EXPANDED_LIMITS.itemCharacters

const expandList = (items: readonly string[] | undefined, put: Expand, key: KeyPath): string[] | undefined =>
  items?.map((item, at) => put(item, [...key, at], ITEM).trim()).filter((item) => item !== '')

const expandContent = (content: Content, put: Expand, key: KeyPath): Content => {
  if (!content.expand) return content
  const { src, dst } = content
  return {
    ...content,
    ...(src === undefined ? {} : { src: put(src, [...key, 'src'], ITEM).trim() }),
    ...(dst === undefined ? {} : { dst: put(dst, [...key, 'dst'], ITEM).trim() }),
  }
}

const expandOverridables = <T extends Overridables>(values: T, put: Expand, key: KeyPath): T => {
  const expanded: Mutable<Overridables> = { ...values }
  for (const relation of RELATIONS) {
    if (values[relation]) expanded[relation] = expandList(values[relation], put, [...key, relation])
  }
  const { contents } = values
  if (contents) expanded.contents = contents.map((each, at) => expandContent(each, put, [...key, 'contents', at]))
  const post = values.rpm?.requires?.post
  if (post) {
    expanded.rpm = { ...values.rpm, requires: { post: expandList(post, put, [...key, 'rpm', 'requires', 'post']) } }
  }
  return expanded as T
}

interface Signed {
  readonly signature?: { readonly key_file?: string | undefined; readonly key_id?: string | undefined } | undefined
}

const expandSignature = <T extends Signed>(block: T | undefined, put: Expand, name: string): T | undefined => {
  if (!block?.signature) return block
  const { key_file, key_id } = block.signature
  const key = [name, 'signature']
  const signature = {
    ...block.signature,
    ...(key_file === undefined ? {} : { key_file: put(key_file, [...key, 'key_file']) }),
    ...(key_id === undefined ? {} : { key_id: put(key_id, [...key, 'key_id']) }),
  }
  return { ...block, signature }
}

interface ControlFields {
  readonly fields?: Record<string, string> | undefined
  readonly predepends?: string[] | undefined
}

const expandControlFields = <T extends ControlFields>(
  block: T | undefined,
  put: Expand,
  name: string,
): T | undefined => {
  if (!block) return block
  const expanded: Mutable<ControlFields> = {}
  if (block.fields) {
    const entries = Object.entries(block.fields).map(
      ([field, value]) => [field, put(value, [name, 'fields', field])] as const,
    )
    expanded.fields = Object.fromEntries(entries)
  }
  if (block.predepends) expanded.predepends = expandList(block.predepends, put, [name, 'predepends'])
  return { ...block, ...expanded }
}

/** Ends where a field, or all of them, grow too large, before the memory is there. */
const limited = (lookup: Lookup): Expand => {
  const { fieldCharacters, allCharacters } = EXPANDED_LIMITS
  let left: number = allCharacters
  return (value, key, most = fieldCharacters) => {
    const expanded = expand(value, lookup, most)
    left -= expanded.length
    if (expanded.length > most) {
      const count = most.toLocaleString('en-US')
      throw new ExpansionTrouble(key, `has more than ${count} characters once its variables are in; shorten it`)
    }
    if (left >= 0) return expanded
    const count = allCharacters.toLocaleString('en-US')
    throw new ExpansionTrouble(key, `is one too many: all fields together have more than ${count} characters`)
  }
}

/**
 * Every value that nFPM expands, expanded; blocks inside `overrides` stay as they are, as they do there.
 * @throws ExpansionTrouble
 */
export const expandManifest = (values: ManifestValues, lookup: Lookup): ManifestValues => {
  const put = limited(lookup)
  const expanded: Mutable<ManifestValues> = expandOverridables(values, put, [])
  for (const field of PLAIN_FIELDS) {
    const value = values[field]
    if (value !== undefined) expanded[field] = put(value, [field])
  }
  if (values.overrides) {
    const entries = Object.entries(values.overrides).map(([packager, overridables]) => [
      packager,
      overridables && expandOverridables(overridables, put, ['overrides', packager]),
    ])
    expanded.overrides = Object.fromEntries(entries)
  }
  expanded.deb = expandControlFields(expandSignature(expanded.deb, put, 'deb'), put, 'deb')
  expanded.rpm = expandSignature(expanded.rpm, put, 'rpm')
  const { packager } = expanded.rpm ?? {}
  if (packager) expanded.rpm = { ...expanded.rpm, packager: put(packager, ['rpm', 'packager']) }
  expanded.apk = expandSignature(expanded.apk, put, 'apk')
  expanded.ipk = expandControlFields(expanded.ipk, put, 'ipk')
  if (expanded.msix) {
    const { publisher, signature } = expanded.msix
    const file = signature?.pfx_file
    expanded.msix = {
      ...expanded.msix,
      ...(publisher === undefined ? {} : { publisher: put(publisher, ['msix', 'publisher']) }),
      ...(file === undefined ? {} : { signature: { pfx_file: put(file, ['msix', 'signature', 'pfx_file']) } }),
    }
  }
  return expanded
}

/** A manifest without the blocks that name keys of the user's machine, which are nobody else's business. */
export const withoutSignatures = (values: ManifestValues): ManifestValues => {
  const stripped = Object.entries(values).map(([key, value]) => {
    if (typeof value !== 'object' || value === null || !('signature' in value)) return [key, value]
    const { signature, ...rest } = value
    return [key, rest]
  })
  return Object.fromEntries(stripped) as ManifestValues
}

/** Names of the variables a manifest asks for, so that a publisher sends these and not a whole environment. */
export const variableNames = (values: ManifestValues): readonly string[] => {
  const names = new Set<string>()
  const note: Lookup = (name) => {
    names.add(name)
    return ''
  }
  try {
    expandManifest(values, note)
  } catch (error) {
    // Too large already: resolving it says so, with its place.
    if (!(error instanceof ExpansionTrouble)) throw error
  }
  return [...names].sort()
}
