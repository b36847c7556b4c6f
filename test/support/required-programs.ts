// Programs tests need beside Node. A missing one fails the run and says what to install; nothing is skipped.
import { spawnSync } from 'node:child_process'

/** Debian's packages of them. */
const PACKAGES = {
  ar: 'binutils',
  'apt-ftparchive': 'apt-utils',
  'apt-get': 'apt',
  bzip2: 'bzip2',
  cpio: 'cpio',
  createrepo_c: 'createrepo-c',
  'dpkg-deb': 'dpkg',
  'dpkg-parsechangelog': 'dpkg-dev',
  gpg: 'gnupg',
  gpgv: 'gpgv',
  openssl: 'openssl',
  python3: 'python3',
  rpm: 'rpm',
  rpm2cpio: 'rpm2cpio',
  rpmbuild: 'rpm',
  rpmkeys: 'rpm',
  xz: 'xz-utils',
} as const

export const requirePrograms = (...names: readonly (keyof typeof PACKAGES)[]): void => {
  const missing = names.filter((name) => spawnSync('sh', ['-c', 'command -v "$0"', name]).status !== 0)
  if (missing.length === 0) return
  const packages = missing.map((name) => PACKAGES[name]).join(' ')
  throw new Error(`${missing.join(', ')} must be there for these tests: apt-get install ${packages}`)
}
