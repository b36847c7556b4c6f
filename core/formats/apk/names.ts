// What apk allows as a package name and architecture, and how Go's words become Alpine's.
import type { Architecture } from '../../model/arch.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { apkVersion } from './version.ts'

/** Alpine's ports; mips has none any more. nFPM's table, with arm6 as armhf. */
export const APK_ARCHITECTURES = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  arm7: 'armv7',
  arm6: 'armhf',
  '386': 'x86',
  riscv64: 'riscv64',
  ppc64le: 'ppc64le',
  s390x: 's390x',
  loong64: 'loongarch64',
  all: 'noarch',
} as const satisfies Partial<Record<Architecture, string>>

export const NOARCH = 'noarch'

/** apk-package(5), "name"; the limit keeps the file name below a file system's 255 bytes. */
export const isApkName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/.test(name)

export const isApkArch = (word: string): boolean => /^[a-z0-9][a-z0-9_]{0,31}$/.test(word)

export const apkArchitecture = (spec: PackageSpec): string => {
  const table: Readonly<Partial<Record<Architecture, string>>> = APK_ARCHITECTURES
  return spec.architectureOverride || table[spec.architecture] || spec.architecture
}

/** nFPM's name for the file; in a repository apk asks for `name-version.apk` in its architecture's folder. */
export const apkFileName = (name: string, version: string, arch: string): string => `${name}_${version}_${arch}.apk`

export const apkFileNameOf = (spec: PackageSpec): string =>
  apkFileName(spec.name, apkVersion(spec.version), apkArchitecture(spec))
