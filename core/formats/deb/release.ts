// A channel as an apt suite: Packages and Contents by name and by hash, Release signed twice, and a .sources file.
import { utf8 } from '../../bytes/arrays.ts'
import type { ChannelState, IndexFile } from '../../format.ts'
import type { Content } from '../../model/content.ts'
import { joinGzip, joinRaw } from '../../segments/join.ts'
import type { Segment } from '../../segments/stream.ts'
import { blockValue, type Field, renderFields } from '../../text/deb822.ts'
import type { IndexTools } from '../../tools.ts'
import { rfcDate } from './changelog.ts'
import { architecturesOf, contentsStream, packagesStream, ROOT } from './rows.ts'
import { sourcesText } from './sources.ts'

const TEXT = 'text/plain; charset=utf-8'
const GZIP = 'application/gzip'

/** A file by its name and by its hash: apt takes the second, which a later publish cannot change under it. */
const byNameAndHash = (suite: string, path: string, content: Content): readonly IndexFile[] => {
  const folder = path.slice(0, path.lastIndexOf('/'))
  return [
    { path: `${suite}/${path}`, content, lifetime: 'pointer' },
    { path: `${suite}/${folder}/by-hash/SHA256/${content.sha256}`, content, lifetime: 'content' },
  ]
}

/** apt refuses a Packages.gz whose plain form Release does not list, so both are there and both are real. */
const indexFiles = (suite: string, path: string, segments: readonly Segment[], tools: IndexTools) =>
  tools.reuse(path, [suite, segments], async () => [
    ...byNameAndHash(suite, path, await tools.measure(joinRaw(segments, { mediaType: TEXT }))),
    ...byNameAndHash(suite, `${path}.gz`, await tools.measure(joinGzip(segments, { mediaType: GZIP }))),
  ])

/** In order of their paths, none twice: empty indexes share their by-hash files. */
const allIndexFiles = async (
  suite: string,
  channel: ChannelState,
  tools: IndexTools,
): Promise<readonly IndexFile[]> => {
  const files = new Map<string, IndexFile>()
  for (const arch of architecturesOf(channel.streams.keys())) {
    const packages = channel.streams.get(packagesStream(arch))?.segments ?? []
    const contents = channel.streams.get(contentsStream(arch))?.segments ?? []
    const made = [
      ...(await indexFiles(suite, `main/binary-${arch}/Packages`, packages, tools)),
      ...(await indexFiles(suite, `main/Contents-${arch}`, contents, tools)),
    ]
    for (const file of made) files.set(file.path, file)
  }
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

interface Listed {
  /** Below the suite. */
  readonly path: string
  readonly sha256: string
  readonly sizeBytes: number
}

/** No Valid-Until: a repository nobody publishes to for a year must still install. No MD5 or SHA1: nobody needs them. */
const releaseText = (channel: ChannelState, indexes: readonly Listed[], nowSeconds: number): string => {
  const { organization, project, channel: suite } = channel.address
  const fields: readonly Field[] = [
    ['Origin', organization],
    ['Label', project],
    ['Suite', suite],
    ['Codename', suite],
    ['Date', rfcDate(nowSeconds, 'UTC')],
    ['Acquire-By-Hash', 'yes'],
    // Every architecture's index has the packages for all: apt need not fetch binary-all too.
    ['No-Support-for-Architecture-all', 'Packages'],
    ['Architectures', architecturesOf(channel.streams.keys()).join(' ')],
    ['Components', 'main'],
    ['Description', `${organization}/${project} ${suite}`],
    ['SHA256', blockValue(indexes.map(({ path, sha256, sizeBytes }) => `${sha256} ${sizeBytes} ${path}`))],
  ]
  return renderFields(fields)
}

const signedFiles = async (release: string, suite: string, tools: IndexTools): Promise<readonly IndexFile[]> => {
  const { indexes } = tools.signer
  const pointer = async (name: string, bytes: Uint8Array, mediaType = TEXT): Promise<IndexFile> => ({
    path: `${suite}/${name}`,
    lifetime: 'pointer',
    content: await tools.measure({ mediaType, parts: [await tools.store(bytes)] }),
  })
  return [
    await pointer('Release', utf8(release)),
    await pointer('Release.gpg', await indexes.detachSign(utf8(release)), 'application/pgp-signature'),
    await pointer('InRelease', utf8(await indexes.clearSign(release))),
  ]
}

export const channelFiles = async (channel: ChannelState, tools: IndexTools): Promise<readonly IndexFile[]> => {
  const signer = tools.signer.indexes
  const { address } = channel
  const suite = `${ROOT}/dists/${address.channel}`
  const indexes = await allIndexFiles(suite, channel, tools)
  const listed = indexes
    .filter(({ lifetime }) => lifetime === 'pointer')
    .map(
      ({ path, content: { sha256, sizeBytes } }): Listed => ({ path: path.slice(suite.length + 1), sha256, sizeBytes }),
    )
  // The date is no input: a suite in which nothing changed keeps its Release, and apt asks for nothing more.
  const signed = await tools.reuse('Release', [address, listed, signer.fingerprints], () =>
    signedFiles(releaseText(channel, listed, tools.nowSeconds), suite, tools),
  )
  const sources = utf8(sourcesText(address, signer.publicKeyArmored))
  const sourcesFile: IndexFile = {
    path: `${ROOT}/${address.channel}.sources`,
    lifetime: 'pointer',
    content: await tools.measure({ mediaType: TEXT, parts: [await tools.store(sources)] }),
  }
  return [...indexes, ...signed, sourcesFile]
}
