// A channel as feeds of opkg, one an architecture: Packages, packed and plain, and its signature by usign (libopkg's
// opkg_cmd.c, opkg_update_cmd: the list is fetched packed, and checked as it is inside).
import { collectBytes, utf8 } from '../../bytes/arrays.ts'
import type { ChannelState, IndexFile, Instruction, PublicKeys, ReaderAddress, Row } from '../../format.ts'
import type { Content } from '../../model/content.ts'
import { joinGzip, joinRaw } from '../../segments/join.ts'
import type { Segment } from '../../segments/stream.ts'
import { renderFields } from '../../text/deb822.ts'
import { readerUrl, TOKEN_LINE } from '../../text/reader-url.ts'
import type { IndexTools } from '../../tools.ts'
import type { IpkEntry } from './entry.ts'
import { ALL } from './names.ts'

export const ROOT = 'opkg'

/** Feeds an empty channel has; others begin with their first package. */
const BASE_ARCHITECTURES = ['aarch64_generic', ALL, 'i386_pentium4', 'mips_24kc', 'mipsel_24kc', 'x86_64']
const PREFIX = 'packages/'

export const BASE_STREAMS = BASE_ARCHITECTURES.map((arch) => PREFIX + arch)

export const seedStream = (stream: string): string | undefined => (stream === PREFIX + ALL ? undefined : PREFIX + ALL)

const architecturesOf = (streams: Iterable<string>): readonly string[] =>
  [...streams].filter((stream) => stream.startsWith(PREFIX)).map((stream) => stream.slice(PREFIX.length))

const folderOf = (channel: string, arch: string): string => `${ROOT}/${channel}/${arch}`

export const packagePath = (entry: IpkEntry, channel: string): string =>
  `${folderOf(channel, entry.arch)}/${entry.fileName}`

/** opkg asks for a package beside the list it found it in. */
export const packageAliases = (entry: IpkEntry, channel: string, streams: readonly string[]): readonly string[] =>
  entry.arch === ALL
    ? architecturesOf(streams)
        .filter((arch) => arch !== ALL)
        .map((arch) => `${folderOf(channel, arch)}/${entry.fileName}`)
    : []

/** A feed's own words about a file; a control file that claims them is not believed. */
const ABOUT_FILE = /^(?:filename|size|md5sum|sha256sum|status|conffiles|installed-time)$/i

export const ipkRows = (entry: IpkEntry, streams: readonly string[]): readonly Row[] => {
  const fields = entry.control.filter(([name]) => !ABOUT_FILE.test(name))
  const about = [
    ['Filename', entry.fileName],
    ['Size', String(entry.sizeBytes)],
    ['SHA256sum', entry.sha256],
  ] as const
  const bytes = utf8(`${renderFields([...fields, ...about])}\n`)
  const arches = entry.arch === ALL ? new Set([...architecturesOf(streams), ALL]) : [entry.arch]
  return [...arches].map((arch) => ({ stream: PREFIX + arch, bytes }))
}

const feedFiles = async (folder: string, segments: readonly Segment[], tools: IndexTools): Promise<IndexFile[]> => {
  const plain = await tools.measure(joinRaw(segments, { mediaType: 'text/plain; charset=utf-8' }))
  const packed = await tools.measure(joinGzip(segments, { mediaType: 'application/gzip' }))
  const signature = utf8(await tools.signer.usign.sign(await collectBytes(tools.read(plain))))
  const signed = await tools.measure({ mediaType: 'text/plain', parts: [await tools.store(signature)] })
  const file = (name: string, content: Content): IndexFile => ({
    path: `${folder}/${name}`,
    content,
    lifetime: 'pointer',
  })
  return [file('Packages', plain), file('Packages.gz', packed), file('Packages.sig', signed)]
}

export const channelFiles = async (channel: ChannelState, tools: IndexTools): Promise<readonly IndexFile[]> => {
  const files: IndexFile[] = []
  for (const [stream, { segments }] of [...channel.streams].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const folder = folderOf(channel.address.channel, stream.slice(PREFIX.length))
    const inputs = [folder, segments, tools.signer.usign.keyName]
    files.push(...(await tools.reuse(stream, inputs, () => feedFiles(folder, segments, tools))))
  }
  return files
}

/** OpenWrt's file says which architecture a router is. Its shell sends credentials that stand in an address. */
export const opkgInstructions = (
  { baseUrl, organization, project, channel, isPrivate }: ReaderAddress,
  packageNames: readonly string[],
  { usign }: PublicKeys,
): Instruction => {
  const name = `${organization}_${project}_${channel}`.replaceAll(/[^A-Za-z0-9]/g, '_')
  const feed = readerUrl(`${baseUrl}/${ROOT}/${channel}/$DISTRIB_ARCH`, isPrivate).replaceAll('"', '')
  return {
    title: 'OpenWrt until 24.10 (opkg)',
    commands: [
      ...(isPrivate ? [TOKEN_LINE] : []),
      ...usign.flatMap((key) => [
        `wget -O /tmp/${key.name} ${readerUrl(`${baseUrl}/keys/${key.name}`, isPrivate)}`,
        `opkg-key add /tmp/${key.name}`,
      ]),
      '. /etc/openwrt_release',
      `echo "src/gz ${name} ${feed}" >> /etc/opkg/customfeeds.conf`,
      'opkg update',
      `opkg install ${packageNames.join(' ') || 'PACKAGE'}`,
    ],
    note: 'A package is for the architecture its build named: set ipk.arch to that of /etc/openwrt_release.',
  }
}
