// Relations as a manifest writes them: `name`, `name >= 1.2`, rich ones in parentheses (rpm's lib/rpmds.cc), and
// `name (>= 1.2)`, which manifests for many formats have and which means the same.
import { type Fault, fault } from '../../fault.ts'
import { err, ok, type Result } from '../../result.ts'
import { oneLine, quoteForMessage } from '../../text/line.ts'
import { isCapability, isComparable, splitRelation } from './capability.ts'
import { isRichDependency } from './rich.ts'
import { SENSE } from './tags.ts'

export interface Dependency {
  readonly name: string
  /** Bits of SENSE. */
  readonly sense: number
  /** `[epoch:]version[-release]`; empty when any will do. */
  readonly version: string
}

const OPERATORS: Readonly<Record<string, number>> = {
  '<': SENSE.less,
  '<=': SENSE.less | SENSE.equal,
  '=': SENSE.equal,
  '==': SENSE.equal,
  '>=': SENSE.greater | SENSE.equal,
  '>': SENSE.greater,
  '=<': SENSE.less | SENSE.equal,
  '=>': SENSE.greater | SENSE.equal,
  // Debian's strict comparisons.
  '<<': SENSE.less,
  '>>': SENSE.greater,
}

const unreadable = (text: string, key: string): Result<never, Fault> => {
  const hint = 'Write "name" or "name >= 1.2"; alternatives are "(this or that)"'
  return err(fault('field_invalid', `${key} has ${quoteForMessage(text)}, which rpm cannot read. ${hint}.`, { key }))
}

export const parseRelation = (text: string, key: string): Result<Dependency, Fault> => {
  const line = oneLine(text, key)
  if (!line.ok) return line
  if (line.value.startsWith('(')) {
    // What a package provides or replaces is a name: only needs and conflicts may be rich.
    const isAllowed = !/^(?:provides|replaces)\b/.test(key)
    const kind = key.startsWith('conflicts') ? 'conflict' : 'requirement'
    return isAllowed && isRichDependency(line.value, kind)
      ? ok({ name: line.value, sense: 0, version: '' })
      : unreadable(line.value, key)
  }
  const plain = line.value.replace(/^(\S+) +\( *([<>=][^()]*)\)$/, (_, name, rest) => `${name} ${rest.trimEnd()}`)
  const [, name, operator, version = ''] = splitRelation(plain) ?? []
  if (name === undefined || !isCapability(name)) return unreadable(line.value, key)
  if (operator === undefined) return ok({ name, sense: 0, version: '' })
  return isComparable(name, version) ? ok({ name, sense: OPERATORS[operator]!, version }) : unreadable(line.value, key)
}

/** Empty items are left out, as nFPM does. `sense` is added to what the words say. */
export const parseRelations = (
  items: readonly string[],
  key: string,
  sense = 0,
): Result<readonly Dependency[], readonly Fault[]> => {
  const faults: Fault[] = []
  const dependencies: Dependency[] = []
  for (const [at, item] of items.entries()) {
    if (item.trim() === '') continue
    const parsed = parseRelation(item, `${key}.${at}`)
    if (parsed.ok) dependencies.push({ ...parsed.value, sense: parsed.value.sense | sense })
    else faults.push(parsed.error)
  }
  return faults.length > 0 ? err(faults) : ok(dependencies)
}

/** Which lists of a header may hold a rich dependency: what a package provides or replaces is a name. */
const RICH_KINDS: Readonly<Record<string, 'requirement' | 'conflict'>> = {
  requires: 'requirement',
  recommends: 'requirement',
  suggests: 'requirement',
  supplements: 'requirement',
  enhances: 'requirement',
  conflicts: 'conflict',
}

/**
 * What is wrong with a relation of a finished package, or undefined. rpm and libsolv compare any name and version as they
 * stand, and parse a rich one: with a broken one rpm installs nothing.
 */
export const dependencyTrouble = (list: string, { name, sense, version }: Dependency): string | undefined => {
  if (oneLine(`${name} ${version}`, list).ok === false) return 'it has control characters'
  const isCompared = (sense & (SENSE.less | SENSE.greater | SENSE.equal)) !== 0
  if (isCompared && /\s/.test(version)) return 'its version has blanks'
  if (!name.startsWith('(')) return undefined
  const kind = RICH_KINDS[list]
  if (!kind) return 'it must be a name'
  return isRichDependency(name, kind) ? undefined : 'it is no rich dependency that rpm can parse'
}

/** A feature the installing rpm must have: `rpmlib(PayloadIsZstd) <= 5.4.18-1`. */
export const rpmlib = (feature: string, since: string): Dependency => ({
  name: `rpmlib(${feature})`,
  sense: SENSE.rpmlib | SENSE.less | SENSE.equal,
  version: since,
})

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** In rpm's order (rpmdsCompareIndex), which it searches by halves; what is said twice is said once. */
export const settleDependencies = (dependencies: readonly Dependency[]): readonly Dependency[] => {
  const unique = new Map(dependencies.map((each) => [`${each.name}\0${each.version}\0${each.sense}`, each]))
  return [...unique.values()].sort(
    (a, b) => compareText(a.name, b.name) || compareText(a.version, b.version) || a.sense - b.sense,
  )
}
