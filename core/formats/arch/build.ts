// Writes a .pkg.tar.zst: one tar in one zstd frame, as makepkg does.

import { utf8 } from '../../bytes/arrays.ts'
import { measuredSink } from '../../bytes/hashed.ts'
import { catchStreamFaults } from '../../bytes/stream-fault.ts'
import type { Fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import type { BuildTools, ByteSink } from '../../tools.ts'
import type { ArchlinuxBlock } from './block.ts'
import { checkSpec, parseBlock } from './check.ts'
import { type ArchEntry, entryOf } from './entry.ts'
import { changelogFile, installScript } from './install-script.ts'
import { FILE_SUFFIX } from './names.ts'
import { type MetaFile, measurePayload, payloadPaths, payloadTar } from './payload.ts'
import { buildinfoText, pkginfoText } from './pkginfo.ts'

/** makepkg's sum: the bytes of files, and nothing for folders and links. */
const installedBytes = (spec: PackageSpec): number =>
  spec.items.reduce((sum, item) => sum + ('source' in item ? item.source.sizeBytes : 0), 0)

const metaFiles = (
  spec: PackageSpec,
  block: ArchlinuxBlock,
): Result<{ readonly pkginfo: string; readonly metas: readonly MetaFile[] }, Fault> => {
  const pkginfo = pkginfoText(spec, block, installedBytes(spec))
  if (!pkginfo.ok) return err(pkginfo.error[0]!)
  const buildinfo = buildinfoText(spec, block)
  if (!buildinfo.ok) return err(buildinfo.error[0]!)
  const optional = [
    { name: '.CHANGELOG', bytes: changelogFile(spec) },
    { name: '.INSTALL', bytes: installScript(spec) },
  ]
  const metas = [
    { name: '.BUILDINFO', bytes: utf8(buildinfo.value) },
    ...optional.flatMap(({ name, bytes }) => (bytes ? [{ name, bytes }] : [])),
    { name: '.PKGINFO', bytes: utf8(pkginfo.value) },
  ]
  return ok({ pkginfo: pkginfo.value, metas })
}

export const buildArch = (spec: PackageSpec, sink: ByteSink, tools: BuildTools): Promise<Result<ArchEntry, Fault>> =>
  catchStreamFaults(async () => {
    const [firstFault] = checkSpec(spec)
    if (firstFault) return err(firstFault)
    const block = parseBlock(spec)
    if (!block.ok) return block
    const files = metaFiles(spec, block.value)
    if (!files.ok) return files

    const payload = await measurePayload({ ...files.value, items: spec.items }, spec.mtimeSeconds, tools)
    const out = measuredSink(sink, tools)
    for await (const chunk of tools.compress('zstd', payloadTar(payload, spec.mtimeSeconds, tools))) {
      await out.write(chunk)
    }
    const entry = entryOf({ pkginfo: files.value.pkginfo, paths: payloadPaths(payload), suffix: FILE_SUFFIX })
    return entry.ok ? ok({ ...entry.value, ...out.finish() }) : entry
  })
