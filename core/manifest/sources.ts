// The sources a manifest needs for all its targets: resolve is run over a recording tree and its notes are kept.
import { type Fault, fault, type Where } from '../fault.ts'
import type { PackageSpec } from '../model/spec.ts'
import { formatTarget, type Target } from '../registry.ts'
import { err, ok, type Result } from '../result.ts'
import { type Warning, warning } from '../warning.ts'
import type { Manifest } from './parse.ts'
import { recordingTree, type UnhashedRecord } from './record-tree.ts'
import { type ResolveRequest, resolve } from './resolve.ts'

export interface ListedSources {
  readonly records: readonly UnhashedRecord[]
  /** One a target, in the targets' order. */
  readonly specs: readonly PackageSpec[]
}

const faultKey = ({ code, message }: Fault): string => `${code} ${message}`

const place = (
  { message, where }: { readonly message: string; readonly where?: Where },
  manifest: Manifest,
): { readonly message: string; readonly where: Where } | undefined => {
  if (!where?.key || where.file) return undefined
  const found = manifest.where(where.key.split('.'))
  return { message: `${found.file}:${found.line ?? 1}:${found.column ?? 1}: ${message}`, where: found }
}

/** A format knows the key that is wrong, the manifest knows the line it stands on. */
export const locate = (faults: readonly Fault[], manifest: Manifest): readonly Fault[] =>
  faults.map((found) => {
    const placed = place(found, manifest)
    return placed ? fault(found.code, placed.message, placed.where) : found
  })

const locateWarning = (found: Warning, manifest: Manifest): Warning => {
  const placed = place(found, manifest)
  return placed ? warning(found.code, placed.message, placed.where) : found
}

const EMPTY = warning(
  'package_empty',
  'the package installs nothing and depends on nothing: list files under `contents`',
  {
    key: 'contents',
  },
)

/** A package that only depends on others is not: metapackages are. */
const isEmpty = ({ items, relations }: PackageSpec): boolean =>
  relations.depends.length === 0 && items.every(({ kind }) => kind === 'implicit dir')

/** Of a spec that has no faults: what its maker should know. */
export const advise = (
  { format }: Target,
  spec: PackageSpec,
  { manifest, warn }: Pick<ResolveRequest, 'manifest' | 'warn'>,
): void => {
  for (const each of format.advise?.(spec) ?? []) warn(locateWarning(each, manifest))
  if (isEmpty(spec)) warn(locateWarning(EMPTY, manifest))
}

/** Targets that give one file: two words for one architecture of a format (arm6 and arm7 are both Debian's armhf). */
export const doubledFiles = (
  named: readonly { readonly target: Target; readonly fileName: string }[],
): readonly Fault[] => {
  const first = new Map<string, Target>()
  const faults: Fault[] = []
  for (const { target, fileName } of named) {
    const other = first.get(fileName)
    first.set(fileName, other ?? target)
    if (!other) continue
    const message = `${formatTarget(other)} and ${formatTarget(target)} are both ${fileName}: ask for one of them.`
    faults.push(fault('target_unknown', message))
  }
  return faults
}

/** Faults of all targets, each once; a format's own rules (names, versions) are checked as well. */
export const listSources = async (
  request: Omit<ResolveRequest, 'manifestName' | 'formatId' | 'architecture'>,
  targets: readonly Target[],
): Promise<Result<ListedSources, readonly Fault[]>> => {
  const tree = recordingTree(request.tree)
  const specs: PackageSpec[] = []
  const files: { target: Target; fileName: string }[] = []
  const faults = new Map<string, Fault>()
  for (const target of targets) {
    const { format, architecture } = target
    const resolved = await resolve({
      ...request,
      tree,
      manifestName: format.manifestName,
      formatId: format.id,
      architecture,
    })
    const found = resolved.ok ? locate(format.check(resolved.value), request.manifest) : resolved.error
    for (const each of found) faults.set(faultKey(each), each)
    if (!resolved.ok) continue
    if (found.length === 0) advise(target, resolved.value, request)
    specs.push(resolved.value)
    files.push({ target, fileName: format.fileName(resolved.value) })
  }
  for (const each of doubledFiles(files)) faults.set(faultKey(each), each)
  if (faults.size > 0) return err([...faults.values()])
  return ok({ records: tree.records(), specs })
}
