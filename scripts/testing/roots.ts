// Root file systems in which real clients run: one per Debian release, made once by mmdebstrap and only read
// afterwards (tests work on an overlay of it).
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** bookworm: apt 2.6, which verifies with gpgv. trixie: apt 3.0, which verifies with sqv. */
export const SUITES = ['bookworm', 'trixie'] as const
export type Suite = (typeof SUITES)[number]

const FOLDER = process.env.DISTROPACK_TEST_ROOTS || '/var/cache/distropack-test-roots'
const FALLBACK_MIRROR = 'http://deb.debian.org/debian'

/** Beside apt: what install instructions call, and the package managers of others. */
const PACKAGES = ['ca-certificates', 'curl', 'gnupg', 'pacman-package-manager']

export const rootOf = (suite: Suite): string => join(FOLDER, suite)

/** The packages a finished root was made with, which its marker lists; none when there is no such root. */
const packagesOf = (suite: Suite): readonly string[] => {
  const marker = join(rootOf(suite), '.ready')
  return existsSync(marker) ? readFileSync(marker, 'utf8').split('\n') : []
}

const isReady = (suite: Suite): boolean => {
  const present = packagesOf(suite)
  return PACKAGES.every((name) => present.includes(name))
}

/** Where this machine's own apt gets Debian from: a mirror near it, or the one an offline site has. */
const findMirror = (): string => {
  const listed = spawnSync('apt-get', ['indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Identifier: Packages'], {
    encoding: 'utf8',
  })
  const line = listed.stdout?.split('\n').find((text) => text.startsWith('Debian http'))
  return line?.slice('Debian '.length) ?? FALLBACK_MIRROR
}

interface NewRoot {
  readonly suite: Suite
  readonly target: string
  readonly mirror: string
  readonly packages: readonly string[]
}

const runMmdebstrap = ({ suite, target, mirror, packages }: NewRoot): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const options = [
      '--quiet',
      '--variant=apt',
      `--include=${packages.join(',')}`,
      '--aptopt=Acquire::Check-Valid-Until "false"',
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=APT::Install-Recommends "false"',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
    ]
    const child = spawn('mmdebstrap', [...options, suite, target, mirror], { stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('close', resolve)
  })

const makeRoot = async (suite: Suite): Promise<string | undefined> => {
  if (isReady(suite)) return undefined
  const mirror = findMirror()
  const draft = join(FOLDER, `.new-${suite}-${process.pid}`)
  // Another checkout on this machine may want others: no root loses what one needed.
  const packages = [...new Set([...PACKAGES, ...packagesOf(suite)])].filter((name) => name !== '').sort()
  const status = await runMmdebstrap({ suite, target: draft, mirror, packages })
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true })
    return `mmdebstrap could not make ${suite} from ${mirror} (status ${status})`
  }
  writeFileSync(join(draft, '.ready'), packages.join('\n'))
  rmSync(rootOf(suite), { recursive: true, force: true })
  renameSync(draft, rootOf(suite))
  return undefined
}

/** Undefined when every root stands; else why one does not. */
export const prepareRoots = async (): Promise<string | undefined> => {
  if (SUITES.every(isReady)) return process.getuid?.() === 0 ? undefined : 'overlay mounts need root'
  if (process.getuid?.() !== 0) return 'client roots are made and mounted by root'
  mkdirSync(FOLDER, { recursive: true })
  const troubles = await Promise.all(SUITES.map(makeRoot))
  return troubles.find((trouble) => trouble !== undefined)
}
