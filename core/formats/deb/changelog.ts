// debian/changelog text (policy 4.4, deb-changelog(5)) from the manifest's changelog.
import type { ChangelogEntry, PackageSpec } from '../../model/spec.ts'
import { dpkgVersion } from '../../text/dpkg-version.ts'
import { hasControl } from '../../text/line.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const two = (value: number): string => String(value).padStart(2, '0')

/** RFC 5322 in UTC with a numeric zone, as dpkg wants it; `UTC` instead of the zone is what apt's Release has. */
export const rfcDate = (seconds: number, zone = '+0000'): string => {
  const date = new Date(seconds * 1000)
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  const day = `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]}`
  return `${day} ${date.getUTCFullYear()} ${clock} ${zone}`
}

/** Every line of a change is indented, so none can pass for a heading or a signature. */
const bullet = (change: string): string => {
  const lines = change
    .split(/\r?\n/)
    .map((line) =>
      [...line]
        .filter((character) => !hasControl(character))
        .join('')
        .trim(),
    )
    .filter((line) => line !== '')
  return lines.map((line, at) => (at === 0 ? `  * ${line}` : `    ${line}`)).join('\n')
}

const plain = (text: string): string =>
  [...text]
    .filter((character) => !hasControl(character))
    .join('')
    .trim()

const entryText = (spec: PackageSpec, entry: ChangelogEntry): string => {
  const distribution = plain(entry.debDistribution ?? '') || 'unstable'
  const urgency = plain(entry.debUrgency ?? '') || 'low'
  const version = plain(entry.version) || dpkgVersion(spec.version)
  const changes = entry.changes.map(bullet).filter((text) => text !== '')
  return [
    `${spec.name} (${version}) ${distribution}; urgency=${urgency}`,
    '',
    ...changes,
    '',
    ` -- ${plain(entry.packager) || plain(spec.maintainer)}  ${rfcDate(entry.dateSeconds)}`,
    '',
  ].join('\n')
}

export const changelogText = (spec: PackageSpec): string =>
  spec.changelog.map((entry) => entryText(spec, entry)).join('\n')

/**
 * Where it stands (policy 12.7): a package without a Debian revision has one changelog, `changelog.gz`, unless its maker
 * put one of his own there; then ours is Debian's. Undefined: both places are taken.
 */
export const changelogPath = (spec: PackageSpec): string | undefined => {
  const folder = `/usr/share/doc/${spec.name}`
  const isNative = !dpkgVersion(spec.version).includes('-')
  const names = isNative ? ['changelog.gz', 'changelog.Debian.gz'] : ['changelog.Debian.gz']
  const taken = new Set(spec.items.map(({ path }) => path))
  return names.map((name) => `${folder}/${name}`).find((path) => !taken.has(path))
}
