// data.tar: what a package installs, in GNU's dialect of tar, which opkg's own reader knows (libbb/unarchive.c).
import { type MemberRest, type MemberWriter, readExactly, readFile, writeMembers } from '../../bytes/member-writer.ts'
import { putTarHeader, TAR_END, tarPaddingBytes } from '../../bytes/tar-write.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource, PackagedItem, SourceFile } from '../../model/spec.ts'

type FileItem = PackagedItem & { readonly source: SourceFile }

const putFile = (item: FileItem, out: MemberWriter): MemberRest => {
  const end = (): void => out.zeros(tarPaddingBytes(item.source.sizeBytes))
  async function* large(): ByteSource {
    yield* readExactly(item)
    end()
  }
  const small = (bytes: Uint8Array): void => {
    out.put(bytes)
    end()
  }
  return readFile(item, small, large)
}

const putItem = (item: PackagedItem, out: MemberWriter): MemberRest => {
  const { mode, owner, group, mtimeSeconds } = item
  const common = { mode, owner, group, mtimeSeconds, name: `.${item.path}` }
  if (item.kind === 'dir' || item.kind === 'implicit dir') {
    putTarHeader(out, { ...common, name: `${common.name}/`, kind: 'directory' }, 'gnu')
  } else if (item.kind === 'symlink') {
    putTarHeader(out, { ...common, kind: 'symlink', linkName: item.target }, 'gnu')
  } else if (item.kind !== 'ghost') {
    putTarHeader(out, { ...common, kind: 'file', sizeBytes: item.source.sizeBytes }, 'gnu')
    return putFile(item, out)
  }
  return undefined
}

export const dataTar = (items: readonly PackagedItem[]): ByteSource => writeMembers(items, putItem, TAR_END)

const kindOf = ({ kind }: PackagedItem): PackagedPath['kind'] =>
  kind === 'dir' || kind === 'implicit dir' ? 'directory' : kind === 'symlink' ? 'symlink' : 'file'

/** Ghosts are an rpm's alone. */
export const dataPaths = (items: readonly PackagedItem[]): readonly PackagedPath[] =>
  items.filter(({ kind }) => kind !== 'ghost').map((item) => ({ path: item.path, kind: kindOf(item) }))

export const contentBytes = (items: readonly PackagedItem[]): number =>
  items.reduce((sum, item) => sum + ('source' in item ? item.source.sizeBytes : 0), 0)
