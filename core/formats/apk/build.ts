// Writes an .apk of version 2: [signature], control and data part, each one gzip member (apk-v2(5)).

import { collectBytes, concatBytes, sourceOf, utf8 } from '../../bytes/arrays.ts'
import { measuredSink } from '../../bytes/hashed.ts'
import { catchStreamFaults } from '../../bytes/stream-fault.ts'
import { tarFile } from '../../bytes/tar-write.ts'
import type { Fault } from '../../fault.ts'
import type { PackageSpec, ScriptName } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import type { BuildTools, ByteSink, Spool } from '../../tools.ts'
import type { ApkBlock } from './block.ts'
import { checkSpec, parseBlock } from './check.ts'
import { dataTar } from './data-tar.ts'
import { type ApkEntry, entryOf } from './entry.ts'
import { pkginfoText } from './pkginfo.ts'
import { signatureMember } from './signature.ts'

/** apk's names (apk-package(5), "scripts") for the manifest's. */
const SCRIPTS: readonly (readonly [file: string, script: ScriptName])[] = [
  ['.post-deinstall', 'postremove'],
  ['.post-install', 'postinstall'],
  ['.post-upgrade', 'postupgrade'],
  ['.pre-deinstall', 'preremove'],
  ['.pre-install', 'preinstall'],
  ['.pre-upgrade', 'preupgrade'],
  ['.trigger', 'trigger'],
]

/** Without end blocks: the data part's archive goes on where this ends. */
const controlTar = (spec: PackageSpec, pkginfo: string): Uint8Array => {
  const common = { owner: 'root', group: 'root', mtimeSeconds: spec.mtimeSeconds }
  const scripts = SCRIPTS.flatMap(([name, script]) => {
    const body = spec.scripts[script]
    return body && body.length > 0 ? [tarFile({ ...common, name, mode: 0o755 }, body, 'pax')] : []
  })
  return concatBytes([tarFile({ ...common, name: '.PKGINFO', mode: 0o644 }, utf8(pkginfo), 'pax'), ...scripts])
}

/** apk installs neither files nor scripts of a package whose size is 0: such a one is only a list of dependencies. */
const statedSize = (spec: PackageSpec, sizeBytes: number): number => {
  const isEmpty = spec.items.length === 0 && Object.keys(spec.scripts).length === 0
  return isEmpty ? 0 : Math.max(1, sizeBytes)
}

const packData = async (spec: PackageSpec, tools: BuildTools) => {
  const spool = await tools.spool()
  const { tally, source } = dataTar(spec.items, tools)
  const out = measuredSink(spool, tools)
  for await (const chunk of tools.compress('gzip', source)) await out.write(chunk)
  const { sha256: dataHash } = out.finish()
  return { spool, paths: tally.paths, sizeBytes: statedSize(spec, tally.sizeBytes), dataHash }
}

interface ApkParts {
  readonly signature: Uint8Array
  readonly control: Uint8Array
  readonly data: Spool
}

const writeParts = async ({ signature, control, data }: ApkParts, sink: ByteSink, tools: BuildTools) => {
  const out = measuredSink(sink, tools)
  if (signature.length > 0) await out.write(signature)
  await out.write(control)
  for await (const chunk of data.read()) await out.write(chunk)
  return out.finish()
}

const signControl = async (control: Uint8Array, block: ApkBlock, tools: BuildTools): Promise<Uint8Array> => {
  const signer = block.signature ? tools.signer?.rsa : undefined
  return signer ? signatureMember([signer], () => sourceOf(control)) : new Uint8Array(0)
}

export const buildApk = (spec: PackageSpec, sink: ByteSink, tools: BuildTools): Promise<Result<ApkEntry, Fault>> =>
  catchStreamFaults(async () => {
    const [firstFault] = checkSpec(spec)
    if (firstFault) return err(firstFault)
    const block = parseBlock(spec)
    if (!block.ok) return block

    const { spool, dataHash, sizeBytes, paths } = await packData(spec, tools)
    const pkginfo = pkginfoText(spec, { installedSizeBytes: sizeBytes, dataHash })
    if (!pkginfo.ok) return err(pkginfo.error[0]!)
    const control = await collectBytes(tools.compress('gzip', sourceOf(controlTar(spec, pkginfo.value)), 9))
    const signature = await signControl(control, block.value, tools)
    const measured = await writeParts({ signature, control, data: spool }, sink, tools)

    const entry = entryOf({
      pkginfo: pkginfo.value,
      paths,
      controlSha1: tools.digest('sha1', control),
      controlOffset: signature.length,
      controlSizeBytes: control.length,
    })
    return entry.ok ? ok({ ...entry.value, ...measured }) : entry
  })
