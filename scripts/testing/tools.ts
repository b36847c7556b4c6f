// The programs that tests start, as Debian packages: which are missing, and getting them where this user may.
import { spawnSync } from 'node:child_process'
import { PROGRAMS, ROOT_MAKERS } from './programs.ts'

const PACKAGES: readonly string[] = [...new Set([...Object.values(PROGRAMS).flat(), ...ROOT_MAKERS])].sort()

/** The machine that the tests run on. */
export interface Machine {
  /** Debian packages; undefined where there is no dpkg, or one that has installed nothing. */
  installed(): ReadonlySet<string> | undefined
  readonly isRoot: boolean
  /** Of these, those that could be had; what went wrong has been printed. */
  install(packages: readonly string[]): void
}

export interface Tools {
  /** Debian packages that tests need and this machine lacks, after everything that could be done. */
  readonly missing: ReadonlySet<string>
  /** Why, and how to get these of them. */
  advice(packages: readonly string[]): string
}

const installedByDpkg = (): ReadonlySet<string> | undefined => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own notation
  const format = '${db:Status-Status} ${Package}\n'
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8', maxBuffer: 1 << 26 })
  const words = (stdout ?? '').split('\n').map((line) => line.split(' '))
  const names = new Set(words.flatMap(([status, name]) => (status === 'installed' && name ? [name] : [])))
  // Other distributions have a dpkg too, for making packages with.
  return names.has('dpkg') ? names : undefined
}

const aptGet = (...args: readonly string[]): boolean => {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  const options = ['-o', 'DPkg::Lock::Timeout=300', '-qq']
  const { status } = spawnSync('apt-get', [...options, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  return status === 0
}

/** One name that a release does not have would keep apt-get from installing the others. */
const knownToApt = (): ReadonlySet<string> =>
  new Set(spawnSync('apt-cache', ['pkgnames'], { encoding: 'utf8', maxBuffer: 1 << 26 }).stdout?.split('\n'))

const installByApt = (packages: readonly string[]): void => {
  console.log(`Installing ${packages.join(', ')} …`)
  if (!aptGet('update')) return
  const known = knownToApt()
  const wanted = packages.filter((name) => known.has(name))
  if (wanted.length > 0) aptGet('install', '-y', '--no-install-recommends', ...wanted)
}

const THIS_MACHINE: Machine = {
  installed: installedByDpkg,
  isRoot: process.getuid?.() === 0,
  install: installByApt,
}

export const prepareTools = (machine: Machine = THIS_MACHINE): Tools => {
  const installed = machine.installed()
  if (!installed) {
    const advice = () => 'the programs they start are Debian’s, and this is neither Debian nor Ubuntu'
    return { missing: new Set(PACKAGES), advice }
  }
  const missing = PACKAGES.filter((name) => !installed.has(name))
  if (missing.length === 0) return { missing: new Set(), advice: () => '' }
  if (!machine.isRoot) {
    return { missing: new Set(missing), advice: (packages) => `as root: apt-get install ${packages.join(' ')}` }
  }
  machine.install(missing)
  const now = machine.installed() ?? new Set()
  const advice = (packages: readonly string[]) =>
    `apt-get could not install ${packages.join(' ')}; its message stands above`
  return { missing: new Set(missing.filter((name) => !now.has(name))), advice }
}
