// The sources a manifest needs for all its targets: resolve is run over a recording tree and its notes are kept.
import { type Fault, fault, listFaults, type Where } from '../fault.ts'
import type { PackageSpec } from '../model/spec.ts'
import { formatTarget, type Target } from '../registry.ts'
import { err, ok, type Result } from '../result.ts'
import { type Warning, warning } from '../warning.ts'
import type { Manifest } from './parse.ts'
import { recordingTree, type UnhashedRecord } from './record-tree.ts'
import { type ResolveRequest, resolve } from './resolve.ts'

export interface ListedSources {
  /** For whoever sends them: a build on this machine has no use for so many. */
  records(): readonly UnhashedRecord[]
  /** One a target, in the targets' order. */
  readonly specs: readonly PackageSpec[]
  /** All that were asked for, but for those left out to keep going. */
  readonly targets: readonly Target[]
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

/** Behind the faults of some targets: which could be made without them, and how. */
export const impossibleTargets = (possible: readonly Target[], impossible: readonly Target[]): Fault | undefined => {
  if (possible.length === 0 || impossible.length === 0) return undefined
  const [can, cannot] = [possible, impossible].map((targets) => targets.map(formatTarget))
  const message = `${cannot!.join(', ')} cannot be made of this manifest, ${can!.join(', ')} can: ask for those with --target ${can!.join(' ')}, list them under \`targets:\`, or give --keep-going.`
  return fault('target_impossible', message)
}

interface OneTarget {
  readonly target: Target
  readonly faults: readonly Fault[]
  readonly spec?: PackageSpec
}

const resolveTarget = async (
  request: Omit<ResolveRequest, 'manifestName' | 'formatId' | 'architecture'>,
  target: Target,
): Promise<OneTarget> => {
  const { format, architecture } = target
  const about = { ...request, manifestName: format.manifestName, formatId: format.id, architecture }
  const resolved = await resolve(about)
  if (!resolved.ok) return { target, faults: resolved.error }
  const faults = locate(format.check(resolved.value), request.manifest)
  if (faults.length === 0) advise(target, resolved.value, request)
  return { target, faults, spec: resolved.value }
}

const leftOut = ({ target, faults }: OneTarget): Warning =>
  warning('target_left_out', `${formatTarget(target)} is left out: ${faults[0]?.message ?? ''}`, faults[0]?.where)

/** Faults of all targets, each once; a format's own rules (names, versions) are checked as well. */
export const listSources = async (
  request: Omit<ResolveRequest, 'manifestName' | 'formatId' | 'architecture'> & {
    /** Targets with faults are left out, with a warning each, as long as one is left. */
    readonly keepGoing?: boolean | undefined
  },
  targets: readonly Target[],
): Promise<Result<ListedSources, readonly Fault[]>> => {
  const tree = recordingTree(request.tree)
  const all: OneTarget[] = []
  for (const target of targets) all.push(await resolveTarget({ ...request, tree }, target))
  const bad = all.filter(({ faults }) => faults.length > 0)
  const good = all.flatMap(({ target, faults, spec }) => (faults.length === 0 && spec ? [{ target, spec }] : []))
  const files = good.map(({ target, spec }) => ({ target, fileName: target.format.fileName(spec) }))
  const isStopped = bad.length > 0 && !(request.keepGoing && good.length > 0)
  const faults = new Map<string, Fault>()
  if (isStopped) for (const each of bad.flatMap((one) => one.faults)) faults.set(faultKey(each), each)
  for (const each of doubledFiles(files)) faults.set(faultKey(each), each)
  if (faults.size > 0) {
    const targetsOf = (some: readonly { readonly target: Target }[]) => some.map(({ target }) => target)
    const hint = isStopped ? impossibleTargets(targetsOf(good), targetsOf(bad)) : undefined
    return err([...listFaults([...faults.values()]), ...(hint ? [hint] : [])])
  }
  for (const each of bad) request.warn(leftOut(each))
  return ok({
    records: () => tree.records(),
    specs: good.map(({ spec }) => spec),
    targets: good.map(({ target }) => target),
  })
}
