// Dependencies in apk's form: `name`, `name>=1.2`, `name=1.2-r0`, `!name` (apk-world(5), apk-tools src/package.c).
// Manifests for many formats write `name (>= 1.2)`; that means the same and is translated.
import { type Fault, fault } from '../../fault.ts'
import { err, ok, type Result } from '../../result.ts'
import { oneLine, quoteForMessage } from '../../text/line.ts'
import { isApkVersion } from './version.ts'

/** Dependency names may have the namespaces of provides: `so:libc.so`, `cmd:sh`, `pc:zlib`. */
const RELATION = /^(!?[A-Za-z0-9][A-Za-z0-9._+,:/[\]-]*?) *(?:(<<|>>|<=|>=|=|<|>|~|<~|>~) *([^\s()<>=~!]\S*))?$/

/** Debian's strict comparisons, which apk writes with one sign. */
const OPERATORS: Readonly<Record<string, string>> = { '<<': '<', '>>': '>' }

export const apkRelation = (text: string, key: string): Result<string, Fault> => {
  const line = oneLine(text, key)
  if (!line.ok) return line
  const plain = line.value.replace(/^([^\s(]+) *\(([^()]*)\)$/, '$1 $2').trim()
  const match = RELATION.exec(plain)
  const [, name = '', operator = '', version = ''] = match ?? []
  if (match && operator === '') return ok(name)
  if (match && isApkVersion(version)) return ok(`${name}${OPERATORS[operator] ?? operator}${version}`)
  const hint = 'Write "name" or "name>=1.2" with a version apk can read; alternatives are unknown to it'
  return err(
    fault('field_invalid', `${key} has ${quoteForMessage(line.value)}, which apk cannot read. ${hint}.`, { key }),
  )
}

/** Empty items are left out, as nFPM does. */
export const apkRelations = (items: readonly string[], key: string): readonly Result<string, Fault>[] =>
  items
    .map((item, at) => [item, `${key}.${at}`] as const)
    .filter(([item]) => item.trim() !== '')
    .map(([item, itemKey]) => apkRelation(item, itemKey))
