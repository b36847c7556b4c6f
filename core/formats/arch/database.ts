// pacman's databases: a gzipped tar with a folder and a `desc` for each package, `.files` with their paths besides
// (libalpm's lib/libalpm/be_sync.c, repo-add(8)). Each package's tar entries are one row, so one database is the
// segments of its rows and the archive's end.
import { concatBytes, utf8 } from '../../bytes/arrays.ts'
import { TAR_END, tarFile, tarHeader } from '../../bytes/tar-write.ts'
import type { ChannelState, IndexFile, RepositoryAddress, Row } from '../../format.ts'
import { joinGzip, makePiece } from '../../segments/join.ts'
import type { Segment } from '../../segments/stream.ts'
import type { IndexTools } from '../../tools.ts'
import { descText, filesText } from './desc.ts'
import type { ArchEntry } from './entry.ts'
import { ANY } from './names.ts'
import { SIGNATURE_TYPE } from './seal.ts'

export const ROOT = 'arch'

/** Ports with readers; others begin with their first package. */
const BASE_ARCHITECTURES = ['aarch64', ANY, 'armv7h', 'i686', 'riscv64', 'x86_64']

/** The databases of one architecture, by their suffixes. */
const KINDS = ['db', 'files'] as const

export const BASE_STREAMS = KINDS.flatMap((kind) => BASE_ARCHITECTURES.map((arch) => `${kind}/${arch}`))

export const seedStream = (stream: string): string | undefined => {
  const [kind, arch] = stream.split('/')
  return arch === ANY ? undefined : `${kind}/${ANY}`
}

const architecturesOf = (streams: Iterable<string>): readonly string[] =>
  [...streams].filter((stream) => stream.startsWith('db/')).map((stream) => stream.slice('db/'.length))

const folderOf = (channel: string, arch: string): string => `${ROOT}/${channel}/${arch}`

export const packagePath = (entry: ArchEntry, channel: string): string =>
  `${folderOf(channel, entry.arch)}/${entry.fileName}`

/** pacman asks for a package beside the database it found it in. */
export const packageAliases = (entry: ArchEntry, channel: string, streams: readonly string[]): readonly string[] =>
  entry.arch === ANY
    ? architecturesOf(streams)
        .filter((arch) => arch !== ANY)
        .map((arch) => `${folderOf(channel, arch)}/${entry.fileName}`)
    : []

/** A section of pacman.conf, and the stem of its database's name: unique among a reader's repositories. */
export const databaseName = ({ organization, project, channel }: RepositoryAddress): string =>
  channel === 'stable' ? `${organization}-${project}` : `${organization}-${project}-${channel}`

/** Times in the archive would make every database a new file for nothing. */
const INNER = { owner: 'root', group: 'root', mtimeSeconds: 0 }

const tarRow = (entry: ArchEntry, files: readonly (readonly [name: string, text: string])[]): Uint8Array => {
  const folder = `${entry.name}-${entry.version}/`
  return concatBytes([
    tarHeader({ ...INNER, name: folder, kind: 'directory', mode: 0o755 }, 'pax'),
    ...files.map(([name, text]) => tarFile({ ...INNER, name: folder + name, mode: 0o644 }, utf8(text), 'pax')),
  ])
}

/** A database holds one version of a name; a package for any architecture stands in every one. */
export const archRows = (entry: ArchEntry, streams: readonly string[]): readonly Row[] => {
  const arches = entry.arch === ANY ? new Set([...architecturesOf(streams), ANY]) : [entry.arch]
  const desc = descText(entry)
  const rows = {
    db: tarRow(entry, [['desc', desc]]),
    files: tarRow(entry, [
      ['desc', desc],
      ['files', filesText(entry)],
    ]),
  }
  return [...arches].flatMap((arch) =>
    KINDS.map((kind): Row => ({ stream: `${kind}/${arch}`, bytes: rows[kind], group: entry.name })),
  )
}

/** Both are pinned: a database and its signature are two requests, and must be of one generation. */
const signedDatabase = async (path: string, segments: readonly Segment[], tools: IndexTools): Promise<IndexFile[]> => {
  const tail = await makePiece(TAR_END, tools)
  const content = await tools.measure(joinGzip(segments, { tail, mediaType: 'application/gzip' }))
  const signature = await tools.signer.openpgp.detachSign(tools.read(content), 'binary')
  const part = await tools.store(signature)
  const signed = await tools.measure({ mediaType: SIGNATURE_TYPE, parts: [part] })
  return [
    { path, content, lifetime: 'pointer', pin: true },
    { path: `${path}.sig`, content: signed, lifetime: 'pointer', pin: true },
  ]
}

export const channelFiles = async (channel: ChannelState, tools: IndexTools): Promise<readonly IndexFile[]> => {
  const name = databaseName(channel.address)
  const files: IndexFile[] = []
  for (const [stream, { segments }] of [...channel.streams].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [kind = '', arch = ''] = stream.split('/')
    if (arch === ANY) continue
    const path = `${folderOf(channel.address.channel, arch)}/${name}.${kind}`
    const inputs = [path, segments, tools.signer.openpgp.fingerprint]
    files.push(...(await tools.reuse(stream, inputs, () => signedDatabase(path, segments, tools))))
  }
  return files
}
