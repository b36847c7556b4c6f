// .PKGINFO (apk-v2(5), apk-package(5)): `key = value` lines in abuild's order, the data part's digest last.
import type { Fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { type Pair, pairValue, renderPairs } from '../../text/key-value.ts'
import { manyLines } from '../../text/line.ts'
import type { ApkBlock } from './block.ts'
import { apkArchitecture } from './names.ts'
import { apkRelations } from './relations.ts'
import { apkVersion } from './version.ts'

export interface DataFacts {
  readonly installedSizeBytes: number
  /** Hex of the sha256 of the compressed data part. */
  readonly dataHash: string
}

type Pairs = Result<readonly Pair[], Fault>

const line = (name: string, key: string, text: string): Pairs => {
  const value = pairValue(text, key)
  return value.ok ? ok([[name, value.value]]) : value
}

const relations = (name: string, key: string, items: readonly string[], prefix = ''): readonly Pairs[] =>
  apkRelations(items, key).map((relation) => (relation.ok ? ok([[name, prefix + relation.value]]) : relation))

/** apk shows one line: the synopsis. The rest has no place in the format, but must be as harmless. */
const description = (spec: PackageSpec): Pairs => {
  const lines = manyLines(spec.description, 'description')
  return lines.ok ? ok([['pkgdesc', lines.value[0] || 'no description given']]) : lines
}

/** apk-tools, database.c: the folders of a package's trigger, in one line, between spaces. */
const triggers = (spec: PackageSpec): Pairs => {
  const { triggers: folders = [] } = (spec.block ?? {}) as ApkBlock
  return folders.length === 0 ? ok([]) : line('triggers', 'apk.triggers', folders.join(' '))
}

/** All faults of a spec's words at once, or the file's text. */
export const pkginfoText = (spec: PackageSpec, data: DataFacts): Result<string, readonly Fault[]> => {
  const { relations: related } = spec
  const results: readonly Pairs[] = [
    line('pkgname', 'name', spec.name),
    line('pkgver', 'version', apkVersion(spec.version)),
    description(spec),
    line('url', 'homepage', spec.homepage),
    ok([
      ['builddate', String(spec.mtimeSeconds)],
      ['size', String(data.installedSizeBytes)],
    ]),
    line('arch', 'arch', apkArchitecture(spec)),
    line('origin', 'name', spec.name),
    line('maintainer', 'maintainer', spec.maintainer),
    line('license', 'license', spec.licence),
    ...relations('replaces', 'replaces', related.replaces),
    ...relations('depend', 'depends', related.depends),
    // A conflict is a dependency on absence.
    ...relations('depend', 'conflicts', related.conflicts, '!'),
    ...relations('provides', 'provides', related.provides),
    triggers(spec),
    ok([['datahash', data.dataHash]]),
  ]
  const faults = results.flatMap((result) => (result.ok ? [] : [result.error]))
  if (faults.length > 0) return err(faults)
  return ok(renderPairs(results.flatMap((result) => (result.ok ? result.value : []))))
}
