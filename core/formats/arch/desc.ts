// What a database says of one package: sections of a %NAME% line, values one a line, and an empty line (repo-add's
// fields in repo-add's order; libalpm's sync_db_read in lib/libalpm/be_sync.c reads them). No %PGPSIG%: pacman 6 and
// later fetch a package's `.sig` whether it is there or not, repo-add 7 leaves it out, and nothing in it compresses, so
// it was nine tenths of a database that every reader fetches again with every change.
import { hasControl } from '../../text/line.ts'
import { type ArchEntry, findPair } from './entry.ts'

type Section = readonly [name: string, values: readonly string[]]

/** Database sections by their .PKGINFO keys. */
const BEFORE_FILE: readonly (readonly [name: string, key: string])[] = [
  ['NAME', 'pkgname'],
  ['BASE', 'pkgbase'],
  ['VERSION', 'pkgver'],
  ['DESC', 'pkgdesc'],
]
const BEHIND_FILE: readonly (readonly [name: string, key: string])[] = [
  ['URL', 'url'],
  ['LICENSE', 'license'],
  ['ARCH', 'arch'],
  ['BUILDDATE', 'builddate'],
  ['PACKAGER', 'packager'],
  ['REPLACES', 'replaces'],
  ['CONFLICTS', 'conflict'],
  ['PROVIDES', 'provides'],
  ['DEPENDS', 'depend'],
  ['OPTDEPENDS', 'optdepend'],
  ['MAKEDEPENDS', 'makedepend'],
  ['CHECKDEPENDS', 'checkdepend'],
]
/** Repeated in .PKGINFO and in sections; of any other key the first value counts. */
const LISTS: ReadonlySet<string> = new Set([
  ...['license', 'group', 'replaces', 'conflict', 'provides', 'depend', 'optdepend', 'makedepend', 'checkdepend'],
])

const render = (sections: readonly Section[]): string => {
  const present = sections.filter(([, values]) => values.length > 0)
  if (present.some(([, values]) => values.some(hasControl))) throw new Error('a database section is not safe')
  return present.map(([name, values]) => `%${name}%\n${values.join('\n')}\n\n`).join('')
}

/** A value between percent signs would be the next section's head: no field of a real package looks so. */
const isValue = (value: string): boolean => value !== '' && !/^%[A-Z0-9]+%$/.test(value)

export const descText = (entry: ArchEntry): string => {
  const valuesOf = (key: string): readonly string[] => {
    const values = LISTS.has(key)
      ? entry.pkginfo.filter(([each]) => each === key).map(([, value]) => value)
      : [findPair(entry.pkginfo, key) ?? '']
    return values.filter(isValue)
  }
  const fromPkginfo = ([name, key]: readonly [string, string]): Section => [name, valuesOf(key)]
  return render([
    ['FILENAME', [entry.fileName]],
    ...BEFORE_FILE.map(fromPkginfo),
    ['GROUPS', valuesOf('group')],
    ['CSIZE', [String(entry.sizeBytes)]],
    ['ISIZE', [String(entry.installedSizeBytes)]],
    ['SHA256SUM', [entry.sha256]],
    ...BEHIND_FILE.map(fromPkginfo),
  ])
}

/** Folders end in a slash; sorted as `LC_ALL=C sort -u` does. */
export const filesText = (entry: ArchEntry): string => {
  const paths = entry.paths.map(({ path, kind }) => (kind === 'directory' ? `${path.slice(1)}/` : path.slice(1)))
  const lines = [...new Set(paths)].sort().map((path) => `${path}\n`)
  return `%FILES%\n${lines.join('')}`
}
