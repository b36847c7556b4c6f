// Reads an .ipk in one pass, ours or a stranger's by OpenWrt's ipkg-build, whose data part comes before the control part.

import { type PassingBinaries, passingBinaries } from '../../binaries/finished.ts'
import type { Budget } from '../../budget.ts'
import { collectBytes, fromUtf8 } from '../../bytes/arrays.ts'
import { hashed } from '../../bytes/hashed.ts'
import { toHex } from '../../bytes/hex.ts'
import { catchStreamFaults, decompressPart, StreamFault } from '../../bytes/stream-fault.ts'
import { readTar } from '../../bytes/tar-read.ts'
import type { Fault } from '../../fault.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource } from '../../model/spec.ts'
import { ok, type Result } from '../../result.ts'
import { checkFinishedScript } from '../../text/finished-scripts.ts'
import type { InspectTools, SeekableFile } from '../../tools.ts'
import { entryOf, type IpkEntry } from './entry.ts'

const MAX_CONTROL_BYTES = 1024 * 1024
const GZIP_MAGIC = [0x1f, 0x8b]

const segmentsOf = (name: string): readonly string[] =>
  name.split('/').filter((segment) => segment !== '' && segment !== '.')

/** What opkg runs (libopkg/pkg.c, pkg_run_script). */
const SCRIPTS: ReadonlySet<string> = new Set(['preinst', 'postinst', 'prerm', 'postrm'])

const readControl = async (tar: ByteSource, tools: InspectTools): Promise<string> => {
  let text: string | undefined
  for await (const { name, kind, sizeBytes, body } of readTar(tar, tools.budget)) {
    const member = segmentsOf(name).join('/')
    if (kind !== 'file') continue
    if (SCRIPTS.has(member) && sizeBytes <= MAX_CONTROL_BYTES) {
      checkFinishedScript(member, await collectBytes(body), tools)
    }
    if (member !== 'control') continue
    if (sizeBytes > MAX_CONTROL_BYTES) throw new StreamFault('The control file is larger than 1 MiB.')
    text = fromUtf8(await collectBytes(body))
  }
  if (text === undefined) throw new StreamFault('control.tar.gz holds no file "control". Build the package again.')
  return text
}

const readData = async (tar: ByteSource, budget: Budget, binaries: PassingBinaries) => {
  const paths: PackagedPath[] = []
  let contentBytes = 0
  for await (const { name, kind, sizeBytes, body } of readTar(tar, budget)) {
    if (kind === 'file') contentBytes += sizeBytes
    const segments = segmentsOf(name)
    if (segments.length === 0) continue
    paths.push({
      path: `/${segments.join('/')}`,
      kind: kind === 'directory' || kind === 'symlink' ? kind : 'file',
    })
    if (kind === 'file') await binaries.look(`/${segments.join('/')}`, body)
  }
  return { paths, contentBytes }
}

const readParts = async (tar: ByteSource, tools: InspectTools) => {
  let controlText: string | undefined
  let data: Awaited<ReturnType<typeof readData>> | undefined
  const binaries = passingBinaries()
  for await (const { name, body } of readTar(tar, tools.budget)) {
    const part = segmentsOf(name).join('/')
    const unpack = (): ByteSource => decompressPart(tools, 'gzip', body, part)
    if (part === 'control.tar.gz') controlText ??= await readControl(unpack(), tools)
    if (part === 'data.tar.gz') data ??= await readData(unpack(), tools.budget, binaries)
  }
  if (controlText !== undefined && data) return { controlText, ...data, binaries }
  throw new StreamFault('The package lacks control.tar.gz or data.tar.gz. Build it again.')
}

export const inspectIpk = (file: SeekableFile, tools: InspectTools): Promise<Result<IpkEntry, Fault>> =>
  catchStreamFaults(async () => {
    const head = await file.read(0, GZIP_MAGIC.length)
    if (!GZIP_MAGIC.every((byte, at) => head[at] === byte)) {
      throw new StreamFault(
        'The package is no gzipped tar. Build it as OpenWrt does; the ar archives of older tools are not read.',
        'package_unsupported',
      )
    }
    const sha256 = tools.hash('sha256')
    const parts = await readParts(decompressPart(tools, 'gzip', hashed(file.stream(), sha256), 'The package'), tools)
    const entry = entryOf(parts, tools.warn)
    if (entry.ok) parts.binaries.judge({ id: 'ipk', libc: 'musl' }, entry.value.arch, tools.warn)
    return entry.ok ? ok({ ...entry.value, sizeBytes: file.sizeBytes, sha256: toHex(sha256.digest()) }) : entry
  })
