// Relations between packages: `name`, `name>=1.2` (PKGBUILD(5), "depends"). Manifests for many formats write
// `name (>= 1.2)`; that means the same and is translated.
import { type Fault, fault } from '../../fault.ts'
import { err, ok, type Result } from '../../result.ts'
import { oneLine, quoteForMessage } from '../../text/line.ts'

/** Names are packages', or a library's `libz.so` with `=1-64`. */
const RELATION = /^([A-Za-z0-9@_+][A-Za-z0-9@._+-]*?) *(?:(<<|>>|<=|>=|=|<|>) *([A-Za-z0-9_][A-Za-z0-9._+~:-]*))?$/

/** Debian's strict comparisons, which pacman writes with one sign. */
const OPERATORS: Readonly<Record<string, string>> = { '<<': '<', '>>': '>' }

const refused = (line: string, key: string, hint: string): Result<never, Fault> =>
  err(fault('field_invalid', `${key} has ${quoteForMessage(line)}, which pacman cannot read. ${hint}.`, { key }))

export const archRelation = (text: string, key: string): Result<string, Fault> => {
  const line = oneLine(text, key)
  if (!line.ok) return line
  const plain = line.value.replace(/^([^\s(]+) *\(([^()]*)\)$/, '$1 $2').trim()
  const match = RELATION.exec(plain)
  if (!match) return refused(line.value, key, 'Write "name" or "name>=1.2"; it knows no alternatives')
  const [, name = '', operator = '', version = ''] = match
  return ok(`${name}${OPERATORS[operator] ?? operator}${version}`)
}

/**
 * pacman takes any line for a relation (libalpm's lib/libalpm/deps.c, alpm_dep_from_string) and then looks for a package
 * called `foo (`: what no package can be called makes one that never installs.
 */
const WORD = /^[A-Za-z0-9@_+./:[\]-]+(?:(<=|>=|<|>|=)[A-Za-z0-9_][A-Za-z0-9._+~:-]*)?$/

/** What is wrong with a relation of a finished package, or undefined. */
export const archWordTrouble = (key: string, text: string): string | undefined => {
  const [whole, operator = '='] = WORD.exec(text) ?? []
  if (whole === undefined) return 'it is neither a name nor a name and a version, as in foo>=1.2'
  return key === 'provides' && operator !== '=' ? 'a package provides one version, with "="' : undefined
}

/** A package provides one version of a thing, or no particular one. */
export const archProvision = (text: string, key: string): Result<string, Fault> => {
  const relation = archRelation(text, key)
  if (relation.ok && /[<>]/.test(relation.value)) return refused(relation.value, key, 'Write "name" or "name=1.2"')
  return relation
}

/** `name: what it is good for`. */
export const archOption = (text: string, key: string): Result<string, Fault> => {
  const line = oneLine(text, key)
  if (!line.ok) return line
  const colon = line.value.indexOf(': ')
  const relation = archRelation(colon === -1 ? line.value : line.value.slice(0, colon), key)
  if (!relation.ok || colon === -1) return relation
  return ok(`${relation.value}: ${line.value.slice(colon + 2).trim()}`)
}

/** Empty items are left out, as nFPM does. */
export const eachRelation = (
  items: readonly string[],
  key: string,
  read: (text: string, key: string) => Result<string, Fault>,
): readonly Result<string, Fault>[] =>
  items
    .map((item, at) => [item, `${key}.${at}`] as const)
    .filter(([item]) => item.trim() !== '')
    .map(([item, itemKey]) => read(item, itemKey))
