// A channel as a repository of dnf and zypper: primary, filelists, other and, where there are release notes, updateinfo
// by their hashes, repomd.xml signed, the .repo file people install, and the mirrorlist that pins a client to one
// generation.
import { utf8 } from '../../bytes/arrays.ts'
import type { ChannelState, IndexFile, RepositoryAddress } from '../../format.ts'
import type { Content } from '../../model/content.ts'
import { joinGzip, makePiece, rawBytesOf } from '../../segments/join.ts'
import { countRows, type StreamState } from '../../segments/stream.ts'
import { type Xml, xmlClosing, xmlElement, xmlOpening, xmlText } from '../../text/xml.ts'
import type { IndexTools } from '../../tools.ts'
import { channelUrl, repoFileText } from './repo-file.ts'
import { BASE_STREAMS, FILELISTS, OTHER, PRIMARY, ROOT, UPDATEINFO } from './rows.ts'

const GZIP = 'application/gzip'
const XML = 'text/xml; charset=utf-8'
const TEXT = 'text/plain; charset=utf-8'

/** The name spaces createrepo_c writes; dnf reads a document of another one as empty. */
const DUKE = 'http://linux.duke.edu/metadata'

interface Root {
  readonly name: string
  readonly spaces: Readonly<Record<string, string>>
  /** Does not say how many packages there are. */
  readonly isUncounted?: true
}

const ROOTS: Readonly<Record<string, Root>> = {
  [PRIMARY]: { name: 'metadata', spaces: { xmlns: `${DUKE}/common`, 'xmlns:rpm': `${DUKE}/rpm` } },
  [FILELISTS]: { name: 'filelists', spaces: { xmlns: `${DUKE}/filelists` } },
  [OTHER]: { name: 'otherdata', spaces: { xmlns: `${DUKE}/other` } },
  [UPDATEINFO]: { name: 'updates', spaces: {}, isUncounted: true },
}

interface Metadata {
  readonly type: string
  /** As served, and what is in it. */
  readonly packed: Content
  /** Of the XML inside. */
  readonly openBytes: number
}

/** Where the count of packages stands in front of them, the document's hash starts anew with every publish. */
const metadataOf = async (stream: string, state: StreamState | undefined, tools: IndexTools): Promise<Metadata> => {
  const segments = state?.segments ?? []
  const { name, spaces, isUncounted } = ROOTS[stream]!
  const packages = isUncounted ? undefined : state ? countRows(state) : 0
  const ends = {
    head: await makePiece(utf8(xmlOpening(name, { ...spaces, packages })), tools),
    tail: await makePiece(utf8(xmlClosing(name)), tools),
  }
  const packed = await tools.measure(joinGzip(segments, { ...ends, mediaType: GZIP }))
  return { type: stream, packed, openBytes: ends.head.rawBytes + rawBytesOf(segments) + ends.tail.rawBytes }
}

const hrefOf = ({ type, packed }: Metadata): string => `repodata/${packed.sha256}-${type}.xml.gz`

const leaf = (name: string, value: string | number, attributes = {}): Xml =>
  xmlElement(name, attributes, [xmlText(String(value))])

/**
 * No open-checksum: it is optional, no client reads it where `checksum` is there, and it alone would make a publish
 * inflate and hash the whole index, whose first line says the number of packages and so is new every time.
 */
const dataElement = (metadata: Metadata, nowSeconds: number): Xml => {
  const { type, packed, openBytes } = metadata
  return xmlElement('data', { type }, [
    leaf('checksum', packed.sha256, { type: 'sha256' }),
    xmlElement('location', { href: hrefOf(metadata) }),
    leaf('timestamp', nowSeconds),
    leaf('size', packed.sizeBytes),
    leaf('open-size', openBytes),
  ])
}

const repomdText = (all: readonly Metadata[], nowSeconds: number): string => {
  const parts = [leaf('revision', nowSeconds), ...all.map((metadata) => dataElement(metadata, nowSeconds))]
  const opening = xmlOpening('repomd', { xmlns: `${DUKE}/repo`, 'xmlns:rpm': `${DUKE}/rpm` })
  return `${opening}${parts.join('\n')}\n${xmlClosing('repomd')}`
}

const pointer = async (path: string, bytes: Uint8Array, mediaType: string, tools: IndexTools): Promise<IndexFile> => ({
  path,
  lifetime: 'pointer',
  content: await tools.measure({ mediaType, parts: [await tools.store(bytes)] }),
})

/** repomd.xml with its signature, and the key beside it, where zypper looks for one. */
const signedFiles = async (folder: string, text: string, tools: IndexTools): Promise<readonly IndexFile[]> => {
  const { indexes } = tools.signer
  const bytes = utf8(text)
  const signature = await indexes.detachSign(bytes)
  return [
    await pointer(`${folder}/repodata/repomd.xml`, bytes, XML, tools),
    await pointer(`${folder}/repodata/repomd.xml.asc`, signature, 'application/pgp-signature', tools),
    await pointer(`${folder}/repodata/repomd.xml.key`, utf8(indexes.publicKeyArmored), 'application/pgp-keys', tools),
  ]
}

/**
 * One line: this channel as it stands in this generation. A client that took it reads repomd.xml, its signature and
 * all packages from one state, whatever is published meanwhile. A channel in which nothing changes keeps the line of
 * an older generation, where it stands the same: generations that a mirrorlist names must be kept.
 */
const mirrorlist = async (address: RepositoryAddress, folder: string, tools: IndexTools): Promise<IndexFile> => {
  const line = `${channelUrl(address, `/@${tools.generation}`)}/\n`
  return pointer(`${folder}/mirrorlist`, utf8(line), TEXT, tools)
}

export const channelFiles = async (channel: ChannelState, tools: IndexTools): Promise<readonly IndexFile[]> => {
  const { address, streams } = channel
  const signer = tools.signer.indexes
  const folder = `${ROOT}/${address.channel}`
  const all: Metadata[] = []
  for (const stream of BASE_STREAMS) {
    const state = streams.get(stream)
    // Clients fetch what is listed: an empty list of advisories is not worth a request.
    if (stream !== UPDATEINFO || state?.segments.length) all.push(await metadataOf(stream, state, tools))
  }
  const documents = all.map(
    (metadata): IndexFile => ({ path: `${folder}/${hrefOf(metadata)}`, content: metadata.packed, lifetime: 'content' }),
  )
  // Neither date nor generation are inputs: an unchanged channel keeps its files, and clients ask for nothing more.
  const inputs = [address, all.map(({ packed }) => packed.sha256), signer.fingerprints, signer.publicKeyArmored]
  const pointers = await tools.reuse('repomd', inputs, async () => [
    ...(await signedFiles(folder, repomdText(all, tools.nowSeconds), tools)),
    await mirrorlist(address, folder, tools),
    await pointer(`${ROOT}/${address.channel}.repo`, utf8(repoFileText(address)), TEXT, tools),
  ])
  return [...documents, ...pointers]
}
