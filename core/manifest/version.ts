// A version's parts by `version_schema`. `semver` splits what Masterminds/semver's lenient NewVersion accepts
// (a `v`, one to three numbers, leading zeros) and leaves anything else as it was written.
import type { SpecVersion } from '../model/spec.ts'

const LENIENT =
  /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/

const MAX_UINT64 = 2n ** 64n - 1n

export interface SemverParts {
  readonly version: string
  readonly prerelease: string
  readonly metadata: string
}

/** Undefined when the text is not a version of that kind. */
export const parseSemver = (text: string): SemverParts | undefined => {
  const match = LENIENT.exec(text)
  if (!match) return undefined
  const [, major = '', minor = '0', patch = '0', prerelease = '', metadata = ''] = match
  const numbers = [major, minor, patch].map((part) => BigInt(part.slice(0, 100)))
  if (numbers.some((number) => number > MAX_UINT64)) return undefined
  // Semantic Versioning 9: numeric identifiers must not have leading zeros.
  if (prerelease.split('.').some((part) => /^0\d+$/.test(part))) return undefined
  return { version: numbers.join('.'), prerelease, metadata }
}

export interface VersionKeys {
  readonly version: string
  readonly schema: 'semver' | 'none'
  readonly epoch?: number | undefined
  readonly prerelease?: string | undefined
  readonly metadata?: string | undefined
  readonly release?: string | undefined
}

/** Keys of the manifest win over parts found in the version's text. */
export const splitVersion = (keys: VersionKeys): SpecVersion => {
  const parts = keys.schema === 'semver' ? parseSemver(keys.version) : undefined
  const prerelease = keys.prerelease || parts?.prerelease
  const metadata = keys.metadata || parts?.metadata
  return {
    version: parts?.version ?? keys.version,
    ...(keys.epoch === undefined ? {} : { epoch: keys.epoch }),
    ...(prerelease ? { prerelease } : {}),
    ...(metadata ? { metadata } : {}),
    ...(keys.release ? { release: keys.release } : {}),
  }
}
