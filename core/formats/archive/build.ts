// Writes one archive as a stream: a top folder, install.sh, and the members in order.

import { utf8 } from '../../bytes/arrays.ts'
import { coalesce } from '../../bytes/coalesce.ts'
import { measuredSink } from '../../bytes/hashed.ts'
import {
  type FileToRead,
  type MemberRest,
  type MemberWriter,
  readExactly,
  readFile,
  writeMembers,
} from '../../bytes/member-writer.ts'
import { catchStreamFaults, StreamFault } from '../../bytes/stream-fault.ts'
import { TAR_MAX_OCTAL_SIZE } from '../../bytes/tar-header.ts'
import { putTarHeader, TAR_END, tarFile, tarHeader, tarPaddingBytes } from '../../bytes/tar-write.ts'
import { writeZip, type ZipInput } from '../../bytes/zip-write.ts'
import type { Fault } from '../../fault.ts'
import type { ByteSource, PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import type { BuildTools, ByteSink, Codec } from '../../tools.ts'
import { checkSpec, layoutOf, summaryOf } from './check.ts'
import { type ArchiveEntry, entryOf } from './entry.ts'
import { factsOf, installScript } from './install-sh.ts'
import { type ArchiveMember, archiveMembers, INSTALL_SCRIPT } from './members.ts'
import { type ArchiveId, identityOf, stemOf } from './names.ts'

export const TAR_CODEC: Readonly<Partial<Record<ArchiveId, Codec>>> = {
  'tar.gz': 'gzip',
  'tar.xz': 'xz',
  'tar.zst': 'zstd',
}

interface Contents {
  /** With a slash at its end. */
  readonly top: string
  readonly script: Uint8Array
  readonly members: readonly ArchiveMember[]
  readonly mtimeSeconds: number
}

const FOLDER_MODE = 0o755

/** Owners by number alone, 0: names of this machine mean nothing on another. */
const NOBODY = { owner: '', group: '' }

type FileMember = ArchiveMember & { readonly kind: 'file' }

/** As messages call it. */
const toRead = ({ name, source }: FileMember): FileToRead => ({ path: name, source })

const putFile = (member: FileMember, out: MemberWriter): MemberRest => {
  const { sizeBytes } = member.source
  const end = (): void => out.zeros(tarPaddingBytes(sizeBytes))
  async function* large(): ByteSource {
    yield* readExactly(toRead(member))
    end()
  }
  const small = (bytes: Uint8Array): void => {
    out.put(bytes)
    end()
  }
  return readFile(toRead(member), small, large)
}

const putMember = (member: ArchiveMember, top: string, out: MemberWriter): MemberRest => {
  const { mode, mtimeSeconds } = member
  const head = { ...NOBODY, mode, mtimeSeconds, name: top + member.name }
  if (member.kind === 'directory') {
    putTarHeader(out, { ...head, name: `${head.name}/`, kind: 'directory' }, 'pax')
    return undefined
  }
  if (member.kind === 'symlink') {
    putTarHeader(out, { ...head, kind: 'symlink', linkName: member.target }, 'pax')
    return undefined
  }
  const { sizeBytes } = member.source
  if (sizeBytes > TAR_MAX_OCTAL_SIZE) {
    throw new StreamFault(`${member.name} is larger than the 8 GiB a tar member can have.`, 'body_too_large')
  }
  putTarHeader(out, { ...head, kind: 'file', sizeBytes }, 'pax')
  return putFile(member, out)
}

async function* tarOf({ top, script, members, mtimeSeconds }: Contents): ByteSource {
  const common = { ...NOBODY, mtimeSeconds, mode: FOLDER_MODE }
  yield tarHeader({ ...common, name: top, kind: 'directory' }, 'pax')
  yield tarFile({ ...common, name: top + INSTALL_SCRIPT }, script, 'pax')
  yield* writeMembers(members, (member, out) => putMember(member, top, out), TAR_END)
}

const NOTHING = new Uint8Array(0)

const zipInput = (member: ArchiveMember, top: string): ZipInput => {
  const { kind, mode, mtimeSeconds } = member
  const common = { mode, mtimeSeconds, name: top + member.name }
  if (kind === 'directory') return { ...common, name: `${common.name}/`, kind, bytes: NOTHING }
  if (kind === 'symlink') return { ...common, kind, bytes: utf8(member.target) }
  return { ...common, kind, sizeBytes: member.source.sizeBytes, open: () => readExactly(toRead(member)) }
}

const zipInputs = ({ top, script, members, mtimeSeconds }: Contents): readonly ZipInput[] => [
  { name: top, kind: 'directory', mode: FOLDER_MODE, mtimeSeconds, bytes: NOTHING },
  { name: top + INSTALL_SCRIPT, kind: 'file', mode: FOLDER_MODE, mtimeSeconds, bytes: script },
  ...members.map((member) => zipInput(member, top)),
]

const archiveOf = (id: ArchiveId, contents: Contents, tools: BuildTools): ByteSource => {
  const codec = TAR_CODEC[id]
  if (codec) return tools.compress(codec, tarOf(contents))
  return coalesce(writeZip(zipInputs(contents), tools))
}

export const buildArchive =
  (id: ArchiveId) =>
  (spec: PackageSpec, sink: ByteSink, tools: BuildTools): Promise<Result<ArchiveEntry, Fault>> =>
    catchStreamFaults(async () => {
      const [firstFault] = checkSpec(spec)
      if (firstFault) return err(firstFault)
      const [layout, summary] = [layoutOf(spec), summaryOf(spec)]
      if (!layout.ok) return layout
      if (!summary.ok) return summary

      const facts = factsOf(spec, layout.value, summary.value)
      const members = archiveMembers(spec, layout.value)
      const script = utf8(installScript(spec, facts))
      const contents = { top: `${stemOf(identityOf(spec))}/`, script, members, mtimeSeconds: spec.mtimeSeconds }
      const out = measuredSink(sink, tools)
      for await (const chunk of archiveOf(id, contents, tools)) await out.write(chunk)
      const installedSizeBytes = members.reduce(
        (sum, member) => sum + (member.kind === 'file' ? member.source.sizeBytes : 0),
        0,
      )
      const paths = members.map(({ name, kind }) => ({ path: `/${name}`, kind }))
      const entry = entryOf({ id, facts, paths, installedSizeBytes })
      return entry.ok ? ok({ ...entry.value, ...out.finish() }) : entry
    })
