// Writes a .deb (deb(5)): debian-binary, control.tar.gz, data.tar.*, and a signature of the maker's own.

import { AR_MAGIC, AR_MAX_MEMBER_BYTES, arHeader, arMember, arPadding } from '../../bytes/ar.ts'
import { collectBytes, sourceOf, utf8 } from '../../bytes/arrays.ts'
import { measuredSink } from '../../bytes/hashed.ts'
import { catchStreamFaults } from '../../bytes/stream-fault.ts'
import { type Fault, fault } from '../../fault.ts'
import type { PackagedItem, PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import type { BuildTools, ByteSink, Codec, Spool } from '../../tools.ts'
import { unheard } from '../../warning.ts'
import type { DebBlock } from './block.ts'
import { changelogPath, changelogText } from './changelog.ts'
import { checkSpec, parseBlock } from './check.ts'
import { controlFields, renderControl } from './control.ts'
import { controlTar } from './control-tar.ts'
import { dataTar } from './data-tar.ts'
import { type DebEntry, entryOf } from './entry.ts'
import { memberOf, signatureMember } from './signature.ts'

export const DATA_SUFFIX: Readonly<Record<Codec, string>> = {
  none: '',
  gzip: '.gz',
  xz: '.xz',
  zstd: '.zst',
  bzip2: '.bz2',
}

/** nFPM's names for zstd levels, by the numbers its library takes them for. */
const ZSTD_LEVELS: Readonly<Record<string, number>> = { fastest: 1, default: 3, better: 7, best: 11 }

/** xz as dpkg-deb has it: every dpkg since 1.15.6 reads it, zstd only those of Debian 12 and Ubuntu 18.04 on. */
const DEFAULT_COMPRESSION = 'xz'

const compressionOf = (block: DebBlock): { readonly codec: Codec; readonly level?: number } => {
  const [name = '', word] = (block.compression ?? DEFAULT_COMPRESSION).split(':')
  const codec = name as Codec
  if (word === undefined || word === '-1') return { codec }
  return { codec, level: ZSTD_LEVELS[word] ?? Number(word) }
}

/** Items with the changelog and the folders above it, in order of path. */
const withChangelog = async (spec: PackageSpec, tools: BuildTools): Promise<readonly PackagedItem[]> => {
  const path = changelogPath(spec)
  if (spec.changelog.length === 0 || path === undefined) return spec.items
  const text = utf8(changelogText(spec))
  const packed = await collectBytes(tools.compress('gzip', sourceOf(text), 9))
  const owned = { owner: 'root', group: 'root', mtimeSeconds: spec.mtimeSeconds }
  const file: PackagedItem = {
    ...owned,
    kind: 'doc',
    path,
    mode: 0o644,
    source: { sizeBytes: packed.length, open: () => sourceOf(packed) },
  }
  const present = new Set(spec.items.map((item) => item.path))
  const parents = path
    .split('/')
    .slice(1, -1)
    .map((_, at, all) => `/${all.slice(0, at + 1).join('/')}`)
    .filter((parent) => !present.has(parent))
    .map((parent): PackagedItem => ({ ...owned, kind: 'implicit dir', path: parent, mode: 0o755 }))
  return [...spec.items, ...parents, file].sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)))
}

interface DebParts {
  readonly control: Uint8Array
  readonly data: Spool
  readonly dataName: string
}

const DEBIAN_BINARY = utf8('2.0\n')

const writeArchive = async (parts: DebParts, block: DebBlock, spec: PackageSpec, sink: ByteSink, tools: BuildTools) => {
  const { mtimeSeconds } = spec
  const out = measuredSink(sink, tools)
  await out.write(AR_MAGIC)
  await out.write(arMember('debian-binary', DEBIAN_BINARY, mtimeSeconds))
  await out.write(arMember('control.tar.gz', parts.control, mtimeSeconds))
  await out.write(arHeader({ name: parts.dataName, sizeBytes: parts.data.sizeBytes, mtimeSeconds }))
  for await (const chunk of parts.data.read()) await out.write(chunk)
  await out.write(arPadding(parts.data.sizeBytes))
  const data = { name: parts.dataName, sizeBytes: parts.data.sizeBytes, read: () => parts.data.read() }
  const signed = [memberOf('debian-binary', DEBIAN_BINARY), memberOf('control.tar.gz', parts.control), data]
  await out.write(await signatureMember(signed, block, spec, tools))
  return out.finish()
}

export const buildDeb = (spec: PackageSpec, sink: ByteSink, tools: BuildTools): Promise<Result<DebEntry, Fault>> =>
  catchStreamFaults(async () => {
    const [firstFault] = checkSpec(spec)
    if (firstFault) return err(firstFault)
    const block = parseBlock(spec)
    if (!block.ok) return block

    const items = await withChangelog(spec, tools)
    const { codec, level } = compressionOf(block.value)
    const data = await tools.spool()
    const { tally, source } = dataTar(spec, items, tools)
    for await (const chunk of tools.compress(codec, source, level)) await data.write(chunk)
    if (data.sizeBytes > AR_MAX_MEMBER_BYTES) {
      return err(
        fault('body_too_large', 'The compressed files are larger than the 9.3 GiB a .deb can hold. Split the package.'),
      )
    }

    const fields = controlFields(spec, block.value, tally.installedKib)
    if (!fields.ok) return err(fields.error[0]!)
    const controlText = renderControl(fields.value)
    const tar = controlTar({ spec, block: block.value, controlText, md5Lines: tally.md5Lines, items })
    // Always gzip, as nFPM: control parts are small, and then a Worker can read them.
    const control = await collectBytes(tools.compress('gzip', sourceOf(tar), 9))
    const dataName = `data.tar${DATA_SUFFIX[codec]}`
    const measured = await writeArchive({ control, data, dataName }, block.value, spec, sink, tools)

    const entry = entryOf({ controlText, paths: tally.paths, estimatedKib: tally.installedKib }, unheard)
    return entry.ok ? ok({ ...entry.value, ...measured }) : entry
  })
