// The package's one tar stream: pacman's own files, then what is installed, in order of path as makepkg has them.
// .MTREE stands before the files whose digests it holds, so every source is read twice rather than held.
import { collectBytes, sourceOf, utf8 } from '../../bytes/arrays.ts'
import { coalesce } from '../../bytes/coalesce.ts'
import { toHex } from '../../bytes/hex.ts'
import { StreamFault } from '../../bytes/stream-fault.ts'
import { TAR_MAX_OCTAL_SIZE } from '../../bytes/tar-header.ts'
import { TAR_END, tarFile, tarHeader, tarPadding } from '../../bytes/tar-write.ts'
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

const changed = (path: string): StreamFault =>
  new StreamFault(`The file for ${path} changed while the package was built. Build again.`, 'source_changed')

/** Over bytes as they pass. */
const fileHasher = (tools: BuildTools) => {
  const [md5, sha256] = [tools.hash('md5'), tools.hash('sha256')]
  return {
    update: (chunk: Uint8Array): void => {
      md5.update(chunk)
      sha256.update(chunk)
    },
    digests: (): FileDigests => ({ md5: toHex(md5.digest()), sha256: toHex(sha256.digest()) }),
  }
}

const digestsOf = async ({ path, source }: FileItem, tools: BuildTools): Promise<FileDigests> => {
  if (source.sizeBytes > TAR_MAX_OCTAL_SIZE) {
    throw new StreamFault(`${path} is larger than the 8 GiB a tar member can have.`, 'body_too_large')
  }
  const hasher = fileHasher(tools)
  let sizeBytes = 0
  for await (const chunk of source.open()) {
    hasher.update(chunk)
    sizeBytes += chunk.length
  }
  if (sizeBytes !== source.sizeBytes) throw changed(path)
  return hasher.digests()
}

const lineOf = async (item: PackagedItem, tools: BuildTools): Promise<MtreeLine> => {
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
      return {
        ...common,
        kind: 'file',
        sizeBytes: item.source.sizeBytes,
        digests: await digestsOf(item, tools),
      }
  }
}

const metaLine = ({ name, bytes }: MetaFile, mtimeSeconds: number, tools: BuildTools): MtreeLine => {
  const hasher = fileHasher(tools)
  hasher.update(bytes)
  return { path: name, mode: 0o644, mtimeSeconds, kind: 'file', sizeBytes: bytes.length, digests: hasher.digests() }
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
  for (const item of items) lines.push(await lineOf(item, tools))
  const text = mtreeText([...contents.metas.map((meta) => metaLine(meta, mtimeSeconds, tools)), ...lines])
  const bytes = await collectBytes(tools.compress('gzip', sourceOf(utf8(text)), 9))
  const metas = [...contents.metas, { name: '.MTREE', bytes }].sort((a, b) => (a.name < b.name ? -1 : 1))
  return { metas, items, lines }
}

async function* fileBody({ path, source }: FileItem, wanted: string | undefined, tools: BuildTools): ByteSource {
  const sha256 = tools.hash('sha256')
  for await (const chunk of source.open()) {
    sha256.update(chunk)
    yield chunk
  }
  if (toHex(sha256.digest()) !== wanted) throw changed(path)
  yield tarPadding(source.sizeBytes)
}

async function* members({ metas, items, lines }: Payload, mtimeSeconds: number, tools: BuildTools): ByteSource {
  const meta = { mode: 0o644, owner: 'root', group: 'root', mtimeSeconds }
  for (const { name, bytes } of metas) yield tarFile({ ...meta, name }, bytes, 'pax')
  for (const [at, item] of items.entries()) {
    const { mode, owner, group, mtimeSeconds } = item
    const common = { mode, owner, group, mtimeSeconds }
    const name = item.path.slice(1)
    if (item.kind === 'dir' || item.kind === 'implicit dir') {
      yield tarHeader({ ...common, name: `${name}/`, kind: 'directory' }, 'pax')
    } else if (item.kind === 'symlink') {
      yield tarHeader({ ...common, name, kind: 'symlink', linkName: item.target }, 'pax')
    } else if (item.kind !== 'ghost') {
      yield tarHeader({ ...common, name, kind: 'file', sizeBytes: item.source.sizeBytes }, 'pax')
      yield* fileBody(item, lines[at]?.digests?.sha256, tools)
    }
  }
  yield TAR_END
}

/** The second reading. */
export const payloadTar = (payload: Payload, mtimeSeconds: number, tools: BuildTools): ByteSource =>
  coalesce(members(payload, mtimeSeconds, tools))

export const payloadPaths = ({ lines }: Payload): readonly PackagedPath[] =>
  lines.map(({ path, kind }) => ({ path: `/${path}`, kind }))
