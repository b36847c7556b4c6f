// Programs tests need beside Node. A missing one fails the run and says what to install; nothing is skipped.
import { spawnSync } from 'node:child_process'

/** Debian's packages of them. */
const PACKAGES = {
  ar: 'binutils',
  'apt-ftparchive': 'apt-utils',
  'apt-get': 'apt',
  bzip2: 'bzip2',
  bash: 'bash',
  bsdtar: 'libarchive-tools',
  busybox: 'busybox',
  cpio: 'cpio',
  createrepo_c: 'createrepo-c',
  dash: 'dash',
  'dpkg-deb': 'dpkg',
  'dpkg-parsechangelog': 'dpkg-dev',
  gpg: 'gnupg',
  gpgv: 'gpgv',
  lintian: 'lintian',
  makepkg: 'makepkg',
  zstd: 'zstd',
  openssl: 'openssl',
  pacman: 'pacman-package-manager',
  python3: 'python3',
  rpm: 'rpm',
  rpm2cpio: 'rpm2cpio',
  rpmbuild: 'rpm',
  rpmkeys: 'rpm',
  rpmlint: 'rpmlint',
  // Its library files are makepkg's.
  'repo-add': 'pacman-package-manager makepkg',
  shellcheck: 'shellcheck',
  'signify-openbsd': 'signify-openbsd',
  unzip: 'unzip',
  vercmp: 'pacman-package-manager',
  xz: 'xz-utils',
} as const

export const requirePrograms = (...names: readonly (keyof typeof PACKAGES)[]): void => {
  const missing = names.filter((name) => spawnSync('sh', ['-c', 'command -v "$0"', name]).status !== 0)
  if (missing.length === 0) return
  const packages = missing.map((name) => PACKAGES[name]).join(' ')
  throw new Error(`${missing.join(', ')} must be there for these tests: apt-get install ${packages}`)
}
