// The place of files that people download themselves: `files/{channel}/…` with checksums, a listing for programs, and
// addresses that always hold the newest version. Formats share it, so what stands here knows none of them.
import { utf8 } from '../bytes/arrays.ts'
import type {
  ChannelState,
  IndexFile,
  Instruction,
  PublicKeys,
  ReaderAddress,
  RepositoryLayout,
  Row,
} from '../format.ts'
import type { Entry } from '../model/entry.ts'
import { joinRaw, makePiece } from '../segments/join.ts'
import type { Segment } from '../segments/stream.ts'
import { readerUrl, TOKEN_LINE } from '../text/reader-url.ts'
import type { IndexTools } from '../tools.ts'
import { latestRow, readLatest } from './latest.ts'

const ROOT = 'files'
const SUMS = 'sums'
const LISTING = 'listing'
const LATEST = 'latest'

const TEXT = 'text/plain; charset=utf-8'

/** An entry that says for which system its file is. */
export type Download = Entry & { readonly os: string }

export interface DownloadKind {
  readonly title: string
  /** With its dot. */
  readonly suffix: string
  readonly mediaType: string
  /** Lines that install the downloaded file of that package. */
  install(file: string, name: string): readonly string[]
}

const folderOf = (channel: string): string => `${ROOT}/${channel}`

/** One line of SHA256SUMS, as sha256sum(1) writes and checks it. */
export const sumLine = (sha256: string, file: string): string => `${sha256}  ${file}\n`

/** An element of the listing; it is never the first, so it brings the comma in front of it. */
const listingRow = (entry: Download): Uint8Array => {
  const { name, version, os, arch, format, fileName, sizeBytes, sha256, summary } = entry
  const element = { file: fileName, name, version, os, arch, format, sizeBytes, sha256, summary }
  return utf8(`,\n${JSON.stringify({ ...element, url: encodeURIComponent(fileName) })}`)
}

const downloadRows = (entry: Download, kind: DownloadKind): readonly Row[] => [
  { stream: SUMS, bytes: utf8(sumLine(entry.sha256, entry.fileName)) },
  { stream: LISTING, bytes: listingRow(entry) },
  latestRow(entry, kind, LATEST),
]

const pointer = async (path: string, text: string, tools: IndexTools): Promise<IndexFile> => ({
  path,
  lifetime: 'pointer',
  content: await tools.measure({ mediaType: TEXT, parts: [await tools.store(utf8(text))] }),
})

const segmentsOf = (channel: ChannelState, stream: string): readonly Segment[] =>
  channel.streams.get(stream)?.segments ?? []

/**
 * Every file and every `latest/` address. The signed one holds the text itself: a signature beside it would be fetched
 * at another moment, and may be of another generation. There is no signature over nothing, so it has a line at least.
 * One key signs: who has one of two ends gpg with a status as if neither were good.
 */
const checksumFiles = async (channel: ChannelState, latest: readonly IndexFile[], tools: IndexTools) => {
  const folder = folderOf(channel.address.channel)
  const lines = latest.map(({ path, content }) => sumLine(content.sha256, path.slice(folder.length + 1)))
  const tail = await makePiece(utf8(lines.join('')), tools)
  const content = await tools.measure(joinRaw(segmentsOf(channel, SUMS), { tail, mediaType: TEXT }))
  let text = ''
  const decoder = new TextDecoder()
  for await (const bytes of tools.read(content)) text += decoder.decode(bytes, { stream: true })
  const sums: IndexFile = { path: `${folder}/SHA256SUMS`, content, lifetime: 'pointer' }
  return [
    sums,
    await pointer(`${folder}/SHA256SUMS.asc`, await tools.signer.openpgp.clearSign(text.trimEnd() || '\n'), tools),
  ]
}

/** `files` begins with the checksums, which are always there: so every row can begin with a comma. */
const listingFile = async (channel: ChannelState, tools: IndexTools): Promise<IndexFile> => {
  const { address } = channel
  const { organization, project } = address
  const folder = folderOf(address.channel)
  const about = { organization, project, channel: address.channel, baseUrl: `${address.baseUrl}/${folder}/` }
  const first = { file: 'SHA256SUMS.asc', url: 'SHA256SUMS.asc' }
  const head = await makePiece(utf8(`${JSON.stringify(about).slice(0, -1)},"files":[\n${JSON.stringify(first)}`), tools)
  const tail = await makePiece(utf8('\n]}\n'), tools)
  const recipe = joinRaw(segmentsOf(channel, LISTING), { head, tail, mediaType: 'application/json' })
  return { path: `${folder}/index.json`, lifetime: 'pointer', content: await tools.measure(recipe) }
}

const channelFiles = async (channel: ChannelState, tools: IndexTools): Promise<readonly IndexFile[]> => {
  const inputs = [channel.address, ...[SUMS, LISTING, LATEST].map((stream) => segmentsOf(channel, stream))]
  return tools.reuse(ROOT, [...inputs, tools.signer.openpgp.fingerprint], async () => {
    const latest = await readLatest(segmentsOf(channel, LATEST), folderOf(channel.address.channel), tools)
    return [...(await checksumFiles(channel, latest, tools)), await listingFile(channel, tools), ...latest]
  })
}

/** Go's word for this machine, then `all`: whichever the repository has. */
const ARCH_WORDS =
  '$(uname -m | sed "s/x86_64/amd64/;s/aarch64/arm64/;s/armv7l/arm7/;s/armv6l/arm6/;s/i.86/386/;s/loongarch64/loong64/") all'

const instructionsFor =
  (kind: DownloadKind) =>
  (address: ReaderAddress, packageNames: readonly string[], keys: PublicKeys): Instruction => {
    const base = `${address.baseUrl}/${folderOf(address.channel)}`
    const names = packageNames.length > 0 ? packageNames : ['PACKAGE']
    const { isPrivate } = address
    const commands = names.flatMap((name) => {
      const file = `${name}${kind.suffix}`
      const url = readerUrl(`${base}/latest/${name}-linux-$arch${kind.suffix}`, isPrivate)
      return [`for arch in ${ARCH_WORDS}; do curl -fsSL -o ${file} ${url} && break; done`, ...kind.install(file, name)]
    })
    return {
      title: kind.title,
      commands: [...(isPrivate ? [TOKEN_LINE] : []), ...commands],
      note: [
        `All files: ${base}/index.json. Checksums signed by ${keys.openpgp[0]?.name} (${address.baseUrl}/key.asc), for files under their own names:`,
        // gpg prints what a bad signature is over, too: only its status says that it was good.
        `curl -fsSL ${readerUrl(`${base}/SHA256SUMS.asc`, isPrivate)} | gpg --yes --output SHA256SUMS --decrypt && sha256sum --check --ignore-missing SHA256SUMS`,
      ].join('\n'),
    }
  }

export const downloadLayout = <E extends Download>(kind: DownloadKind): RepositoryLayout<E> => ({
  root: ROOT,
  baseStreams: [LISTING, LATEST, SUMS],
  seed: () => undefined,
  packagePath: (entry, channel) => `${folderOf(channel)}/${entry.fileName}`,
  rows: (entry) => downloadRows(entry, kind),
  files: channelFiles,
  instructions: instructionsFor(kind),
})
