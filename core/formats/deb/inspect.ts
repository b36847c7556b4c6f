// Reads a .deb in one pass, ours or a stranger's: control fields, paths, size and digest.

import { type PassingBinaries, passingBinaries } from '../../binaries/finished.ts'
import type { Budget } from '../../budget.ts'
import { type ArMember, readArHeader, readArMagic } from '../../bytes/ar.ts'
import { collectBytes, fromUtf8 } from '../../bytes/arrays.ts'
import { hashed } from '../../bytes/hashed.ts'
import { toHex } from '../../bytes/hex.ts'
import { createReader } from '../../bytes/reader.ts'
import { catchStreamFaults, decompressPart, StreamFault } from '../../bytes/stream-fault.ts'
import { readTar } from '../../bytes/tar-read.ts'
import type { Fault } from '../../fault.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource } from '../../model/spec.ts'
import { ok, type Result } from '../../result.ts'
import { checkFinishedScript } from '../../text/finished-scripts.ts'
import type { Codec, InspectTools, SeekableFile } from '../../tools.ts'
import { type DebEntry, entryOf } from './entry.ts'

/** Far above any real one (Debian's largest is about 60 KiB), far below what would hurt. */
const MAX_CONTROL_BYTES = 1024 * 1024
/** `2.0` and a line's end; later versions may add lines (deb(5)). */
const MAX_VERSION_BYTES = 1024

const CODECS: Readonly<Record<string, Codec>> = {
  '': 'none',
  '.gz': 'gzip',
  '.xz': 'xz',
  '.zst': 'zstd',
  '.bz2': 'bzip2',
}

const codecOf = (memberName: string, stem: string): Codec => {
  const codec = CODECS[memberName.slice(stem.length)]
  if (codec) return codec
  throw new StreamFault(
    `${memberName} is compressed in a way this platform does not read. Use gzip, xz or zstd.`,
    'package_unsupported',
  )
}

/** deb-control(5)'s neighbours that dpkg runs. */
const SCRIPTS: ReadonlySet<string> = new Set(['preinst', 'postinst', 'prerm', 'postrm', 'config'])

const readControl = async (tar: ByteSource, tools: InspectTools): Promise<string> => {
  let text: string | undefined
  for await (const member of readTar(tar, tools.budget)) {
    const name = member.name.replace(/^\.?\//, '')
    if (member.kind !== 'file') continue
    if (SCRIPTS.has(name) && member.sizeBytes <= MAX_CONTROL_BYTES) {
      checkFinishedScript(name, await collectBytes(member.body), tools)
    }
    if (name !== 'control') continue
    if (member.sizeBytes > MAX_CONTROL_BYTES) throw new StreamFault('The control file is larger than 1 MiB.')
    text = fromUtf8(await collectBytes(member.body))
  }
  if (text === undefined) throw new StreamFault('control.tar holds no file named "control". Build the package again.')
  return text
}

interface DataFacts {
  readonly paths: readonly PackagedPath[]
  readonly estimatedKib: number
}

/** `./usr/bin/hello`, `usr/bin/hello` and `/usr/bin/hello` are all `/usr/bin/hello`; the root is the empty string. */
const installedPath = (name: string): string => {
  const path = `/${name}`.split('/').filter((segment) => segment !== '' && segment !== '.')
  return path.length === 0 ? '' : `/${path.join('/')}`
}

const readData = async (tar: ByteSource, budget: Budget, binaries: PassingBinaries): Promise<DataFacts> => {
  const paths: PackagedPath[] = []
  let estimatedKib = 0
  for await (const { name, kind, sizeBytes, body } of readTar(tar, budget)) {
    estimatedKib += kind === 'file' ? Math.ceil(sizeBytes / 1024) : 1
    const path = installedPath(name)
    if (path === '') continue
    paths.push({ path, kind: kind === 'directory' || kind === 'symlink' ? kind : 'file' })
    if (kind === 'file') await binaries.look(path, body)
  }
  return { paths, estimatedKib }
}

interface Parts {
  version?: string
  controlText?: string
  data?: DataFacts
  readonly binaries: PassingBinaries
}

/** dpkg's order (deb(5)): the version, the control part, the data part; what stands elsewhere is not theirs. */
const readMember = async ({ name, sizeBytes }: ArMember, source: ByteSource, parts: Parts, tools: InspectTools) => {
  const unpack = (stem: string): ByteSource => decompressPart(tools, codecOf(name, stem), source, name)
  if (parts.version === undefined) {
    if (name !== 'debian-binary') return
    if (sizeBytes > MAX_VERSION_BYTES) throw new StreamFault('The member debian-binary is larger than 1 KiB.')
    parts.version = fromUtf8(await collectBytes(source)).split('\n')[0]!
  } else if (parts.controlText === undefined) {
    if (name.startsWith('control.tar')) parts.controlText = await readControl(unpack('control.tar'), tools)
  } else if (parts.data === undefined && name.startsWith('data.tar')) {
    parts.data = await readData(unpack('data.tar'), tools.budget, parts.binaries)
  }
}

const readMembers = async (source: ByteSource, tools: InspectTools): Promise<Parts & { sizeBytes: number }> => {
  const reader = createReader(source)
  await readArMagic(reader)
  const parts: Parts = { binaries: passingBinaries() }
  for (;;) {
    const member = await readArHeader(reader, tools.budget)
    if (!member) break
    const part = reader.part(member.sizeBytes, member.name)
    await readMember(member, part.source, parts, tools)
    await part.finish()
    if (member.sizeBytes % 2 === 1) await reader.readUpTo(1)
  }
  await reader.drain()
  return { ...parts, sizeBytes: reader.position }
}

export const inspectDeb = (file: SeekableFile, tools: InspectTools): Promise<Result<DebEntry, Fault>> =>
  catchStreamFaults(async () => {
    const sha256 = tools.hash('sha256')
    const { version, controlText, data, sizeBytes, binaries } = await readMembers(hashed(file.stream(), sha256), tools)
    if (!version?.startsWith('2.'))
      throw new StreamFault('The package has no debian-binary of version 2. Upload a .deb file.')
    if (controlText === undefined || data === undefined) {
      throw new StreamFault(
        'The package lacks control.tar or data.tar, or they stand in the wrong order. Build it again.',
      )
    }
    const entry = entryOf({ controlText, ...data }, tools.warn)
    if (entry.ok) binaries.judge({ id: 'deb' }, entry.value.arch, tools.warn)
    return entry.ok ? ok({ ...entry.value, sizeBytes, sha256: toHex(sha256.digest()) }) : entry
  })
