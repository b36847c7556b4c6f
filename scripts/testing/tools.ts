// The programs of other people that the tests hold ours against, as Debian packages.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Debian and Ubuntu name them alike. What a test calls and this list lacks is a defect of this list. */
const PACKAGES = [
  'apt-utils', // apt-ftparchive
  'binutils', // ar
  'bzip2',
  'busybox',
  'cpio',
  'createrepo-c',
  'curl',
  'debian-archive-keyring', // mmdebstrap on other Debians
  'dpkg-dev',
  'gnupg',
  'golang-github-knqyf263-go-apk-version-dev', // apk-tools' table of versions
  'gpgv',
  'libarchive-tools', // bsdtar
  'lintian',
  'makepkg',
  'mmdebstrap',
  'openssl',
  'pacman-package-manager', // pacman, repo-add, vercmp
  'python3',
  'python3-createrepo-c',
  'rpm', // and rpmbuild, rpmkeys
  'rpm2cpio',
  'rpmlint',
  'shellcheck',
  'signify-openbsd',
  'unzip',
  'xz-utils',
  'zstd',
] as const

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own notation
const STATUS = '${db:Status-Status}'

const isInstalled = (name: string): boolean =>
  spawnSync('dpkg-query', ['-W', '-f', STATUS, name], { encoding: 'utf8' }).stdout === 'installed'

export const missingPackages = (): readonly string[] => PACKAGES.filter((name) => !isInstalled(name))

const aptGet = (...args: readonly string[]): boolean => {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  const options = ['-o', 'DPkg::Lock::Timeout=300', '-qq']
  const { status } = spawnSync('apt-get', [...options, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  return status === 0
}

/** Undefined when every tool is there; else the sentence that says what is missing and how to get it. */
export const prepareTools = (): string | undefined => {
  if (!existsSync('/usr/bin/dpkg-query')) return 'the clients under test run on Debian or Ubuntu, and this is neither'
  const missing = missingPackages()
  if (missing.length === 0) return undefined
  const command = `apt-get install ${missing.join(' ')}`
  if (process.getuid?.() !== 0) return `missing: ${missing.join(', ')}. As root: ${command}`
  console.log(`Installing ${missing.join(', ')} …`)
  const isDone = aptGet('update') && aptGet('install', '-y', '--no-install-recommends', ...missing)
  return isDone ? undefined : `"${command}" failed; read its message above`
}
