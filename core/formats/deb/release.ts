// A channel as an apt suite: Packages and Contents by name and by hash, Release signed twice, and a .sources file.
import { utf8 } from '../../bytes/arrays.ts'
import type { ChannelState, IndexFile } from '../../format.ts'
import type { Content } from '../../model/content.ts'
import { joinGzip, joinRaw, type Recipe } from '../../segments/join.ts'
import type { Segment } from '../../segments/stream.ts'
import { blockValue, type Field, renderFields } from '../../text/deb822.ts'
import type { IndexTools } from '../../tools.ts'
import { rfcDate } from './changelog.ts'
import { architecturesOf, contentsStream, packagesStream, ROOT } from './rows.ts'
import { sourcesText } from './sources.ts'

const TEXT = 'text/plain; charset=utf-8'
const GZIP = 'application/gzip'

/** Index files of one kind, measured, by their names below the suite. */
interface Measured {
  readonly path: string
  readonly content: Content
}

const measureIndex = async (
  path: string,
  segments: readonly Segment[],
  tools: IndexTools,
): Promise<readonly Measured[]> => {
  const measure = async (name: string, recipe: Recipe): Promise<Measured> => ({
    path: name,
    content: await tools.measure(recipe),
  })
  return [
    // apt refuses a Packages.gz whose plain form Release does not list, so both are there and both are real.
    await measure(path, joinRaw(segments, { mediaType: TEXT })),
    await measure(`${path}.gz`, joinGzip(segments, { mediaType: GZIP })),
  ]
}

const indexesOf = async (channel: ChannelState, tools: IndexTools): Promise<readonly Measured[]> => {
  const measured: Measured[] = []
  for (const arch of architecturesOf(channel.streams.keys())) {
    const packages = channel.streams.get(packagesStream(arch))?.segments ?? []
    const contents = channel.streams.get(contentsStream(arch))?.segments ?? []
    measured.push(...(await measureIndex(`main/binary-${arch}/Packages`, packages, tools)))
    measured.push(...(await measureIndex(`main/Contents-${arch}`, contents, tools)))
  }
  return measured.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** No Valid-Until: a repository nobody publishes to for a year must still install. No MD5 or SHA1: nobody needs them. */
const releaseText = (channel: ChannelState, indexes: readonly Measured[], nowSeconds: number): string => {
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
    ['SHA256', blockValue(indexes.map(({ path, content }) => `${content.sha256} ${content.sizeBytes} ${path}`))],
  ]
  return renderFields(fields)
}

const byHash = (suite: string, { path, content }: Measured): IndexFile => {
  const folder = path.slice(0, path.lastIndexOf('/'))
  return { path: `${suite}/${folder}/by-hash/SHA256/${content.sha256}`, content, lifetime: 'content' }
}

export const channelFiles = async (channel: ChannelState, tools: IndexTools): Promise<readonly IndexFile[]> => {
  const { openpgp } = tools.signer
  const suite = `${ROOT}/dists/${channel.address.channel}`
  const indexes = await indexesOf(channel, tools)
  const release = releaseText(channel, indexes, tools.nowSeconds)

  const pointer = async (path: string, bytes: Uint8Array, mediaType = TEXT): Promise<IndexFile> => ({
    path,
    lifetime: 'pointer',
    content: await tools.measure({ mediaType, parts: [await tools.store(bytes)] }),
  })
  const seen = new Set<string>()
  const hashed = indexes.map((index) => byHash(suite, index)).filter(({ path }) => !seen.has(path) && seen.add(path))

  return [
    ...hashed,
    ...indexes.map(({ path, content }): IndexFile => ({ path: `${suite}/${path}`, content, lifetime: 'pointer' })),
    await pointer(`${suite}/Release`, utf8(release)),
    await pointer(
      `${suite}/Release.gpg`,
      await openpgp.detachSign(utf8(release), 'armored'),
      'application/pgp-signature',
    ),
    await pointer(`${suite}/InRelease`, utf8(await openpgp.clearSign(release))),
    await pointer(
      `${ROOT}/${channel.address.channel}.sources`,
      utf8(sourcesText(channel.address, openpgp.publicKeyArmored)),
    ),
  ]
}
