// The package's one tar stream: pacman's own files, then what is installed, in order of path as makepkg has them.
// .MTREE stands before the files whose digests it holds, so every source is read twice rather than held.
import { collectBytes, sourceOf, utf8 } from '../../bytes/arrays.ts'
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
import { putTarHeader, TAR_END, tarFile, tarPaddingBytes } from '../../bytes/tar-write.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource, PackagedItem, SourceFile } from '../../model/spec.ts'
import type { BuildTools } from '../../tools.ts'
import { type FileDigests, type MtreeLine, mtreeText } from './mtree.ts'

/** One of pacman's own files: `.PKGINFO`. */
export interface MetaFile {
  readonly name: string
  readonly bytes: Uint8Array
}

type FileItem = PackagedItem & { readonly source: SourceFile }

/** Over bytes as they pass. */
const fileHasher = (tools: BuildTools) => {
  const [md5, sha256] = [tools.hash('md5'), tools.hash('sha256')]
  return { hashes: [md5, sha256], digests: () => ({ md5: toHex(md5.digest()), sha256: toHex(sha256.digest()) }) }
}

const digestsOf = (bytes: Uint8Array, tools: BuildTools): FileDigests => ({
  md5: tools.digest('md5', bytes),
  sha256: tools.digest('sha256', bytes),
})

/** Digests are put where the line has none yet: now, or when the promise says so. */
const measureFile = (item: FileItem, line: MtreeLine, tools: BuildTools): Promise<void> | undefined => {
  if (item.source.sizeBytes > TAR_MAX_OCTAL_SIZE) {
    throw new StreamFault(`${item.path} is larger than the 8 GiB a tar member can have.`, 'body_too_large')
  }
  const small = (bytes: Uint8Array): void => {
    line.digests = digestsOf(bytes, tools)
  }
  return readFile(item, small, async () => {
    const { hashes, digests } = fileHasher(tools)
    for await (const _ of hashed(readExactly(item), ...hashes));
    line.digests = digests()
  })
}

const lineOf = (item: PackagedItem): MtreeLine => {
  const common = { path: item.path.slice(1), mode: item.mode, mtimeSeconds: item.mtimeSeconds }
  switch (item.kind) {
    case 'dir':
    case 'implicit dir':
      return { ...common, kind: 'directory' }
    case 'symlink':
      return { ...common, kind: 'symlink', target: item.target }
    case 'ghost':
      throw new Error('a ghost is in no package')
    default:
      return { ...common, kind: 'file', sizeBytes: item.source.sizeBytes }
  }
}

const metaLine = ({ name, bytes }: MetaFile, mtimeSeconds: number, tools: BuildTools): MtreeLine => {
  const digests = digestsOf(bytes, tools)
  return { path: name, mode: 0o644, mtimeSeconds, kind: 'file', sizeBytes: bytes.length, digests }
}

/** Everything that is packed, ghosts left out. */
export interface Payload {
  readonly metas: readonly MetaFile[]
  readonly items: readonly PackagedItem[]
  readonly lines: readonly MtreeLine[]
}

/** The first reading of all sources. `metas` get .MTREE, in its place. */
export const measurePayload = async (
  contents: { readonly metas: readonly MetaFile[]; readonly items: readonly PackagedItem[] },
  mtimeSeconds: number,
  tools: BuildTools,
): Promise<Payload> => {
  const items = contents.items.filter(({ kind }) => kind !== 'ghost')
  const lines: MtreeLine[] = []
  for (const item of items) {
    const line = lineOf(item)
    lines.push(line)
    // Most files are measured when the call returns: nothing is waited for then.
    const measured = 'source' in item ? measureFile(item, line, tools) : undefined
    if (measured) await measured
  }
  const text = mtreeText([...contents.metas.map((meta) => metaLine(meta, mtimeSeconds, tools)), ...lines])
  const bytes = await collectBytes(tools.compress('gzip', sourceOf(utf8(text)), 9))
  const metas = [...contents.metas, { name: '.MTREE', bytes }].sort((a, b) => (a.name < b.name ? -1 : 1))
  return { metas, items, lines }
}

const putFile = (item: FileItem, wanted: string | undefined, out: MemberWriter, tools: BuildTools): MemberRest => {
  const end = (sha256: string): void => {
    refuseChanged(item.path, sha256, wanted)
    out.zeros(tarPaddingBytes(item.source.sizeBytes))
  }
  async function* large(): ByteSource {
    const sha256 = tools.hash('sha256')
    yield* hashed(readExactly(item), sha256)
    end(toHex(sha256.digest()))
  }
  const small = (bytes: Uint8Array): void => {
    out.put(bytes)
    end(tools.digest('sha256', bytes))
  }
  return readFile(item, small, large)
}

const putItem = (item: PackagedItem, line: MtreeLine | undefined, out: MemberWriter, tools: BuildTools): MemberRest => {
  const { mode, owner, group, mtimeSeconds } = item
  const common = { mode, owner, group, mtimeSeconds, name: item.path.slice(1) }
  if (item.kind === 'dir' || item.kind === 'implicit dir') {
    putTarHeader(out, { ...common, name: `${common.name}/`, kind: 'directory' }, 'pax')
  } else if (item.kind === 'symlink') {
    putTarHeader(out, { ...common, kind: 'symlink', linkName: item.target }, 'pax')
  } else if (item.kind !== 'ghost') {
    putTarHeader(out, { ...common, kind: 'file', sizeBytes: item.source.sizeBytes }, 'pax')
    return putFile(item, line?.digests?.sha256, out, tools)
  }
  return undefined
}

/** The second reading. */
export const payloadTar = ({ metas, items, lines }: Payload, mtimeSeconds: number, tools: BuildTools): ByteSource => {
  const meta = { mode: 0o644, owner: 'root', group: 'root', mtimeSeconds }
  const all: readonly (MetaFile | PackagedItem)[] = [...metas, ...items]
  const put = ([at, each]: readonly [number, MetaFile | PackagedItem], out: MemberWriter): MemberRest => {
    if ('path' in each) return putItem(each, lines[at - metas.length], out, tools)
    out.put(tarFile({ ...meta, name: each.name }, each.bytes, 'pax'))
    return undefined
  }
  return writeMembers(all.entries(), put, TAR_END)
}

export const payloadPaths = ({ lines }: Payload): readonly PackagedPath[] =>
  lines.map(({ path, kind }) => ({ path: `/${path}`, kind }))
