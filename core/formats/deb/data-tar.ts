// data.tar: what a package installs, as one tar stream in GNU's dialect (dpkg refuses pax headers), with the
// digests and sizes the control part needs counted on the way.
import { hashed } from '../../bytes/hashed.ts'
import { toHex } from '../../bytes/hex.ts'
import { type MemberRest, type MemberWriter, readExactly, readFile, writeMembers } from '../../bytes/member-writer.ts'
import { putTarHeader, TAR_END, tarPaddingBytes } from '../../bytes/tar-write.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource, PackagedItem, PackageSpec, SourceFile } from '../../model/spec.ts'
import type { BuildTools } from '../../tools.ts'

export interface DataTally {
  /** Lines of the control part's md5sums (deb-md5sums(5)): paths without a leading slash. */
  md5Lines: string[]
  /** dpkg-gencontrol's estimate: each file rounded up to 1 KiB, 1 KiB for everything else. */
  installedKib: number
  readonly paths: PackagedPath[]
}

const KIB = 1024

const ROOT: PackagedItem = {
  kind: 'implicit dir',
  path: '',
  mode: 0o755,
  owner: 'root',
  group: 'root',
  mtimeSeconds: 0,
}

type FileItem = PackagedItem & { readonly source: SourceFile }

const putFile = (item: FileItem, out: MemberWriter, tools: BuildTools, tally: DataTally): MemberRest => {
  const { path, source } = item
  const end = (md5: string): void => {
    tally.md5Lines.push(`${md5}  ${path.slice(1)}\n`)
    tally.installedKib += Math.ceil(source.sizeBytes / KIB)
    out.zeros(tarPaddingBytes(source.sizeBytes))
  }
  async function* large(): ByteSource {
    const md5 = tools.hash('md5')
    yield* hashed(readExactly(item), md5)
    end(toHex(md5.digest()))
  }
  const small = (bytes: Uint8Array): void => {
    out.put(bytes)
    end(tools.digest('md5', bytes))
  }
  return readFile(item, small, large)
}

/** Ghosts are owned by rpm packages only and not packed. */
const putItem = (item: PackagedItem, out: MemberWriter, tools: BuildTools, tally: DataTally): MemberRest => {
  if (item.kind === 'ghost') return undefined
  const { mode, owner, group, mtimeSeconds } = item
  const common = { mode, owner, group, mtimeSeconds, name: `.${item.path}` }
  if (item.kind === 'dir' || item.kind === 'implicit dir') {
    tally.installedKib += 1
    if (item.path !== '') tally.paths.push({ path: item.path, kind: 'directory' })
    putTarHeader(out, { ...common, name: `.${item.path}/`, kind: 'directory' }, 'gnu')
    return undefined
  }
  if (item.kind === 'symlink') {
    tally.installedKib += 1
    tally.paths.push({ path: item.path, kind: 'symlink' })
    putTarHeader(out, { ...common, kind: 'symlink', linkName: item.target }, 'gnu')
    return undefined
  }
  tally.paths.push({ path: item.path, kind: 'file' })
  putTarHeader(out, { ...common, kind: 'file', sizeBytes: item.source.sizeBytes }, 'gnu')
  return putFile(item, out, tools, tally)
}

export const dataTar = (
  spec: PackageSpec,
  items: readonly PackagedItem[],
  tools: BuildTools,
): { readonly tally: DataTally; readonly source: ByteSource } => {
  const tally: DataTally = { md5Lines: [], installedKib: 0, paths: [] }
  const root = { ...ROOT, mtimeSeconds: spec.mtimeSeconds }
  const source = writeMembers([root, ...items], (item, out) => putItem(item, out, tools, tally), TAR_END)
  return { tally, source }
}
