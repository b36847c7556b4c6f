// Which fields of a control file are relations, and by which of dpkg's rules each is read (lib/dpkg/fields.c,
// f_dependency; lib/dpkg/parse.c, fieldinfos). For the manifest's words and for strangers' files alike.
import type { Result } from '../../result.ts'
import { type RelationRules, readRelations } from '../../text/debian-relations.ts'

/** dpkg's parseversion, strict as it is with packages. */
const isVersion = (text: string): boolean => {
  const [, epoch, rest = ''] = /^(?:(\d{1,10}):)?(.*)$/s.exec(text) ?? []
  const hyphen = rest.lastIndexOf('-')
  const upstream = hyphen === -1 ? rest : rest.slice(0, hyphen)
  const revision = hyphen === -1 ? '0' : rest.slice(hyphen + 1)
  const isEpoch = epoch === undefined || Number(epoch) <= 0x7fffffff
  // A colon without an epoch in front of it would be one.
  const isUpstream = epoch === undefined ? /^\d[A-Za-z0-9.+~-]*$/ : /^\d[A-Za-z0-9.+~:-]*$/
  return isEpoch && isUpstream.test(upstream) && /^[A-Za-z0-9.+~]+$/.test(revision)
}

const NEEDS: RelationRules = { alternatives: true, comparisons: true, architectures: true, lowerCase: true, isVersion }
const CONFLICTS: RelationRules = { ...NEEDS, alternatives: false }
const PROVIDES: RelationRules = { ...CONFLICTS, comparisons: false }

const FIELDS: ReadonlyMap<string, RelationRules> = new Map([
  ...['pre-depends', 'depends', 'recommends', 'suggests', 'enhances'].map((name) => [name, NEEDS] as const),
  // Names of long ago, which dpkg still reads.
  ...['recommended', 'optional'].map((name) => [name, NEEDS] as const),
  ...['conflicts', 'breaks', 'replaces'].map((name) => [name, CONFLICTS] as const),
  ['provides', PROVIDES],
])

/** Of a relation field its value in one spelling, or what is wrong with it; undefined for every other field. */
export const debRelations = (field: string, value: string): Result<string, string> | undefined => {
  const rules = FIELDS.get(field.toLowerCase())
  return rules && readRelations(value, rules)
}
