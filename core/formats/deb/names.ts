// What Debian allows as a package name, version and architecture, and how nFPM's words become them.
import type { Architecture } from '../../model/arch.ts'
import { withoutEpoch } from '../../text/dpkg-version.ts'

/** nFPM's table; Debian's own words are those of dpkg's cputable. */
export const DEB_ARCHITECTURES = {
  amd64: 'amd64',
  arm64: 'arm64',
  arm7: 'armhf',
  arm6: 'armhf',
  arm5: 'armel',
  '386': 'i386',
  riscv64: 'riscv64',
  ppc64le: 'ppc64el',
  ppc64: 'ppc64',
  s390x: 's390x',
  loong64: 'loong64',
  mips: 'mips',
  mipsle: 'mipsel',
  mips64: 'mips64',
  mips64le: 'mips64el',
  all: 'all',
} as const satisfies Record<Architecture, string>

/** Policy 5.6.1; the upper limit keeps the file name below a file system's 255 bytes. */
export const isPackageName = (name: string): boolean => /^[a-z0-9][a-z0-9+.-]{1,127}$/.test(name)

/**
 * Policy 5.6.12 with dpkg's strictness: the upstream part begins with a digit and has no colon (dpkg allows one
 * behind an epoch, but it would stand in file names), the revision is not empty.
 */
export const isPackageVersion = (version: string): boolean =>
  version.length <= 128 && /^(?:\d{1,9}:)?\d[A-Za-z0-9.+~-]*$/.test(version) && !version.endsWith('-')

/** `any` and its kin stand for many: dpkg installs no package of them (lib/dpkg/arch.c). */
const isWildcard = (word: string): boolean => /^(?:any|none|source|any-.*|.*-any)$/.test(word)

export const isArchitectureWord = (word: string): boolean => /^[a-z0-9][a-z0-9-]{0,31}$/.test(word)

export const isArchitectureName = (word: string): boolean => isArchitectureWord(word) && !isWildcard(word)

export const debFileName = (name: string, version: string, arch: string): string =>
  `${name}_${withoutEpoch(version)}_${arch}.deb`
