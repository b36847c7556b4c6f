// APKINDEX.tar.gz: a signature part, then ONE gzip member joined from a tar header, the segments and padding.
// apk 3 reads only part of an index of more members than that.
import { concatBytes, utf8 } from '../../bytes/arrays.ts'
import { fromHex, toBase64 } from '../../bytes/hex.ts'
import { TAR_END, tarFile, tarHeader, tarPadding } from '../../bytes/tar-write.ts'
import type { ChannelState, IndexFile, Row } from '../../format.ts'
import { joinGzip, makePiece, rawBytesOf } from '../../segments/join.ts'
import type { Segment } from '../../segments/stream.ts'
import { hasControl } from '../../text/line.ts'
import { type IndexTools, rsaSigners } from '../../tools.ts'
import { type ApkEntry, findPair } from './entry.ts'
import { NOARCH } from './names.ts'
import { signatureMember } from './signature.ts'

export const ROOT = 'alpine'

/** Alpine's ports, and the packages for all of them. */
const BASE_ARCHITECTURES = [
  'aarch64',
  'armhf',
  'armv7',
  'loongarch64',
  NOARCH,
  'ppc64le',
  'riscv64',
  's390x',
  'x86',
  'x86_64',
]

const PREFIX = 'apkindex/'

export const BASE_STREAMS = BASE_ARCHITECTURES.map((arch) => PREFIX + arch)

export const seedStream = (stream: string): string | undefined =>
  stream === PREFIX + NOARCH ? undefined : PREFIX + NOARCH

/** apk makes the address itself: the folder of the index entry's architecture, `name-version.apk`. */
export const packagePath = (entry: ApkEntry, channel: string): string =>
  `${ROOT}/${channel}/${entry.arch}/${entry.name}-${entry.version}.apk`

/** Index letters of .PKGINFO keys, in the order of apk-tools' apk_pkg_write_index_entry. */
const SINGLE: readonly (readonly [letter: string, key: string])[] = [
  ['T', 'pkgdesc'],
  ['U', 'url'],
  ['L', 'license'],
  ['o', 'origin'],
  ['m', 'maintainer'],
  ['t', 'builddate'],
  ['c', 'commit'],
  ['k', 'provider_priority'],
]
const LISTS: readonly (readonly [letter: string, key: string])[] = [
  ['D', 'depend'],
  ['p', 'provides'],
  ['i', 'install_if'],
]

const identity = (entry: ApkEntry): string => `Q1${toBase64(fromHex(entry.controlSha1)!)}`

/** `t` and `k` are numbers: apk reads what else they say as nothing. */
const singleValue = (letter: string, value: string): string =>
  /^[tk]$/.test(letter) && !/^\d{1,10}$/.test(value) ? '' : value

const record = (entry: ApkEntry): Uint8Array => {
  const lines: (readonly [string, string])[] = [
    ['C', identity(entry)],
    ['P', entry.name],
    ['V', entry.version],
    ['A', entry.arch],
    ['S', String(entry.sizeBytes)],
    ['I', String(entry.installedSizeBytes)],
    ...SINGLE.map(([letter, key]) => [letter, singleValue(letter, findPair(entry.pkginfo, key) ?? '')] as const),
    ...LISTS.map(
      ([letter, key]) =>
        [
          letter,
          entry.pkginfo
            .filter(([each]) => each === key)
            .map(([, value]) => value)
            .join(' '),
        ] as const,
    ),
  ]
  const present = lines.filter(([, value]) => value !== '')
  if (present.some(([, value]) => hasControl(value))) throw new Error(`the index record of ${entry.name} is not safe`)
  return utf8(`${present.map(([letter, value]) => `${letter}:${value}\n`).join('')}\n`)
}

/** A package for all architectures stands in every index and is served from `noarch/`. */
export const apkRows = (entry: ApkEntry, streams: readonly string[]): readonly Row[] => {
  const targets =
    entry.arch === NOARCH
      ? [...new Set([...streams.filter((stream) => stream.startsWith(PREFIX)), PREFIX + NOARCH])]
      : [PREFIX + entry.arch]
  const bytes = record(entry)
  return targets.map((stream) => ({ stream, bytes }))
}

/** Times in the archive would make every index a new file for nothing. */
const INNER = { mode: 0o644, owner: 'root', group: 'root', mtimeSeconds: 0 }

const indexMember = async (description: string, segments: readonly Segment[], tools: IndexTools) => {
  const sizeBytes = rawBytesOf(segments)
  const head = concatBytes([
    tarFile({ ...INNER, name: 'DESCRIPTION' }, utf8(description), 'pax'),
    tarHeader({ ...INNER, name: 'APKINDEX', kind: 'file', sizeBytes }, 'pax'),
  ])
  const tail = concatBytes([tarPadding(sizeBytes), TAR_END])
  return joinGzip(segments, {
    head: await makePiece(head, tools),
    tail: await makePiece(tail, tools),
    mediaType: 'application/gzip',
  })
}

const indexFile = async (path: string, description: string, segments: readonly Segment[], tools: IndexTools) => {
  const member = await tools.measure(await indexMember(description, segments, tools))
  const signature = await tools.store(await signatureMember(rsaSigners(tools.signer), () => tools.read(member)))
  const { mediaType } = member
  const content = await tools.measure({ mediaType, parts: [signature, ...member.parts] })
  return { path, content, lifetime: 'pointer' } as const
}

export const channelFiles = async (channel: ChannelState, tools: IndexTools): Promise<readonly IndexFile[]> => {
  const { organization, project, channel: name } = channel.address
  const description = `${organization}/${project} ${name}`
  const files: IndexFile[] = []
  for (const [stream, { segments }] of [...channel.streams].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const arch = stream.slice(PREFIX.length)
    if (!stream.startsWith(PREFIX) || arch === NOARCH) continue
    const path = `${ROOT}/${name}/${arch}/APKINDEX.tar.gz`
    const keys = rsaSigners(tools.signer).map(({ publicKeyPem }) => publicKeyPem)
    const inputs = [path, description, segments, keys]
    files.push(
      ...(await tools.reuse(stream, inputs, async () => [await indexFile(path, description, segments, tools)])),
    )
  }
  return files
}
