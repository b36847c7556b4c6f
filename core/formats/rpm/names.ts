// What rpm allows as a package name, version and architecture, and how nFPM's words become them.
import type { Architecture } from '../../model/arch.ts'
import type { PackageSpec, SpecVersion } from '../../model/spec.ts'

/** nFPM's table, and rpm's own words (rpmrc, "arch_canon") for what it passes through. */
export const RPM_ARCHITECTURES = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  arm7: 'armv7hl',
  arm6: 'armv6hl',
  arm5: 'armv5tel',
  '386': 'i386',
  riscv64: 'riscv64',
  ppc64le: 'ppc64le',
  ppc64: 'ppc64',
  s390x: 's390x',
  loong64: 'loongarch64',
  mips: 'mips',
  mipsle: 'mipsel',
  mips64: 'mips64',
  mips64le: 'mips64el',
  all: 'noarch',
} as const satisfies Record<Architecture, string>

export const NOARCH = 'noarch'

/** What `%{?_isa}` is on each architecture (rpm's platform macros): packages provide `name(x86-64)` besides `name`. */
const ISA: Readonly<Record<string, string>> = {
  x86_64: 'x86-64',
  aarch64: 'aarch-64',
  armv7hl: 'armv7hl-32',
  armv6hl: 'armv6hl-32',
  armv5tel: 'armv5tel-32',
  i386: 'x86-32',
  i486: 'x86-32',
  i586: 'x86-32',
  i686: 'x86-32',
  riscv64: 'riscv-64',
  ppc64le: 'ppc-64',
  ppc64: 'ppc-64',
  s390x: 's390-64',
  loongarch64: 'loongarch64-64',
  mips: 'mips-32',
  mipsel: 'mips-32',
  mips64: 'mips-64',
  mips64el: 'mips-64',
}

export const isaOf = (arch: string): string | undefined => ISA[arch]

/** rpmbuild's characters (build/rpmbuild_internal.hh); the limit keeps the file name below a file system's 255 bytes. */
export const isPackageName = (name: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}$/.test(name)

/** A version or a release: no hyphen, which parts the two. */
export const isVersionPart = (text: string): boolean => /^[A-Za-z0-9._+~^]{1,96}$/.test(text)

export const isArchName = (word: string): boolean => /^[A-Za-z0-9_]{1,32}$/.test(word)

/** `[epoch:]version-release` */
export const isEvr = (text: string): boolean => {
  const [, version = '', release = ''] = /^(?:\d{1,10}:)?([^-:]+)-([^-:]+)$/.exec(text) ?? []
  return isVersionPart(version) && isVersionPart(release)
}

/** nFPM's: a prerelease sorts below by its tilde, and has no hyphens. */
export const rpmVersion = ({ version, prerelease, metadata }: SpecVersion): string =>
  `${version}${prerelease ? `~${prerelease.replaceAll('-', '_')}` : ''}${metadata ? `+${metadata}` : ''}`

export const rpmRelease = ({ release }: SpecVersion): string => release || '1'

/** Epoch 0 says nothing, so an index leaves it out. */
export const rpmEvr = (parts: SpecVersion): string =>
  `${parts.epoch ? `${parts.epoch}:` : ''}${rpmVersion(parts)}-${rpmRelease(parts)}`

/** The version alone of `[epoch:]version-release`. */
export const rpmUpstream = (evr: string): string => evr.replace(/^\d+:/, '').replace(/-[^-]*$/, '')

export const rpmArchitecture = (spec: PackageSpec): string =>
  spec.architectureOverride || RPM_ARCHITECTURES[spec.architecture]

/** The epoch is left out. */
export const rpmFileName = (name: string, evr: string, arch: string): string =>
  `${name}-${evr.replace(/^\d+:/, '')}.${arch}.rpm`

export const rpmFileNameOf = (spec: PackageSpec): string =>
  rpmFileName(spec.name, rpmEvr(spec.version), rpmArchitecture(spec))
