// `distropack validate`: everything of a build but the build.
import { formatTarget } from '@distropack/core/registry.ts'
import { ok } from '@distropack/core/result.ts'
import { findSources, type ManifestFlags, openManifest } from '../manifest-file.ts'
import type { Outcome } from '../outcome.ts'
import type { Environment } from '../settings.ts'
import { type Terminal, warningsOn } from '../terminal.ts'
import { inColumns } from './answers.ts'

export const validate = async (flags: ManifestFlags, env: Environment, terminal: Terminal): Promise<Outcome> => {
  const opened = await openManifest(flags, env)
  if (!opened.ok) return opened
  const { warn, warnings } = warningsOn(terminal)
  const listed = await findSources(opened.value, flags, warn)
  if (!listed.ok) return listed
  const { targets, specs, records } = listed.value
  const made = targets.map((target, index) => {
    const spec = specs[index]!
    return { target: formatTarget(target), fileName: target.format.fileName(spec), paths: spec.items.length }
  })
  const rows = made.map(({ target, fileName, paths }) => [target, fileName, `${paths} paths`])
  return ok({
    document: { file: opened.value.manifest.file, targets: made, sources: records.length, warnings: warnings() },
    lines: [`${opened.value.manifest.file} is sound. It makes of ${records.length} sources:`, ...inColumns(rows)],
  })
}
