// data.tar: what a package installs, in GNU's dialect of tar, which opkg's own reader knows (libbb/unarchive.c).
import { coalesce } from '../../bytes/coalesce.ts'
import { StreamFault } from '../../bytes/stream-fault.ts'
import { TAR_END, tarHeader, tarPadding } from '../../bytes/tar-write.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource, PackagedItem, SourceFile } from '../../model/spec.ts'

async function* fileBody(path: string, source: SourceFile): ByteSource {
  let sizeBytes = 0
  for await (const chunk of source.open()) {
    sizeBytes += chunk.length
    yield chunk
  }
  if (sizeBytes !== source.sizeBytes) {
    const message = `The file for ${path} has ${sizeBytes} bytes, but had ${source.sizeBytes} when the build began. Build again.`
    throw new StreamFault(message, 'source_changed')
  }
  yield tarPadding(sizeBytes)
}

async function* members(items: readonly PackagedItem[]): ByteSource {
  for (const item of items) {
    const { mode, owner, group, mtimeSeconds } = item
    const common = { mode, owner, group, mtimeSeconds, name: `.${item.path}` }
    if (item.kind === 'dir' || item.kind === 'implicit dir') {
      yield tarHeader({ ...common, name: `${common.name}/`, kind: 'directory' }, 'gnu')
    } else if (item.kind === 'symlink') {
      yield tarHeader({ ...common, kind: 'symlink', linkName: item.target }, 'gnu')
    } else if (item.kind !== 'ghost') {
      yield tarHeader({ ...common, kind: 'file', sizeBytes: item.source.sizeBytes }, 'gnu')
      yield* fileBody(item.path, item.source)
    }
  }
  yield TAR_END
}

export const dataTar = (items: readonly PackagedItem[]): ByteSource => coalesce(members(items))

const kindOf = ({ kind }: PackagedItem): PackagedPath['kind'] =>
  kind === 'dir' || kind === 'implicit dir' ? 'directory' : kind === 'symlink' ? 'symlink' : 'file'

/** Ghosts are an rpm's alone. */
export const dataPaths = (items: readonly PackagedItem[]): readonly PackagedPath[] =>
  items.filter(({ kind }) => kind !== 'ghost').map((item) => ({ path: item.path, kind: kindOf(item) }))

export const contentBytes = (items: readonly PackagedItem[]): number =>
  items.reduce((sum, item) => sum + ('source' in item ? item.source.sizeBytes : 0), 0)
