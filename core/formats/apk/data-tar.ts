// The data part: what a package installs, as a pax tar in which every file and link carries its SHA-1
// (apk-v2(5); abuild-tar hashes a link's target). apk 3 refuses files without it.
import { utf8 } from '../../bytes/arrays.ts'
import { coalesce } from '../../bytes/coalesce.ts'
import { toHex } from '../../bytes/hex.ts'
import { StreamFault } from '../../bytes/stream-fault.ts'
import { TAR_MAX_OCTAL_SIZE } from '../../bytes/tar-header.ts'
import { TAR_END, tarHeader, tarPadding } from '../../bytes/tar-write.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource, PackagedItem, SourceFile } from '../../model/spec.ts'
import type { BuildTools } from '../../tools.ts'

export const CHECKSUM_RECORD = 'APK-TOOLS.checksum.SHA1'

export interface DataTally {
  sizeBytes: number
  readonly paths: PackagedPath[]
}

const changed = (path: string): StreamFault =>
  new StreamFault(`The file for ${path} changed while the package was built. Build again.`, 'source_changed')

/** Its digest stands before the bytes, so every source is read twice rather than held. */
const sha1Of = async (path: string, source: SourceFile, tools: BuildTools): Promise<string> => {
  const sha1 = tools.hash('sha1')
  let sizeBytes = 0
  for await (const chunk of source.open()) {
    sha1.update(chunk)
    sizeBytes += chunk.length
  }
  if (sizeBytes !== source.sizeBytes) throw changed(path)
  return toHex(sha1.digest())
}

async function* fileBody(path: string, source: SourceFile, wanted: string, tools: BuildTools): ByteSource {
  const sha1 = tools.hash('sha1')
  for await (const chunk of source.open()) {
    sha1.update(chunk)
    yield chunk
  }
  if (toHex(sha1.digest()) !== wanted) throw changed(path)
  yield tarPadding(source.sizeBytes)
}

async function* fileMember(item: PackagedItem & { readonly source: SourceFile }, tools: BuildTools): ByteSource {
  const { path, source, mode, owner, group, mtimeSeconds } = item
  if (source.sizeBytes > TAR_MAX_OCTAL_SIZE)
    throw new StreamFault(`${path} is larger than the 8 GiB apk can read.`, 'body_too_large')
  const sha1 = await sha1Of(path, source, tools)
  const common = { mode, owner, group, mtimeSeconds, records: { [CHECKSUM_RECORD]: sha1 } }
  yield tarHeader({ ...common, name: path.slice(1), kind: 'file', sizeBytes: source.sizeBytes }, 'pax')
  yield* fileBody(path, source, sha1, tools)
}

async function* members(items: readonly PackagedItem[], tools: BuildTools, tally: DataTally): ByteSource {
  for (const item of items) {
    if (item.kind === 'ghost') continue
    const { mode, owner, group, mtimeSeconds } = item
    const common = { mode, owner, group, mtimeSeconds }
    const name = item.path.slice(1)
    if (item.kind === 'dir' || item.kind === 'implicit dir') {
      tally.paths.push({ path: item.path, kind: 'directory' })
      yield tarHeader({ ...common, name: `${name}/`, kind: 'directory' }, 'pax')
    } else if (item.kind === 'symlink') {
      const sha1 = tools.hash('sha1')
      sha1.update(utf8(item.target))
      const records = { [CHECKSUM_RECORD]: toHex(sha1.digest()) }
      tally.paths.push({ path: item.path, kind: 'symlink' })
      yield tarHeader({ ...common, name, kind: 'symlink', linkName: item.target, records }, 'pax')
    } else {
      tally.paths.push({ path: item.path, kind: 'file' })
      tally.sizeBytes += item.source.sizeBytes
      yield* fileMember(item, tools)
    }
  }
  yield TAR_END
}

export const dataTar = (
  items: readonly PackagedItem[],
  tools: BuildTools,
): { readonly tally: DataTally; readonly source: ByteSource } => {
  const tally: DataTally = { sizeBytes: 0, paths: [] }
  return { tally, source: coalesce(members(items, tools, tally)) }
}
