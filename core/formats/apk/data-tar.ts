// The data part: what a package installs, as a pax tar in which every file and link carries its SHA-1
// (apk-v2(5); abuild-tar hashes a link's target). apk 3 refuses files without it.
import { utf8 } from '../../bytes/arrays.ts'
import { hashed } from '../../bytes/hashed.ts'
import { toHex } from '../../bytes/hex.ts'
import {
  type MemberRest,
  type MemberWriter,
  readExactly,
  readFile,
  refuseChanged,
  writeMembers,
} from '../../bytes/member-writer.ts'
import { StreamFault } from '../../bytes/stream-fault.ts'
import { TAR_MAX_OCTAL_SIZE } from '../../bytes/tar-header.ts'
import { putTarHeader, TAR_END, type TarMember, tarHeader, tarPaddingBytes } from '../../bytes/tar-write.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource, PackagedItem, SourceFile } from '../../model/spec.ts'
import type { BuildTools } from '../../tools.ts'

export const CHECKSUM_RECORD = 'APK-TOOLS.checksum.SHA1'

export interface DataTally {
  sizeBytes: number
  readonly paths: PackagedPath[]
}

type FileItem = PackagedItem & { readonly source: SourceFile }

/** Its digest stands before the bytes, so a large file is read twice rather than held. */
async function* largeFile(item: FileItem, out: MemberWriter, tools: BuildTools): ByteSource {
  const first = tools.hash('sha1')
  for await (const _ of hashed(readExactly(item), first));
  const sha1 = toHex(first.digest())
  yield fileHeader(item, sha1)
  const second = tools.hash('sha1')
  yield* hashed(readExactly(item), second)
  refuseChanged(item.path, toHex(second.digest()), sha1)
  out.zeros(tarPaddingBytes(item.source.sizeBytes))
}

const fileMember = ({ path, source, mode, owner, group, mtimeSeconds }: FileItem, sha1: string): TarMember => {
  const common = { mode, owner, group, mtimeSeconds, records: { [CHECKSUM_RECORD]: sha1 } }
  return { ...common, name: path.slice(1), kind: 'file', sizeBytes: source.sizeBytes }
}

const fileHeader = (item: FileItem, sha1: string): Uint8Array => tarHeader(fileMember(item, sha1), 'pax')

const putFile = (item: FileItem, out: MemberWriter, tools: BuildTools): MemberRest => {
  const { path, source } = item
  if (source.sizeBytes > TAR_MAX_OCTAL_SIZE)
    throw new StreamFault(`${path} is larger than the 8 GiB apk can read.`, 'body_too_large')
  const small = (bytes: Uint8Array): void => {
    putTarHeader(out, fileMember(item, tools.digest('sha1', bytes)), 'pax')
    out.put(bytes)
    out.zeros(tarPaddingBytes(bytes.length))
  }
  return readFile(item, small, () => largeFile(item, out, tools))
}

const putItem = (item: PackagedItem, out: MemberWriter, tools: BuildTools, tally: DataTally): MemberRest => {
  if (item.kind === 'ghost') return undefined
  const { mode, owner, group, mtimeSeconds } = item
  const common = { mode, owner, group, mtimeSeconds }
  const name = item.path.slice(1)
  if (item.kind === 'dir' || item.kind === 'implicit dir') {
    tally.paths.push({ path: item.path, kind: 'directory' })
    putTarHeader(out, { ...common, name: `${name}/`, kind: 'directory' }, 'pax')
    return undefined
  }
  if (item.kind === 'symlink') {
    const records = { [CHECKSUM_RECORD]: tools.digest('sha1', utf8(item.target)) }
    tally.paths.push({ path: item.path, kind: 'symlink' })
    putTarHeader(out, { ...common, name, kind: 'symlink', linkName: item.target, records }, 'pax')
    return undefined
  }
  tally.paths.push({ path: item.path, kind: 'file' })
  tally.sizeBytes += item.source.sizeBytes
  return putFile(item, out, tools)
}

export const dataTar = (
  items: readonly PackagedItem[],
  tools: BuildTools,
): { readonly tally: DataTally; readonly source: ByteSource } => {
  const tally: DataTally = { sizeBytes: 0, paths: [] }
  return { tally, source: writeMembers(items, (item, out) => putItem(item, out, tools, tally), TAR_END) }
}
