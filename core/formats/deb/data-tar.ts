// data.tar: what a package installs, as one tar stream in GNU's dialect (dpkg refuses pax headers), with the
// digests and sizes the control part needs counted on the way.
import { coalesce } from '../../bytes/coalesce.ts'
import { toHex } from '../../bytes/hex.ts'
import { StreamFault } from '../../bytes/stream-fault.ts'
import { TAR_END, tarHeader, tarPadding } from '../../bytes/tar-write.ts'
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

async function* fileBody(
  item: { readonly path: string; readonly source: SourceFile },
  tools: BuildTools,
  tally: DataTally,
): ByteSource {
  const md5 = tools.hash('md5')
  let sizeBytes = 0
  for await (const chunk of item.source.open()) {
    md5.update(chunk)
    sizeBytes += chunk.length
    yield chunk
  }
  if (sizeBytes !== item.source.sizeBytes) {
    const message = `The file for ${item.path} has ${sizeBytes} bytes, but had ${item.source.sizeBytes} when the build began. Build again.`
    throw new StreamFault(message, 'source_changed')
  }
  tally.md5Lines.push(`${toHex(md5.digest())}  ${item.path.slice(1)}\n`)
  tally.installedKib += Math.ceil(sizeBytes / KIB)
  yield tarPadding(sizeBytes)
}

/** Items in order; ghosts are owned by rpm packages only and not packed. */
async function* members(items: readonly PackagedItem[], tools: BuildTools, tally: DataTally): ByteSource {
  for (const item of items) {
    if (item.kind === 'ghost') continue
    const { mode, owner, group, mtimeSeconds } = item
    const common = { mode, owner, group, mtimeSeconds }
    if (item.kind === 'dir' || item.kind === 'implicit dir') {
      tally.installedKib += 1
      if (item.path !== '') tally.paths.push({ path: item.path, kind: 'directory' })
      yield tarHeader({ ...common, name: `.${item.path}/`, kind: 'directory' }, 'gnu')
    } else if (item.kind === 'symlink') {
      tally.installedKib += 1
      tally.paths.push({ path: item.path, kind: 'symlink' })
      yield tarHeader({ ...common, name: `.${item.path}`, kind: 'symlink', linkName: item.target }, 'gnu')
    } else {
      tally.paths.push({ path: item.path, kind: 'file' })
      yield tarHeader({ ...common, name: `.${item.path}`, kind: 'file', sizeBytes: item.source.sizeBytes }, 'gnu')
      yield* fileBody(item, tools, tally)
    }
  }
  yield TAR_END
}

export const dataTar = (
  spec: PackageSpec,
  items: readonly PackagedItem[],
  tools: BuildTools,
): { readonly tally: DataTally; readonly source: ByteSource } => {
  const tally: DataTally = { md5Lines: [], installedKib: 0, paths: [] }
  const root = { ...ROOT, mtimeSeconds: spec.mtimeSeconds }
  return { tally, source: coalesce(members([root, ...items], tools, tally)) }
}
