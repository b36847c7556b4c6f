// What a build request comes to, worked out with the packager's own code but without bytes: targets, file names,
// and every fault that words and file lists can show.
import { catchStreamFaults } from '@distropack/core/bytes/stream-fault.ts'
import type { CreateBuild } from '@distropack/core/contract/api.ts'
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import { type Fault, fault, listFaults } from '@distropack/core/fault.ts'
import { parseManifest } from '@distropack/core/manifest/parse.ts'
import { recordTree } from '@distropack/core/manifest/record-tree.ts'
import { doubledFiles, impossibleTargets, listSources } from '@distropack/core/manifest/sources.ts'
import { planTargets } from '@distropack/core/manifest/targets.ts'
import { openWork } from '@distropack/core/manifest/work.ts'
import type { ByteSource, PackageSpec } from '@distropack/core/model/spec.ts'
import { describeInputs } from '@distropack/core/model/spec-inputs.ts'
import { formatTarget, type Target } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { unheard } from '@distropack/core/warning.ts'
import { readBlobBytes } from '../../storage/blobs.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import type { Project } from '../access/access.ts'
import type { Platform } from '../platform/platform.ts'
import { ownedBlobs } from '../uploads/blobs.ts'

export interface PlannedJob {
  readonly target: Target
  readonly targetText: string
  readonly fileName: string
  /** Of everything that goes in but times, with the digest's edition before it. */
  readonly inputSha256: string
}

export interface PlannedBuild {
  readonly jobs: readonly PlannedJob[]
  /** With `keepGoing`: targets that cannot be made of the manifest, and why. */
  readonly impossible: readonly { readonly target: Target; readonly faults: readonly Fault[] }[]
}

const findMissingBlobs = async (
  platform: Platform,
  project: Project,
  { sources, sbom }: Pick<CreateBuild, 'sources' | 'sbom'>,
): Promise<Fault[]> => {
  const files = [
    ...sources.flatMap((source) => (source.kind === 'file' ? [source] : [])),
    ...(sbom ? [{ ...sbom, path: 'the SBOM' }] : []),
  ]
  const owned = await ownedBlobs(
    platform,
    project.id,
    files.map(({ sha256 }) => sha256),
  )
  return files
    .filter(({ sha256, sizeBytes }) => owned.get(sha256) !== sizeBytes)
    .map(({ path, sha256 }) => fault('blob_missing', `${path}: upload its bytes (sha256 ${sha256}) first.`))
}

/** Two digests of one edition differ only where the packages do. */
const DIGEST_EDITION = '2:'

const digestInputs = async (target: string, spec: PackageSpec): Promise<string> =>
  `${DIGEST_EDITION}${await sha256Hex(`${target}\n${describeInputs(spec)}`)}`

/** Whether a digest can tell that two packages differ: one of an earlier edition, or of a pushed file, cannot. */
export const isComparable = (inputSha256: string): boolean => inputSha256.startsWith(DIGEST_EDITION)

/** Of a comparable digest, what a person can compare: the SHA-256 alone. */
export const sha256Of = (inputSha256: string): string => inputSha256.slice(DIGEST_EDITION.length)

/** Larger ones are read again: each target of a hostile manifest may name others. */
const KEPT_TEXT_BYTES = 64 * 1024
const KEPT_TEXTS = 64

/** Scripts and changelogs, which every target reads again: from the store once. */
const openTexts = (bucket: R2Bucket) => {
  const texts = new Map<string, Promise<Uint8Array>>()
  return async function* ({ sha256, sizeBytes }: BlobRef): ByteSource {
    const text = texts.get(sha256) ?? readBlobBytes(bucket, sha256)
    if (sizeBytes <= KEPT_TEXT_BYTES && texts.size < KEPT_TEXTS) texts.set(sha256, text)
    yield await text
  }
}

/** At least one job, or every fault there is. */
export const planBuild = async (
  platform: Platform,
  project: Project,
  request: CreateBuild & { readonly mtimeSeconds: number },
): Promise<Result<PlannedBuild, readonly Fault[]>> => {
  const manifest = parseManifest(request.manifest, request.manifestFile)
  if (!manifest.ok) return manifest
  const { variables, version } = request
  const targets = planTargets({ manifest: manifest.value, asked: request.targets, variables })
  if (!targets.ok) return targets
  const missing = await findMissingBlobs(platform, project, request)
  if (missing.length > 0) return err(listFaults(missing))
  const work = openWork()
  const opened = await catchStreamFaults(async () =>
    ok(recordTree(request.sources, openTexts(platform.bucket), work.budget)),
  )
  if (!opened.ok) return err([opened.error])
  const tree = opened.value
  // The packager says them again, for the job.
  const about = {
    manifest: manifest.value,
    version,
    variables,
    tree,
    buildTimeSeconds: request.mtimeSeconds,
    warn: unheard,
    work,
  }
  const planned: PlannedJob[] = []
  const impossible: { readonly target: Target; readonly faults: readonly Fault[] }[] = []
  for (const target of targets.value) {
    const listed = await listSources(about, [target])
    if (!listed.ok) {
      impossible.push({ target, faults: listed.error })
      continue
    }
    const [spec] = listed.value.specs
    if (!spec) throw new Error('a target without a spec')
    const targetText = formatTarget(target)
    const inputSha256 = await digestInputs(targetText, spec)
    planned.push({ target, targetText, fileName: target.format.fileName(spec), inputSha256 })
  }
  return settlePlan({ jobs: planned, impossible }, request.keepGoing === true)
}

/** Each fault once, and behind those of some targets what could be made without them. */
const settlePlan = (plan: PlannedBuild, keepGoing: boolean): Result<PlannedBuild, readonly Fault[]> => {
  const isStopped = plan.impossible.length > 0 && !(keepGoing && plan.jobs.length > 0)
  const found = [...(isStopped ? plan.impossible.flatMap(({ faults }) => faults) : []), ...doubledFiles(plan.jobs)]
  if (found.length === 0) return ok(plan)
  const targetsOf = (some: readonly { readonly target: Target }[]) => some.map(({ target }) => target)
  const hint = isStopped ? impossibleTargets(targetsOf(plan.jobs), targetsOf(plan.impossible)) : undefined
  const once = new Map(found.map((each) => [each.message, each]))
  return err([...listFaults([...once.values()]), ...(hint ? [hint] : [])])
}
