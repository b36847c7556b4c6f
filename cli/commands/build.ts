// `distropack build`: packages on this machine, without a server.
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { formatTarget, type Target } from '@distropack/core/registry.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { buildPackage } from '@distropack/packager/host/build-package.ts'
import { findSources, type ManifestFlags, openManifest } from '../manifest-file.ts'
import { faultTrouble, type Outcome, type Trouble } from '../outcome.ts'
import type { Environment } from '../settings.ts'
import { formatBytes, type Terminal } from '../terminal.ts'

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
}

const buildOne = async (target: Target, spec: PackageSpec, out: string): Promise<Result<BuiltFile, Trouble>> => {
  const path = join(out, target.format.fileName(spec))
  // Under another name until it is whole; an older package of that name is replaced in one step.
  const unfinished = `${path}.${process.pid}.unfinished`
  const built = await buildPackage({ format: target.format, spec, path: unfinished, log: () => {} })
  if (!built.ok) return faultTrouble([built.error])
  try {
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  const { entry, sizeBytes, sha256 } = built.value
  return ok({ target: formatTarget(target), path, name: entry.name, version: entry.version, sizeBytes, sha256 })
}

export const build = async (flags: BuildFlags, env: Environment, terminal: Terminal): Promise<Outcome> => {
  const opened = await openManifest(flags, env)
  if (!opened.ok) return opened
  const listed = await findSources(opened.value, flags.version, Math.floor(Date.now() / 1000))
  if (!listed.ok) return listed
  await mkdir(flags.out, { recursive: true })
  const packages: BuiltFile[] = []
  for (const [index, target] of opened.value.targets.entries()) {
    terminal.say(`building ${formatTarget(target)}`)
    const built = await buildOne(target, listed.value.specs[index]!, flags.out)
    if (!built.ok) return built
    packages.push(built.value)
  }
  return ok({
    document: { packages },
    lines: packages.map(({ path, sizeBytes }) => `${path}  ${formatBytes(sizeBytes)}`),
  })
}
