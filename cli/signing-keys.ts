// The user's own keys for `build`, one a target, as the manifest names them.
import type { Fault } from '@distropack/core/fault.ts'
import { locate } from '@distropack/core/manifest/sources.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type { PackageSigner } from '@distropack/core/tools.ts'
import { localSigner } from '@distropack/packager/host/local-signer.ts'
import type { ManifestFile } from './manifest-file.ts'
import { faultTrouble, type Trouble } from './outcome.ts'
import type { Environment } from './settings.ts'

/** In the targets' order; undefined where packages stay unsigned. Every fault, each once. */
export const openSigners = async (
  { manifest, targets }: ManifestFile,
  specs: readonly PackageSpec[],
  env: Environment,
): Promise<Result<readonly (PackageSigner | undefined)[], Trouble>> => {
  const signers: (PackageSigner | undefined)[] = []
  const faults = new Map<string, Fault>()
  for (const [index, { format }] of targets.entries()) {
    const signer = await localSigner(format, specs[index]!, env)
    if (signer.ok) signers.push(signer.value)
    else for (const found of locate([signer.error], manifest)) faults.set(found.message, found)
  }
  return faults.size > 0 ? faultTrouble([...faults.values()]) : ok(signers)
}
