// Reads a .deb in one pass, ours or a stranger's: control fields, paths, size and digest.
import { readArHeader, readArMagic } from '../../bytes/ar.ts'
import { collectBytes, fromUtf8 } from '../../bytes/arrays.ts'
import { toHex } from '../../bytes/hex.ts'
import { createReader } from '../../bytes/reader.ts'
import { catchStreamFaults, decompressPart, StreamFault } from '../../bytes/stream-fault.ts'
import { readTar } from '../../bytes/tar-read.ts'
import type { Fault } from '../../fault.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource } from '../../model/spec.ts'
import { ok, type Result } from '../../result.ts'
import type { Codec, InspectTools, SeekableFile } from '../../tools.ts'
import { type DebEntry, entryOf } from './entry.ts'

/** Far above any real one (Debian's largest is about 60 KiB), far below what would hurt. */
const MAX_CONTROL_BYTES = 1024 * 1024
/** Debian's largest package has about 150,000 paths. */
const MAX_PATHS = 1_000_000

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

const readControl = async (tar: ByteSource): Promise<string> => {
  let text: string | undefined
  for await (const member of readTar(tar)) {
    if (member.name.replace(/^\.?\//, '') !== 'control' || member.kind !== 'file') continue
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

const readData = async (tar: ByteSource): Promise<DataFacts> => {
  const paths: PackagedPath[] = []
  let estimatedKib = 0
  for await (const { name, kind, sizeBytes } of readTar(tar)) {
    estimatedKib += kind === 'file' ? Math.ceil(sizeBytes / 1024) : 1
    const path = installedPath(name)
    if (path === '') continue
    if (paths.length === MAX_PATHS)
      throw new StreamFault('The package holds more than a million paths.', 'package_unsupported')
    paths.push({ path, kind: kind === 'directory' || kind === 'symlink' ? kind : 'file' })
  }
  return { paths, estimatedKib }
}

const readMembers = async (source: ByteSource, tools: InspectTools) => {
  const reader = createReader(source)
  await readArMagic(reader)
  let version: string | undefined
  let controlText: string | undefined
  let data: DataFacts | undefined
  for (;;) {
    const member = await readArHeader(reader)
    if (!member) break
    const part = reader.part(member.sizeBytes, member.name)
    if (version === undefined && member.name === 'debian-binary') {
      version = fromUtf8(await collectBytes(part.source)).split('\n')[0]
    } else if (version !== undefined && controlText === undefined && member.name.startsWith('control.tar')) {
      const codec = codecOf(member.name, 'control.tar')
      controlText = await readControl(decompressPart(tools, codec, part.source, member.name))
    } else if (controlText !== undefined && data === undefined && member.name.startsWith('data.tar')) {
      const codec = codecOf(member.name, 'data.tar')
      data = await readData(decompressPart(tools, codec, part.source, member.name))
    }
    await part.finish()
    if (member.sizeBytes % 2 === 1) await reader.readUpTo(1)
  }
  await reader.drain()
  return { version, controlText, data, sizeBytes: reader.position }
}

export const inspectDeb = (file: SeekableFile, tools: InspectTools): Promise<Result<DebEntry, Fault>> =>
  catchStreamFaults(async () => {
    const sha256 = tools.hash('sha256')
    async function* hashed(): ByteSource {
      for await (const chunk of file.stream()) {
        sha256.update(chunk)
        yield chunk
      }
    }
    const { version, controlText, data, sizeBytes } = await readMembers(hashed(), tools)
    if (!version?.startsWith('2.'))
      throw new StreamFault('The package has no debian-binary of version 2. Upload a .deb file.')
    if (controlText === undefined || data === undefined) {
      throw new StreamFault(
        'The package lacks control.tar or data.tar, or they stand in the wrong order. Build it again.',
      )
    }
    const entry = entryOf({ controlText, ...data })
    return entry.ok ? ok({ ...entry.value, sizeBytes, sha256: toHex(sha256.digest()) }) : entry
  })
