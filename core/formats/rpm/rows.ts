// What one .rpm adds to its channel's indexes: a `package` element in primary, in filelists and in other, with the
// fields, choices and order of createrepo_c (src/xml_dump_primary.c, parsehdr.c), and an advisory in updateinfo.
import { utf8 } from '../../bytes/arrays.ts'
import type { Row } from '../../format.ts'
import { type Xml, xmlElement, xmlText } from '../../text/xml.ts'
import { parseEvr, rpmvercmp } from './compare.ts'
import type { RpmEntry } from './entry.ts'
import type { Dependency } from './relations.ts'
import { COMPARISON, SENSE } from './tags.ts'
import { updateElement } from './updateinfo.ts'

export const ROOT = 'rpm'

export const PRIMARY = 'primary'
export const FILELISTS = 'filelists'
export const OTHER = 'other'
export const UPDATEINFO = 'updateinfo'
export const BASE_STREAMS = [PRIMARY, FILELISTS, OTHER, UPDATEINFO] as const

/** Below the channel's folder. File names have no epoch, so 1:1.0 would take 1.0's address: epochs get a folder. */
const location = (entry: RpmEntry): string => {
  const { epoch } = parseEvr(entry.version)
  const folder = epoch === '0' ? '' : `epoch-${epoch}/`
  return `Packages/${entry.name.slice(0, 1).toLowerCase()}/${folder}${entry.fileName}`
}

export const packagePath = (entry: RpmEntry, channel: string): string => `${ROOT}/${channel}/${location(entry)}`

const leaf = (name: string, text: string, attributes = {}): Xml =>
  xmlElement(name, attributes, text === '' ? [] : [xmlText(text)])

const versionElement = (entry: RpmEntry): Xml => {
  const { epoch, version, release } = parseEvr(entry.version)
  return xmlElement('version', { epoch, ver: version, rel: release })
}

const FLAG_WORDS: Readonly<Record<number, string>> = {
  [SENSE.less]: 'LT',
  [SENSE.greater]: 'GT',
  [SENSE.equal]: 'EQ',
  [SENSE.less | SENSE.equal]: 'LE',
  [SENSE.greater | SENSE.equal]: 'GE',
}

/** Needed before the package's own files are there. */
const BEFORE = SENSE.prerequisite | SENSE.scriptPre | SENSE.scriptPost | SENSE.preTransaction | SENSE.postTransaction

const dependencyElement = (dependency: Dependency, isBefore = false): Xml => {
  const { name, sense, version } = dependency
  const pre = isBefore ? '1' : undefined
  const flags = FLAG_WORDS[sense & COMPARISON]
  if (flags === undefined || version === '') return xmlElement('rpm:entry', { name, flags, pre })
  const evr = parseEvr(version)
  return xmlElement('rpm:entry', { name, flags, epoch: evr.epoch, ver: evr.version, rel: evr.release, pre })
}

const dependencyList = (name: string, entries: readonly Xml[]): readonly Xml[] =>
  entries.length === 0 ? [] : [xmlElement(name, {}, entries)]

/** Paths people depend on. Clients fetch filelists only for others, so this rule is part of the format. */
const isPrimaryPath = (path: string): boolean =>
  path.startsWith('/etc/') || path === '/usr/lib/sendmail' || path.includes('bin/')

const keyOf = ({ name, sense, version }: Dependency): string => `${name}\0${sense & COMPARISON}\0${version}`

const C_LIBRARY = 'libc.so.6'

/** Of all versions of the C library that are asked for, the newest says it all; it stands in the first parentheses. */
const symbolVersion = (name: string): string => /^[^(]*\([^0-9)]*([0-9][^)]*)\)/.exec(name)?.[1] ?? ''

/** What a reader needs to be told: not what rpm itself checks, nor what the package brings along. */
const foreignRequires = (entry: RpmEntry): readonly Dependency[] => {
  const own = new Set(entry.paths.map(({ path }) => path).filter(isPrimaryPath))
  const provided = new Set(entry.provides.map(keyOf))
  return entry.requires.filter(
    (dependency) =>
      !dependency.name.startsWith('rpmlib(') && !provided.has(keyOf(dependency)) && !own.has(dependency.name),
  )
}

const isBefore = ({ sense }: Dependency): boolean => (sense & BEFORE) !== 0

/** What was said of the same name right before is not said again. */
const withoutRepeats = (dependencies: readonly Dependency[]): readonly Dependency[] => {
  const lastOfName = new Map<string, string>()
  return dependencies.filter((dependency) => {
    const said = `${keyOf(dependency)}\0${isBefore(dependency)}`
    const isRepeat = lastOfName.get(dependency.name) === said
    lastOfName.set(dependency.name, said)
    return !isRepeat
  })
}

