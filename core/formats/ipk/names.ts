// What opkg takes as a package name, version and architecture, and how nFPM's words become them.
import type { Architecture } from '../../model/arch.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { dpkgVersion, withoutEpoch } from '../../text/dpkg-version.ts'

/**
 * nFPM's table, Go's words where it has none. OpenWrt's own words name a processor (`aarch64_cortex-a53`): who builds
 * for one writes it as `ipk.arch`.
 */
export const IPK_ARCHITECTURES = {
  amd64: 'x86_64',
  arm64: 'arm64',
  arm7: 'armhf',
  arm6: 'armhf',
  arm5: 'armel',
  '386': 'i386',
  riscv64: 'riscv64_generic',
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

/** For every architecture. */
export const ALL = 'all'

/** OpenWrt's package names; the limit keeps the file name below a file system's 255 bytes. */
export const isPackageName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9+._-]{0,127}$/.test(name)

/** As dpkg has it: opkg orders versions by dpkg's rules (libopkg/pkg.c, verrevcmp). */
export const isPackageVersion = (version: string): boolean =>
  version.length <= 128 && /^(?:\d{1,9}:)?[A-Za-z0-9][A-Za-z0-9.+~-]*$/.test(version) && !version.endsWith('-')

export const isArchitectureName = (word: string): boolean => /^[a-z0-9][a-z0-9_.+-]{0,63}$/.test(word)

export const ipkArchitecture = (spec: PackageSpec): string =>
  spec.architectureOverride || IPK_ARCHITECTURES[spec.architecture]

export const ipkFileName = (name: string, version: string, arch: string): string =>
  `${name}_${withoutEpoch(version)}_${arch}.ipk`

export const ipkFileNameOf = (spec: PackageSpec): string =>
  ipkFileName(spec.name, dpkgVersion(spec.version), ipkArchitecture(spec))
