// Root file systems in which real clients run: one per Debian release, made once by mmdebstrap and only read
// afterwards (tests work on an overlay of it).
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * bookworm: apt 2.6, which verifies with gpgv; dnf 4.14, zypper 1.14.42, rpm 4.18, pacman 6.0.
 * trixie: apt 3.0, which verifies with sqv; dnf 4.23, zypper 1.14.89, rpm 4.20, pacman 7.0.
 */
export const SUITES = ['bookworm', 'trixie'] as const

/**
 * Debian's unreleased suite, for what no release has: dnf 5 and rpm 6. It changes from day to day and is broken on
 * some of them, so a root of it may be missing without anybody here having failed.
 */
export const MOVING_SUITE = 'sid'

export type Suite = (typeof SUITES)[number] | typeof MOVING_SUITE

const FOLDER = process.env.DISTROPACK_TEST_ROOTS || '/var/cache/distropack-test-roots'
const FALLBACK_MIRROR = 'http://deb.debian.org/debian'

/** Install instructions fetch keys with curl, and unpack archives. */
const COMMON = ['curl', 'ca-certificates', 'gnupg', 'rpm', 'unzip', 'xz-utils', 'zstd']
const RELEASED = [...COMMON, 'dnf', 'pacman-package-manager', 'zypper']
const PACKAGES: Readonly<Record<Suite, readonly string[]>> = {
  bookworm: RELEASED,
  trixie: RELEASED,
  [MOVING_SUITE]: [...COMMON, 'dnf5'],
}
/** Part of a root's name: one more with every change of what is in it, so that no run takes an older root. */
const EDITION = 5

// A pacman as on Arch, which has its keyring from its own installation. Making one takes seconds, and every test wants it.
// Debian's package lacks the folder, and the shell library of pacman-key, which this machine's makepkg brings.
const PACMAN_LIBRARY = '/usr/share/makepkg/util'
const PACMAN_HOOKS = [
  `mkdir -p "$1/etc/pacman.d" "$1${PACMAN_LIBRARY}"`,
  `cp ${PACMAN_LIBRARY}/message.sh ${PACMAN_LIBRARY}/parseopts.sh "$1${PACMAN_LIBRARY}/"`,
  'said=$(chroot "$1" pacman-key --init 2>&1) || { echo "$said" >&2; exit 1; }',
  'chroot "$1" gpgconf --homedir /etc/pacman.d/gnupg --kill all',
]
const HOOKS: Readonly<Record<Suite, readonly string[]>> = {
  bookworm: PACMAN_HOOKS,
  trixie: PACMAN_HOOKS,
  [MOVING_SUITE]: [],
}

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

/** A minute or two from a near mirror, many more beside other work; one that does not answer must not hold up everything. */
const TIME_LIMIT_MS = 25 * 60_000

const runMmdebstrap = (suite: Suite, target: string, mirror: string): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const options = [
      '--quiet',
      '--variant=apt',
      `--include=${PACKAGES[suite].join(',')}`,
      '--aptopt=Acquire::Check-Valid-Until "false"',
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=APT::Install-Recommends "false"',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
      // A root that a crash cut short has no `.ready` and is made again.
      '--dpkgopt=force-unsafe-io',
      ...HOOKS[suite].map((line) => `--customize-hook=${line}`),
    ]
    const child = spawn('mmdebstrap', [...options, suite, target, mirror], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: TIME_LIMIT_MS,
    })
    child.once('error', reject)
    child.once('close', resolve)
  })

/** Of earlier editions: some hundred megabytes each that no test will read again. */
const removeOlderRoots = (suite: Suite): void => {
  for (const name of readdirSync(FOLDER)) {
    const edition = Number(new RegExp(`^${suite}-(\\d+)$`).exec(name)?.[1] ?? EDITION)
    if (edition < EDITION) rmSync(join(FOLDER, name), { recursive: true, force: true })
  }
}

const makeRoot = async (suite: Suite): Promise<string | undefined> => {
  if (isReady(suite)) return undefined
  const mirror = findMirror()
  const draft = join(FOLDER, `.new-${suite}-${process.pid}`)
  const status = await runMmdebstrap(suite, draft, mirror)
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true })
    return `mmdebstrap could not make ${suite} from ${mirror} (${status === null ? 'not done in time' : `status ${status}`})`
  }
  writeFileSync(join(draft, '.ready'), '')
  rmSync(rootOf(suite), { recursive: true, force: true })
  renameSync(draft, rootOf(suite))
  removeOlderRoots(suite)
  return undefined
}

/** Why roots of these suites cannot be had; undefined when every one stands. */
const prepare = async (suites: readonly Suite[]): Promise<string | undefined> => {
  if (suites.every(isReady)) return process.getuid?.() === 0 ? undefined : 'overlay mounts need root'
  if (process.getuid?.() !== 0) return 'client roots are made and mounted by root'
  mkdirSync(FOLDER, { recursive: true })
  const troubles = await Promise.all(suites.map(makeRoot))
  return troubles.find((trouble) => trouble !== undefined)
}

export const prepareRoots = (): Promise<string | undefined> => prepare(SUITES)

export const prepareMovingRoot = (): Promise<string | undefined> => prepare([MOVING_SUITE])