const newestLibrary = (dependencies: readonly Dependency[]): readonly Dependency[] => {
  const [newest] = [...dependencies].sort((a, b) => rpmvercmp(symbolVersion(b.name), symbolVersion(a.name)))
  return newest ? [newest] : []
}

const shownRequires = (entry: RpmEntry): readonly Xml[] => {
  const all = foreignRequires(entry)
  const isLibrary = ({ name }: Dependency): boolean => name.startsWith(C_LIBRARY)
  const shown = [...withoutRepeats(all.filter((each) => !isLibrary(each))), ...newestLibrary(all.filter(isLibrary))]
  return shown.map((dependency) => dependencyElement(dependency, isBefore(dependency)))
}

const fileElement = ({ path, kind }: RpmEntry['paths'][number]): Xml => {
  const type = kind === 'directory' ? 'dir' : kind === 'ghost' ? 'ghost' : undefined
  return xmlElement('file', { type }, [xmlText(path)])
}

const formatElement = (entry: RpmEntry): Xml => {
  const list = (name: string, dependencies: readonly Dependency[]) =>
    dependencyList(
      name,
      dependencies.map((dependency) => dependencyElement(dependency)),
    )
  return xmlElement('format', {}, [
    leaf('rpm:license', entry.licence),
    leaf('rpm:vendor', entry.vendor),
    leaf('rpm:group', entry.group),
    leaf('rpm:buildhost', entry.buildHost),
    leaf('rpm:sourcerpm', entry.sourceRpm),
    xmlElement('rpm:header-range', { start: entry.headerStart, end: entry.headerEnd }),
    ...list('rpm:provides', entry.provides),
    ...dependencyList('rpm:requires', shownRequires(entry)),
    ...list('rpm:conflicts', entry.conflicts),
    ...list('rpm:obsoletes', entry.obsoletes),
    ...list('rpm:suggests', entry.suggests),
    ...list('rpm:enhances', entry.enhances),
    ...list('rpm:recommends', entry.recommends),
    ...list('rpm:supplements', entry.supplements),
    ...entry.paths.filter(({ path }) => isPrimaryPath(path)).map(fileElement),
  ])
}

/** The time of the file is that of its build: a repository's bytes do not depend on when they were stored. */
const primaryElement = (entry: RpmEntry): Xml =>
  xmlElement('package', { type: 'rpm' }, [
    leaf('name', entry.name),
    leaf('arch', entry.arch),
    versionElement(entry),
    leaf('checksum', entry.sha256, { type: 'sha256', pkgid: 'YES' }),
    leaf('summary', entry.summary),
    leaf('description', entry.description),
    leaf('packager', entry.packager),
    leaf('url', entry.url),
    xmlElement('time', { file: entry.buildTimeSeconds, build: entry.buildTimeSeconds }),
    xmlElement('size', {
      package: entry.sizeBytes,
      installed: entry.installedSizeBytes,
      archive: entry.archiveSizeBytes,
    }),
    xmlElement('location', { href: location(entry) }),
    formatElement(entry),
  ])

const identified = (entry: RpmEntry, children: readonly Xml[]): Xml =>
  xmlElement('package', { pkgid: entry.sha256, name: entry.name, arch: entry.arch }, [
    versionElement(entry),
    ...children,
  ])

const withoutTrailing = (text: string): string => {
  let end = text.length
  while (text[end - 1] === ' ') end -= 1
  return text.slice(0, end)
}

/** The oldest first. Readers know an entry by its time, so entries of one second are a second apart. */
const changelogElements = ({ changelog }: RpmEntry): readonly Xml[] => {
  const dates = changelog.map(({ dateSeconds }) => dateSeconds)
  for (let at = dates.length - 2; at >= 0; at--) {
    const isSame = changelog[at]!.dateSeconds === changelog[at + 1]!.dateSeconds
    if (isSame) dates[at] = dates[at + 1]! + 1
  }
  return changelog
    .map(({ author, text }, at) => leaf('changelog', text, { author: withoutTrailing(author), date: dates[at] }))
    .reverse()
}

const row = (stream: string, element: Xml): Row => ({ stream, bytes: utf8(`${element}\n`) })

export const rpmRows = (entry: RpmEntry, channel: string): readonly Row[] => {
  const update = updateElement(entry, channel)
  return [
    row(PRIMARY, primaryElement(entry)),
    row(FILELISTS, identified(entry, entry.paths.map(fileElement))),
    row(OTHER, identified(entry, changelogElements(entry))),
    ...(update ? [row(UPDATEINFO, update)] : []),
  ]
}
