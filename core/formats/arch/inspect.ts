// Reads an Arch package in one pass, ours or a stranger's made by makepkg with any compression.

import { passingBinaries } from '../../binaries/finished.ts'
import { collectBytes, fromUtf8 } from '../../bytes/arrays.ts'
import { hashed } from '../../bytes/hashed.ts'
import { toHex } from '../../bytes/hex.ts'
import { catchStreamFaults, decompressPart, StreamFault } from '../../bytes/stream-fault.ts'
import { type ReadMember, readTar } from '../../bytes/tar-read.ts'
import type { Fault } from '../../fault.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource } from '../../model/spec.ts'
import { ok, type Result } from '../../result.ts'
import { checkFinishedScript } from '../../text/finished-scripts.ts'
import type { Codec, InspectTools, SeekableFile } from '../../tools.ts'
import { type ArchEntry, entryOf } from './entry.ts'

/** Far above any real one: tens of thousands of relations. */
const MAX_PKGINFO_BYTES = 1024 * 1024
const MAGIC_BYTES = 6

/** First bytes, codec, and makepkg's name for it (makepkg.conf(5), PKGEXT). */
const COMPRESSIONS: readonly (readonly [magic: readonly number[], codec: Codec, suffix: string])[] = [
  [[0x28, 0xb5, 0x2f, 0xfd], 'zstd', '.pkg.tar.zst'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'xz', '.pkg.tar.xz'],
  [[0x1f, 0x8b], 'gzip', '.pkg.tar.gz'],
  [[0x42, 0x5a, 0x68], 'bzip2', '.pkg.tar.bz2'],
]

const findCompression = async (file: SeekableFile): Promise<{ readonly codec: Codec; readonly suffix: string }> => {
  const head = await file.read(0, MAGIC_BYTES)
  const found = COMPRESSIONS.find(([magic]) => magic.every((byte, at) => head[at] === byte))
  return found ? { codec: found[1], suffix: found[2] } : { codec: 'none', suffix: '.pkg.tar' }
}

const readText = async ({ sizeBytes, body }: ReadMember): Promise<string> => {
  if (sizeBytes > MAX_PKGINFO_BYTES) throw new StreamFault('.PKGINFO is larger than 1 MiB.')
  return fromUtf8(await collectBytes(body))
}

const readPayload = async (tar: ByteSource, tools: InspectTools) => {
  const paths: PackagedPath[] = []
  const binaries = passingBinaries()
  let pkginfo: string | undefined
  for await (const member of readTar(tar, tools.budget)) {
    const segments = member.name.split('/').filter((segment) => segment !== '' && segment !== '.')
    const path = segments.join('/')
    if (path === '.PKGINFO') pkginfo ??= await readText(member)
    if (path === '.INSTALL' && member.sizeBytes <= MAX_PKGINFO_BYTES) {
      checkFinishedScript(path, await collectBytes(member.body), { warn: tools.warn, isSourced: true })
    }
    if (path === '' || path.startsWith('.')) continue
    const { kind } = member
    paths.push({ path: `/${path}`, kind: kind === 'directory' || kind === 'symlink' ? kind : 'file' })
    if (kind === 'file') await binaries.look(`/${path}`, member.body)
  }
  if (pkginfo === undefined) {
    throw new StreamFault('The archive has no .PKGINFO, so it is no Arch package. Upload what makepkg made.')
  }
  return { paths, pkginfo, binaries }
}

export const inspectArch = (file: SeekableFile, tools: InspectTools): Promise<Result<ArchEntry, Fault>> =>
  catchStreamFaults(async () => {
    const { codec, suffix } = await findCompression(file)
    const sha256 = tools.hash('sha256')
    const { paths, pkginfo, binaries } = await readPayload(
      decompressPart(tools, codec, hashed(file.stream(), sha256), 'The package'),
      tools,
    )
    const entry = entryOf({ pkginfo, paths, suffix })
    if (entry.ok) binaries.judge({ id: 'arch' }, entry.value.arch, tools.warn)
    return entry.ok ? ok({ ...entry.value, sizeBytes: file.sizeBytes, sha256: toHex(sha256.digest()) }) : entry
  })
