// The manifest of the working folder, what it is to become, and the sources that takes.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Fault } from '@distropack/core/fault.ts'
import { variableNames, withoutSignatures } from '@distropack/core/manifest/expand.ts'
import { type Manifest, readManifest } from '@distropack/core/manifest/parse.ts'
import { type ListedSources, listSources } from '@distropack/core/manifest/sources.ts'
import { planTargets } from '@distropack/core/manifest/targets.ts'
import { openWork } from '@distropack/core/manifest/work.ts'
import type { Target } from '@distropack/core/registry.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { unheard, type Warn } from '@distropack/core/warning.ts'
import { folderTree } from '@distropack/packager/host/source-tree.ts'
import { faultTrouble, type Trouble, usageTrouble } from './outcome.ts'
import { type Environment, MANIFEST_FILES } from './settings.ts'

export interface ManifestFlags {
  readonly file?: string
  readonly version?: string
  readonly target?: readonly string[]
  /** Targets that cannot be made are left out. */
  readonly keepGoing?: boolean
}

export interface ManifestFile {
  readonly text: string
  readonly manifest: Manifest
  /** Those the manifest names, and SOURCE_DATE_EPOCH; never a whole environment. */
  readonly variables: Readonly<Record<string, string>>
  /** Those a server gets: not the ones that only say where the user's own keys are. */
  readonly sentVariables: Readonly<Record<string, string>>
  readonly targets: readonly Target[]
}

const readFirst = async (
  files: readonly string[],
): Promise<{ readonly file: string; readonly bytes: Uint8Array } | undefined> => {
  for (const file of files) {
    try {
      return { file, bytes: await readFile(file) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return undefined
}

const pickVariables = (values: Manifest['values'], env: Environment): Readonly<Record<string, string>> => {
  const names = [...variableNames(values), 'SOURCE_DATE_EPOCH']
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}

/** What else is wrong, as far as the targets that are right can show: one run says all that it can see. */
const otherMistakes = async (file: ManifestFile, flags: ManifestFlags): Promise<readonly Fault[]> => {
  const { manifest, variables } = file
  const words = flags.target?.length ? flags.target : (manifest.values.targets ?? [])
  const targets = words.flatMap((word) => {
    const planned = planTargets({ manifest, asked: [word], variables })
    return planned.ok ? planned.value : []
  })
  const listed = targets.length > 0 ? await findSources({ ...file, targets }, flags, unheard) : ok(undefined)
  return listed.ok ? [] : (listed.error.faults as readonly Fault[])
}

export const openManifest = async (flags: ManifestFlags, env: Environment): Promise<Result<ManifestFile, Trouble>> => {
  const read = await readFirst(flags.file ? [flags.file] : MANIFEST_FILES)
  if (!read) {
    const looked = flags.file
      ? `${flags.file} is not there.`
      : `There is no ${MANIFEST_FILES.join(', ')} here; give --file.`
    return usageTrouble(looked)
  }
  const opened = readManifest(read.bytes, flags.file ? flags.file : basename(read.file))
  if (!opened.ok) return faultTrouble(opened.error)
  const { text, manifest } = opened.value
  const variables = pickVariables(manifest.values, env)
  const sentVariables = pickVariables(withoutSignatures(manifest.values), env)
  const targets = planTargets({ manifest, asked: flags.target, variables })
  if (!targets.ok) {
    const others = await otherMistakes({ text, manifest, variables, sentVariables, targets: [] }, flags)
    return faultTrouble([...targets.error, ...others])
  }
  return ok({ text, manifest, variables, sentVariables, targets: targets.value })
}

/** Of sources, so that several targets share one reading of what most packages are. */
const KEPT_BYTES = 48 * 1024 * 1024

/** Paths are relative to the working folder, as nFPM reads them, and not to the manifest. */
export const findSources = async (
  { manifest, variables, targets }: ManifestFile,
  { version, keepGoing }: Pick<ManifestFlags, 'version' | 'keepGoing'>,
  warn: Warn,
): Promise<Result<ListedSources, Trouble>> => {
  const tree = folderTree(process.cwd(), { keptBytes: targets.length > 1 ? KEPT_BYTES : 0 })
  const buildTimeSeconds = Math.floor(Date.now() / 1000)
  const listed = await listSources(
    { manifest, version, variables, tree, buildTimeSeconds, warn, work: openWork(), keepGoing },
    targets,
  )
  return listed.ok ? listed : faultTrouble(listed.error)
}
