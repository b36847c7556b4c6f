// What pacman allows as a package name and architecture, and how Go's words become Arch's.
import type { Architecture } from '../../model/arch.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { archVersion } from './version.ts'

/** nFPM's table, and the words of the ports behind it: Arch Linux ARM, Arch Linux RISC-V, Loong Arch, ArchPOWER. */
export const ARCH_ARCHITECTURES = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  arm7: 'armv7h',
  arm6: 'armv6h',
  arm5: 'arm',
  '386': 'i686',
  riscv64: 'riscv64',
  ppc64le: 'powerpc64le',
  ppc64: 'powerpc64',
  loong64: 'loong64',
  all: 'any',
} as const satisfies Partial<Record<Architecture, string>>

export const ANY = 'any'

/** makepkg's lint_pkgbuild/pkgname.sh; the limit leaves room for a version in a file system's 255 bytes. */
export const isPackageName = (name: string): boolean => /^[A-Za-z0-9@_+][A-Za-z0-9@._+-]{0,127}$/.test(name)

/** makepkg's lint_pkgbuild/arch.sh allows letters, digits and underscores; every port writes small letters. */
export const isArchWord = (word: string): boolean => /^[a-z0-9][a-z0-9_]{0,31}$/.test(word)

export const archArchitecture = (spec: PackageSpec): string => {
  const table: Readonly<Partial<Record<Architecture, string>>> = ARCH_ARCHITECTURES
  return spec.architectureOverride || table[spec.architecture] || spec.architecture
}

export const FILE_SUFFIX = '.pkg.tar.zst'

/** makepkg's name, epoch and colon included. */
export const archFileName = (name: string, version: string, arch: string, suffix = FILE_SUFFIX): string =>
  `${name}-${version}-${arch}${suffix}`

export const archFileNameOf = (spec: PackageSpec): string =>
  archFileName(spec.name, archVersion(spec.version), archArchitecture(spec))
