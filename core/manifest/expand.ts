// `$NAME` and `${NAME}` in a manifest, where nFPM expands them and nowhere else (its Config.expandEnvVars).
// An unset variable is empty, as it is there: lists drop the items that become empty.
import type { Content, ManifestValues, Overridables } from './schema.ts'

export type Lookup = (name: string) => string

const isNameCharacter = (character: string | undefined): boolean => /^[A-Za-z0-9_]$/.test(character ?? '')
/** The shell's one-character names; Go's os.Expand takes them with and without braces. */
const isSpecial = (character: string | undefined): boolean => /^[*#$@!?0-9-]$/.test(character ?? '')

/** What stands behind a `$`: a name ('' when there is none) and how many characters it took. */
const readName = (rest: string): { readonly name: string; readonly length: number } => {
  if (rest[0] !== '{') {
    if (isSpecial(rest[0])) return { name: rest[0]!, length: 1 }
    let length = 0
    while (isNameCharacter(rest[length])) length += 1
    return { name: rest.slice(0, length), length }
  }
  if (isSpecial(rest[1]) && rest[2] === '}') return { name: rest[1]!, length: 3 }
  const close = rest.indexOf('}')
  // Bad syntax is eaten: `${` without an end, and `${}`.
  if (close === -1) return { name: '', length: 1 }
  return { name: rest.slice(1, close), length: close + 1 }
}

/** Go's os.Expand. */
export const expand = (value: string, lookup: Lookup): string => {
  let expanded = ''
  let position = 0
  for (;;) {
    const dollar = value.indexOf('$', position)
    if (dollar === -1 || dollar === value.length - 1) return expanded + value.slice(position)
    expanded += value.slice(position, dollar)
    const { name, length } = readName(value.slice(dollar + 1))
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

const expandList = (items: readonly string[] | undefined, lookup: Lookup): string[] | undefined =>
  items?.map((item) => expand(item, lookup).trim()).filter((item) => item !== '')

const expandContent = (content: Content, lookup: Lookup): Content => {
  if (!content.expand) return content
  const { src, dst } = content
  return {
    ...content,
    ...(src === undefined ? {} : { src: expand(src, lookup).trim() }),
    ...(dst === undefined ? {} : { dst: expand(dst, lookup).trim() }),
  }
}

const expandOverridables = <T extends Overridables>(values: T, lookup: Lookup): T => {
  const expanded: Mutable<Overridables> = { ...values }
  for (const relation of RELATIONS) {
    if (values[relation]) expanded[relation] = expandList(values[relation], lookup)
  }
  if (values.contents) expanded.contents = values.contents.map((content) => expandContent(content, lookup))
  const post = values.rpm?.requires?.post
  if (post) expanded.rpm = { ...values.rpm, requires: { post: expandList(post, lookup) } }
  return expanded as T
}

interface Signed {
  readonly signature?: { readonly key_file?: string | undefined; readonly key_id?: string | undefined } | undefined
}

const expandSignature = <T extends Signed>(block: T | undefined, lookup: Lookup): T | undefined => {
  if (!block?.signature) return block
  const { key_file, key_id } = block.signature
  const signature = {
    ...block.signature,
    ...(key_file === undefined ? {} : { key_file: expand(key_file, lookup) }),
    ...(key_id === undefined ? {} : { key_id: expand(key_id, lookup) }),
  }
  return { ...block, signature }
}

interface ControlFields {
  readonly fields?: Record<string, string> | undefined
  readonly predepends?: string[] | undefined
}

const expandControlFields = <T extends ControlFields>(block: T | undefined, lookup: Lookup): T | undefined => {
  if (!block) return block
  const expanded: Mutable<ControlFields> = {}
  if (block.fields) {
    const entries = Object.entries(block.fields).map(([name, value]) => [name, expand(value, lookup)] as const)
    expanded.fields = Object.fromEntries(entries)
  }
  if (block.predepends) expanded.predepends = expandList(block.predepends, lookup)
  return { ...block, ...expanded }
}

/** Every value that nFPM expands, expanded; blocks inside `overrides` stay as they are, as they do there. */
export const expandManifest = (values: ManifestValues, lookup: Lookup): ManifestValues => {
  const expanded: Mutable<ManifestValues> = expandOverridables(values, lookup)
  for (const field of PLAIN_FIELDS) {
    const value = values[field]
    if (value !== undefined) expanded[field] = expand(value, lookup)
  }
  if (values.overrides) {
    const entries = Object.entries(values.overrides).map(([packager, overridables]) => [
      packager,
      overridables && expandOverridables(overridables, lookup),
    ])
    expanded.overrides = Object.fromEntries(entries)
  }
  expanded.deb = expandControlFields(expandSignature(expanded.deb, lookup), lookup)
  expanded.rpm = expandSignature(expanded.rpm, lookup)
  if (expanded.rpm?.packager) expanded.rpm = { ...expanded.rpm, packager: expand(expanded.rpm.packager, lookup) }
  expanded.apk = expandSignature(expanded.apk, lookup)
  expanded.ipk = expandControlFields(expanded.ipk, lookup)
  if (expanded.msix) {
    const { publisher, signature } = expanded.msix
    const file = signature?.pfx_file
    expanded.msix = {
      ...expanded.msix,
      ...(publisher === undefined ? {} : { publisher: expand(publisher, lookup) }),
      ...(file === undefined ? {} : { signature: { pfx_file: expand(file, lookup) } }),
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
  expandManifest(values, (name) => {
    names.add(name)
    return ''
  })
  return [...names].sort()
}
