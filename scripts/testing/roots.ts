// Root file systems in which real clients run: one per Debian release, made once by mmdebstrap and only read
// afterwards (tests work on an overlay of it).
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * bookworm: apt 2.6, which verifies with gpgv; dnf 4.14, zypper 1.14.42, rpm 4.18, pacman 6.0.
 * trixie: apt 3.0, which verifies with sqv; dnf 4.23, zypper 1.14.89, rpm 4.20, pacman 7.0.
 */
export const SUITES = ['bookworm', 'trixie'] as const
export type Suite = (typeof SUITES)[number]

const FOLDER = process.env.DISTROPACK_TEST_ROOTS || '/var/cache/distropack-test-roots'
const FALLBACK_MIRROR = 'http://deb.debian.org/debian'

/** Install instructions fetch keys with curl, and unpack archives. */
const PACKAGES = [
  'curl',
  'ca-certificates',
  'dnf',
  'gnupg',
  'pacman-package-manager',
  'rpm',
  'unzip',
  'xz-utils',
  'zstd',
  'zypper',
]
/** Part of a root's name: one more with every change of what is in it, so that no run takes an older root. */
const EDITION = 4

export const rootOf = (suite: Suite): string => join(FOLDER, `${suite}-${EDITION}`)
const isReady = (suite: Suite): boolean => existsSync(join(rootOf(suite), '.ready'))

/** Where this machine's own apt gets Debian from: a mirror near it, or the one an offline site has. */
const findMirror = (): string => {
  const listed = spawnSync('apt-get', ['indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Identifier: Packages'], {
    encoding: 'utf8',
  })
  const line = listed.stdout?.split('\n').find((text) => text.startsWith('Debian http'))
  return line?.slice('Debian '.length) ?? FALLBACK_MIRROR
}

const runMmdebstrap = (suite: Suite, target: string, mirror: string): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const options = [
      '--quiet',
      '--variant=apt',
      `--include=${PACKAGES.join(',')}`,
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
  const status = await runMmdebstrap(suite, draft, mirror)
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true })
    return `mmdebstrap could not make ${suite} from ${mirror} (status ${status})`
  }
  writeFileSync(join(draft, '.ready'), '')
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
