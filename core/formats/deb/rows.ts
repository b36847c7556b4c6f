// What one .deb adds to its channel's indexes: a Packages stanza per architecture, and lines of Contents.
import { utf8 } from '../../bytes/arrays.ts'
import type { Row } from '../../format.ts'
import { findField } from '../../text/control-file.ts'
import { renderFields } from '../../text/deb822.ts'
import type { DebEntry } from './entry.ts'
import { readFieldValue } from './fields.ts'

export const ROOT = 'apt'

/** Debian's release architectures: an empty channel has an index for each. Others begin with their first package. */
const BASE_ARCHITECTURES = ['all', 'amd64', 'arm64', 'armel', 'armhf', 'i386', 'ppc64el', 'riscv64', 's390x']

const PACKAGES = 'packages/'
const CONTENTS = 'contents/'

export const BASE_STREAMS = BASE_ARCHITECTURES.flatMap((arch) => [PACKAGES + arch, CONTENTS + arch])

/** A new architecture starts with the packages for all of them. */
export const seedStream = (stream: string): string | undefined => {
  const [kind, arch] = stream.split('/')
  return arch === 'all' ? undefined : `${kind}/all`
}

export const architecturesOf = (streams: Iterable<string>): readonly string[] =>
  [...streams]
    .filter((stream) => stream.startsWith(PACKAGES))
    .map((stream) => stream.slice(PACKAGES.length))
    .sort()

export const packagesStream = (arch: string): string => PACKAGES + arch
export const contentsStream = (arch: string): string => CONTENTS + arch

/** Debian's pool: by source package, in a folder of its first letter, or four for libraries. */
export const poolPath = (entry: DebEntry): string => {
  const stated = (findField(entry.control, 'Source') ?? '').split(/[\s(]/)[0]!
  const source = /^[a-z0-9][a-z0-9+.-]+$/.test(stated) ? stated : entry.name
  const letters = source.startsWith('lib') ? source.slice(0, 4) : source.slice(0, 1)
  // File names have no epoch, so 1:1.0 would take 1.0's address: versions with an epoch get a folder of it.
  const epoch = /^(\d+):/.exec(entry.version)?.[1]
  const folder = epoch ? `${source}/epoch-${epoch}` : source
  return `pool/main/${letters}/${folder}/${entry.fileName}`
}

/**
 * The repository's own words about a file; a control file that claims them is not believed. A Description-md5 that is no
 * digest ends every list of apt's machine (apt-pkg/deb/deblistparser.cc); without it apt makes its own.
 */
const ABOUT_FILE = /^(?:filename|size|md5sum|sha1|sha256|sha512|status|conffiles|description-md5)$/i

/** Entries kept before fields were read by apt's grammar: what it cannot read is left out, or no list of that reader works. */
const readable = ([name, value]: DebEntry['control'][number]): readonly (readonly [string, string])[] => {
  const settled = readFieldValue(name, value)
  return settled.ok && settled.value !== '' ? [[name, settled.value]] : []
}

const stanza = (entry: DebEntry): Uint8Array =>
  utf8(
    `${renderFields([
      ...entry.control.filter(([name]) => !ABOUT_FILE.test(name)).flatMap(readable),
      ['Filename', poolPath(entry)],
      ['Size', String(entry.sizeBytes)],
      ['SHA256', entry.sha256],
    ])}\n`,
  )

/** `path section/package` (the archive's Contents indices): files and links, without a leading slash. */
const contentsLines = (entry: DebEntry): Uint8Array => {
  const section = findField(entry.control, 'Section')?.trim()
  const owner = section && /^[!-~]+$/.test(section) ? `${section}/${entry.name}` : entry.name
  return utf8(
    entry.paths
      .filter(({ kind }) => kind !== 'directory')
      .map(({ path }) => `${path.slice(1)} ${owner}\n`)
      .join(''),
  )
}

/** A package for all architectures stands in every index there is: apt asks only for its own. */
export const debRows = (entry: DebEntry, streams: readonly string[]): readonly Row[] => {
  const arches = entry.arch === 'all' ? new Set([...architecturesOf(streams), 'all']) : [entry.arch]
  const packages = stanza(entry)
  const contents = contentsLines(entry)
  return [...arches].flatMap((arch): Row[] => [
    { stream: packagesStream(arch), bytes: packages },
    { stream: contentsStream(arch), bytes: contents, group: entry.name },
  ])
}
