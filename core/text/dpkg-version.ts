// Debian's versions, which opkg has too: how nFPM's words become one, and their order (policy 5.6.12, dpkg's
// lib/dpkg/version.c): epoch, upstream, revision.
import type { SpecVersion } from '../model/spec.ts'

/** As nFPM joins it: `epoch:version~prerelease+metadata-release`. */
export const dpkgVersion = ({ epoch, version, prerelease, metadata, release }: SpecVersion): string =>
  [
    epoch === undefined ? '' : `${epoch}:`,
    version,
    prerelease ? `~${prerelease}` : '',
    metadata ? `+${metadata}` : '',
    release ? `-${release}` : '',
  ].join('')

/** As file names have it (dpkg-name(1)). */
export const withoutEpoch = (version: string): string => version.replace(/^\d+:/, '')

/** Without epoch and revision. What follows a hyphen is a revision where it begins with a digit, as policy has it. */
export const dpkgUpstream = (version: string): string => withoutEpoch(version).replace(/-\d[^-]*$/, '')

/** Tilde sorts before everything, even the end; letters before all that is not a letter. */
const weight = (character: string | undefined): number => {
  if (character === undefined || (character >= '0' && character <= '9')) return 0
  if (character === '~') return -1
  return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256
}

const compareDigits = (a: string, b: string): number => {
  const left = a.replace(/^0+/, '')
  const right = b.replace(/^0+/, '')
  if (left.length !== right.length) return left.length - right.length
  return left < right ? -1 : Number(left > right)
}

/** Runs of non-digits by weight, then runs of digits as numbers, until one differs. */
const comparePart = (a: string, b: string): number => {
  let left = a
  let right = b
  while (left !== '' || right !== '') {
    const leftText = /^\D*/.exec(left)![0]
    const rightText = /^\D*/.exec(right)![0]
    for (let at = 0; at < Math.max(leftText.length, rightText.length); at++) {
      const difference = weight(leftText[at]) - weight(rightText[at])
      if (difference !== 0) return difference
    }
    left = left.slice(leftText.length)
    right = right.slice(rightText.length)
    const leftDigits = /^\d*/.exec(left)![0]
    const rightDigits = /^\d*/.exec(right)![0]
    const difference = compareDigits(leftDigits, rightDigits)
    if (difference !== 0) return difference
    left = left.slice(leftDigits.length)
    right = right.slice(rightDigits.length)
  }
  return 0
}

const split = (version: string) => {
  const colon = version.indexOf(':')
  const rest = version.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  return {
    epoch: colon === -1 ? '' : version.slice(0, colon),
    upstream: dash === -1 ? rest : rest.slice(0, dash),
    revision: dash === -1 ? '' : rest.slice(dash + 1),
  }
}

export const compareDpkgVersions = (a: string, b: string): number => {
  const left = split(a)
  const right = split(b)
  return (
    compareDigits(left.epoch, right.epoch) ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  )
}
