// Reads an archive built here: its install.sh says what it is.

import type { Budget } from '../../budget.ts'
import { collectBytes, fromUtf8 } from '../../bytes/arrays.ts'
import { hashed } from '../../bytes/hashed.ts'
import { toHex } from '../../bytes/hex.ts'
import { catchStreamFaults, decompressPart, StreamFault } from '../../bytes/stream-fault.ts'
import { readTar } from '../../bytes/tar-read.ts'
import { readZipDirectory, readZipMember } from '../../bytes/zip-read.ts'
import type { Fault } from '../../fault.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource } from '../../model/spec.ts'
import { ok, type Result } from '../../result.ts'
import type { Codec, InspectTools, SeekableFile } from '../../tools.ts'
import { TAR_CODEC } from './build.ts'
import { type ArchiveEntry, entryOf } from './entry.ts'
import { readFactsLine } from './install-sh.ts'
import { INSTALL_SCRIPT } from './members.ts'
import type { ArchiveId } from './names.ts'

/** Two lines for each of as many paths as a package may have. */
const MAX_SCRIPT_BYTES = 64 * 1024 * 1024

interface Seen {
  script: string | undefined
  installedSizeBytes: number
  readonly paths: PackagedPath[]
}

interface Found {
  readonly name: string
  readonly kind: string
  readonly sizeBytes: number
}

/** Without the top folder; undefined for that folder itself. */
const below = (name: string): string | undefined => {
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.')
  return segments.length > 1 ? segments.slice(1).join('/') : undefined
}

const note = (seen: Seen, path: string, { kind, sizeBytes }: Found): void => {
  seen.paths.push({ path: `/${path}`, kind: kind === 'directory' || kind === 'symlink' ? kind : 'file' })
  if (kind === 'file') seen.installedSizeBytes += sizeBytes
}

const readTarball = async (source: ByteSource, codec: Codec, tools: InspectTools, seen: Seen): Promise<void> => {
  for await (const member of readTar(decompressPart(tools, codec, source, 'The archive'), tools.budget)) {
    const path = below(member.name)
    if (path === undefined) continue
    if (path !== INSTALL_SCRIPT) note(seen, path, member)
    else if (member.sizeBytes > MAX_SCRIPT_BYTES) throw new StreamFault('install.sh is larger than 64 MiB.')
    else seen.script ??= fromUtf8(await collectBytes(member.body))
  }
}

const readZip = async (file: SeekableFile, budget: Budget, seen: Seen): Promise<void> => {
  for (const member of await readZipDirectory(file, budget)) {
    const path = below(member.name)
    if (path === undefined) continue
    if (path !== INSTALL_SCRIPT) note(seen, path, member)
    else seen.script ??= fromUtf8(await readZipMember(file, member, { maxBytes: MAX_SCRIPT_BYTES, budget }))
  }
}

export const inspectArchive =
  (id: ArchiveId) =>
  (file: SeekableFile, tools: InspectTools): Promise<Result<ArchiveEntry, Fault>> =>
    catchStreamFaults(async () => {
      const sha256 = tools.hash('sha256')
      const seen: Seen = { script: undefined, installedSizeBytes: 0, paths: [] }
      const codec = TAR_CODEC[id]
      if (codec) await readTarball(hashed(file.stream(), sha256), codec, tools, seen)
      else {
        for await (const _ of hashed(file.stream(), sha256));
        await readZip(file, tools.budget, seen)
      }
      const { script, ...facts } = seen
      const entry = entryOf({ id, facts: readFactsLine(script ?? ''), ...facts })
      return entry.ok ? ok({ ...entry.value, sizeBytes: file.sizeBytes, sha256: toHex(sha256.digest()) }) : entry
    })
