// The sources a manifest needs for all its targets: resolve is run over a recording tree and its notes are kept.
import { type Fault, fault } from '../fault.ts'
import type { PackageSpec } from '../model/spec.ts'
import type { Target } from '../registry.ts'
import { err, ok, type Result } from '../result.ts'
import type { Manifest } from './parse.ts'
import { recordingTree, type UnhashedRecord } from './record-tree.ts'
import { type ResolveRequest, resolve } from './resolve.ts'

export interface ListedSources {
  readonly records: readonly UnhashedRecord[]
  /** One a target, in the targets' order. */
  readonly specs: readonly PackageSpec[]
}

const faultKey = ({ code, message }: Fault): string => `${code} ${message}`

/** A format knows the key that is wrong, the manifest knows the line it stands on. */
export const locate = (faults: readonly Fault[], manifest: Manifest): readonly Fault[] =>
  faults.map((found) => {
    if (!found.where?.key || found.where.file) return found
    const { key } = found.where
    const where = manifest.where(key.split('.'))
    return fault(found.code, `${where.file}:${where.line ?? 1}:${where.column ?? 1}: ${found.message}`, where)
  })

/** Faults of all targets, each once; a format's own rules (names, versions) are checked as well. */
export const listSources = async (
  request: Omit<ResolveRequest, 'manifestName' | 'formatId' | 'architecture'>,
  targets: readonly Target[],
): Promise<Result<ListedSources, readonly Fault[]>> => {
  const tree = recordingTree(request.tree)
  const specs: PackageSpec[] = []
  const faults = new Map<string, Fault>()
  for (const { format, architecture } of targets) {
    const resolved = await resolve({
      ...request,
      tree,
      manifestName: format.manifestName,
      formatId: format.id,
      architecture,
    })
    const found = resolved.ok ? locate(format.check(resolved.value), request.manifest) : resolved.error
    for (const each of found) faults.set(faultKey(each), each)
    if (resolved.ok) specs.push(resolved.value)
  }
  if (faults.size > 0) return err([...faults.values()])
  return ok({ records: tree.records(), specs })
}
