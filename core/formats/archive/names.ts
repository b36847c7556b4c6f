// What an archive may be called, and its version: SemVer's words, since people read them and no package manager does.
import { ARCHITECTURES, type Architecture } from '../../model/arch.ts'
import type { PackageSpec, SpecVersion } from '../../model/spec.ts'

/** The compressions, by format id: also the end of a file's name. */
export const ARCHIVE_IDS = ['tar.gz', 'tar.xz', 'tar.zst', 'zip'] as const
export type ArchiveId = (typeof ARCHIVE_IDS)[number]

/** Go's words as they are: archives are for those who have them from Go's world. */
export const ARCHIVE_ARCHITECTURES = Object.fromEntries(ARCHITECTURES.map((word) => [word, word])) as Readonly<
  Record<Architecture, string>
>

export const isArchiveName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._+@-]{0,127}$/.test(name)

export const isArchiveVersion = (version: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/.test(version)

/** As Go has them: linux, darwin, windows. */
export const isPlatform = (word: string): boolean => /^[a-z0-9]{1,32}$/.test(word)

export const platformOf = (spec: PackageSpec): string => spec.platform || 'linux'

/**
 * `1.2.3-rc.1+git.5.r4`: a release is build metadata, because behind a hyphen it would make a prerelease of it. An
 * epoch is left out, as in apk: it has no place in a name that people type.
 */
export const archiveVersion = ({ version, prerelease, metadata, release }: SpecVersion): string => {
  const build = [metadata, release && `r${release}`].filter(Boolean).join('.')
  return `${version}${prerelease ? `-${prerelease}` : ''}${build ? `+${build}` : ''}`
}

/** Without the release that `archiveVersion` made build metadata of. */
export const archiveUpstream = (version: string): string => version.replace(/([+.])r\d+$/, '')

export interface ArchiveIdentity {
  readonly name: string
  readonly version: string
  readonly os: string
  readonly arch: string
}

export const identityOf = (spec: PackageSpec): ArchiveIdentity => ({
  name: spec.name,
  version: archiveVersion(spec.version),
  os: platformOf(spec),
  arch: spec.architecture,
})

/** The one folder at the top of the archive, and the stem of its file's name. */
export const stemOf = ({ name, version, os, arch }: ArchiveIdentity): string => `${name}-${version}-${os}-${arch}`
