// What of the tests this machine can run, decided in this one place; whatever it cannot is said in the summary.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packagesOf, ROOT_MAKERS, type TestFile } from './programs.ts'
import type { Tools } from './tools.ts'

export interface LeftOut {
  /** From the repository's root. */
  readonly files: readonly string[]
  readonly reason: string
}

/** The files of a part that start programs this machine lacks; undefined when there are none. */
export const leaveOut = (files: readonly TestFile[], { missing, advice }: Tools): LeftOut | undefined => {
  const lacking = files
    .map((file) => ({ path: file.path, packages: [...packagesOf(file)].filter((name) => missing.has(name)) }))
    .filter(({ packages }) => packages.length > 0)
  if (lacking.length === 0) return undefined
  const packages = [...new Set(lacking.flatMap((file) => file.packages))].sort()
  return { files: lacking.map(({ path }) => path), reason: advice(packages) }
}

/** As test/support/client-root.ts holds a root. */
const TRY_MOUNTS = `set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/lower" "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/root"`

/** In a namespace of its own, so nothing of it stays. The message of mount(8) where it fails. */
const tryMounts = (): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), 'distropack-mounts-'))
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', TRY_MOUNTS, 'try', folder]
  const { status, stderr, error } = spawnSync('unshare', args, { encoding: 'utf8' })
  rmSync(folder, { recursive: true, force: true })
  if (status === 0) return undefined
  return error?.message ?? (stderr.trim().replaceAll('\n', '; ') || `status ${status}`)
}

export interface Privileges {
  readonly isRoot: boolean
  /** Why overlays cannot be mounted; only asked as root. */
  tryMounts(): string | undefined
}

const OURS: Privileges = { isRoot: process.getuid?.() === 0, tryMounts }

/** Why no client root can be made and entered here; undefined when they can. */
export const whyNoClientRoots = (tools: Tools, { isRoot, tryMounts }: Privileges = OURS): string | undefined => {
  if (!isRoot) return 'client roots are made, mounted and entered by root'
  const missing = ROOT_MAKERS.filter((name) => tools.missing.has(name))
  if (missing.length > 0) return tools.advice(missing)
  const trouble = tryMounts()
  return trouble && `client roots are overlay mounts, which this root may not make: ${trouble}`
}
