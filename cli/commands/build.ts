// `distropack build`: packages on this machine, without a server, signed by the user's own key where the manifest
// names one.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { formatTarget, type Target } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { PackageSigner } from '@distropack/core/tools.ts'
import { collectWarnings, type Warn, type Warning } from '@distropack/core/warning.ts'
import { buildPackage } from '@distropack/packager/host/build-package.ts'
import { untilInterrupted } from '../interruption.ts'
import { findSources, type ManifestFlags, openManifest } from '../manifest-file.ts'
import { faultTrouble, type Outcome, type Trouble } from '../outcome.ts'
import type { Environment } from '../settings.ts'
import { openSigners } from '../signing-keys.ts'
import { formatBytes, type Terminal, warningsOn } from '../terminal.ts'

export interface BuildFlags extends ManifestFlags {
  readonly out: string
}

interface BuiltFile {
  readonly target: string
  readonly path: string
  readonly name: string
  readonly version: string
  readonly sizeBytes: number
  readonly sha256: string
  /** By the key the manifest names. */
  readonly signed: boolean
  /** Paths of signatures in files of their own. */
  readonly companions: readonly string[]
}

interface OneBuild {
  readonly target: Target
  readonly spec: PackageSpec
  readonly signer: PackageSigner | undefined
  readonly out: string
  readonly signal: AbortSignal
  readonly warn: Warn
}

/** Under another name until it is whole; an older file of that name is replaced in one step. */
const inOneStep = async <T>(path: string, make: (unfinished: string) => Promise<T>): Promise<T> => {
  const unfinished = `${path}.${process.pid}.unfinished`
  try {
    return await make(unfinished)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

const buildOne = async ({ target, spec, signer, out, signal, warn }: OneBuild): Promise<Result<BuiltFile, Trouble>> => {
  const path = join(out, target.format.fileName(spec))
  const built = await inOneStep(path, async (unfinished) => {
    const order = { format: target.format, spec, path: unfinished, log: () => {}, warn, signal }
    const made = await buildPackage({ ...order, ...(signer ? { signer } : {}) })
    if (made.ok) await rename(unfinished, path)
    return made
  })
  if (!built.ok) return faultTrouble([built.error])
  const { entry, sizeBytes, sha256, companions } = built.value
  for (const { suffix, bytes } of companions) {
    await inOneStep(`${path}${suffix}`, async (unfinished) => {
      await writeFile(unfinished, bytes)
      await rename(unfinished, `${path}${suffix}`)
    })
  }
  return ok({
    target: formatTarget(target),
    path,
    name: entry.name,
    version: entry.version,
    sizeBytes,
    sha256,
    signed: signer !== undefined,
    companions: companions.map(({ suffix }) => `${path}${suffix}`),
  })
}

/** One is read and hashed while another is compressed; more at once would only hold more. */
const BUILDS_AT_ONCE = 2

interface AllBuilds {
  readonly targets: readonly Target[]
  readonly specs: readonly PackageSpec[]
  readonly signers: readonly (PackageSigner | undefined)[]
  readonly flags: BuildFlags
  readonly terminal: Terminal
}

interface EndedBuild {
  readonly built: Result<BuiltFile, Trouble>
  /** Said when all are done, in the targets' order, whichever came first. */
  readonly warnings: readonly Warning[]
}

/** In the targets' order. After one that failed no other is begun, unless all are to be tried. */
const buildAll = async (order: AllBuilds, signal: AbortSignal): Promise<readonly EndedBuild[]> => {
  const { targets, specs, signers, flags, terminal } = order
  const ended: EndedBuild[] = []
  let next = 0
  let isStopped = false
  const lane = async (): Promise<void> => {
    while (next < targets.length && !isStopped) {
      const index = next++
      const target = targets[index]!
      terminal.say(`building ${formatTarget(target)}`)
      const { warn, warnings } = collectWarnings()
      const spec = specs[index]!
      const built = await buildOne({ target, spec, signer: signers[index], out: flags.out, warn, signal })
      ended[index] = { built, warnings: warnings() }
      isStopped ||= !built.ok && !flags.keepGoing
    }
  }
  const lanes = Array.from({ length: BUILDS_AT_ONCE }, () =>
    lane().catch((error: unknown) => {
      isStopped = true
      throw error
    }),
  )
  // A full disk, or an interruption: what the other lane has begun is cleared away before anybody hears of it.
  const outcomes = await Promise.allSettled(lanes)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return ended.flat()
}

export const build = async (flags: BuildFlags, env: Environment, terminal: Terminal): Promise<Outcome> => {
  const opened = await openManifest(flags, env)
  if (!opened.ok) return opened
  const { warn, warnings } = warningsOn(terminal)
  const listed = await findSources(opened.value, flags, warn)
  if (!listed.ok) return listed
  // Before anything is built: a wrong passphrase ends the command with nothing half done.
  const signers = await openSigners({ ...opened.value, targets: listed.value.targets }, listed.value.specs, env)
  if (!signers.ok) return signers
  await mkdir(flags.out, { recursive: true })
  const order = { ...listed.value, signers: signers.value, flags, terminal }
  const all = await untilInterrupted((signal) => buildAll(order, signal))
  for (const { warnings: heard } of all) for (const each of heard) warn(each)
  const packages = all.flatMap(({ built }) => (built.ok ? [built.value] : []))
  const broken = all.flatMap(({ built }) => (built.ok ? [] : [built.error]))
  if (broken[0] && !flags.keepGoing) return err(broken[0])
  const [first] = broken
  if (first) {
    const document = { packages, warnings: warnings() }
    return err({ ...first, faults: broken.flatMap(({ faults }) => faults), document })
  }
  return ok({
    document: { packages, warnings: warnings() },
    lines: packages.flatMap(({ path, sizeBytes, signed, companions }) => [
      `${path}  ${formatBytes(sizeBytes)}${signed ? '  signed' : ''}`,
      ...companions,
    ]),
  })
}
