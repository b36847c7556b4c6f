// Writes an .ipk: a gzipped tar of debian-binary, control.tar.gz and data.tar.gz, as OpenWrt's ipkg-build makes it.

import { collectBytes, concatBytes, sourceOf, utf8 } from '../../bytes/arrays.ts'
import { coalesce } from '../../bytes/coalesce.ts'
import { measuredSink } from '../../bytes/hashed.ts'
import { catchStreamFaults } from '../../bytes/stream-fault.ts'
import { TAR_END, tarFile, tarHeader, tarPadding } from '../../bytes/tar-write.ts'
import type { Fault } from '../../fault.ts'
import type { ByteSource, PackageSpec, ScriptName } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { renderFields } from '../../text/deb822.ts'
import type { BuildTools, ByteSink, Spool } from '../../tools.ts'
import { unheard } from '../../warning.ts'
import { checkSpec, parseBlock } from './check.ts'
import { controlFields } from './control.ts'
import { contentBytes, dataPaths, dataTar } from './data-tar.ts'
import { entryOf, type IpkEntry } from './entry.ts'

const SCRIPTS: readonly (readonly [file: string, script: ScriptName])[] = [
  ['postinst', 'postinstall'],
  ['postrm', 'postremove'],
  ['preinst', 'preinstall'],
  ['prerm', 'preremove'],
]

const conffiles = ({ items }: PackageSpec): string =>
  items
    .filter(({ kind }) => kind.startsWith('config'))
    .map(({ path }) => `${path}\n`)
    .join('')

const ROOT_OWNED = { owner: 'root', group: 'root' } as const

const controlTar = (spec: PackageSpec, controlText: string): Uint8Array => {
  const common = { ...ROOT_OWNED, mtimeSeconds: spec.mtimeSeconds }
  const file = (name: string, mode: number, body: Uint8Array) =>
    body.length === 0 ? [] : [tarFile({ ...common, name: `./${name}`, mode }, body, 'gnu')]
  return concatBytes([
    ...file('control', 0o644, utf8(controlText)),
    ...file('conffiles', 0o644, utf8(conffiles(spec))),
    ...SCRIPTS.flatMap(([name, script]) => file(name, 0o755, spec.scripts[script] ?? new Uint8Array(0))),
    TAR_END,
  ])
}

async function* outerTar(control: Uint8Array, data: Spool, mtimeSeconds: number): ByteSource {
  const common = { ...ROOT_OWNED, mode: 0o644, mtimeSeconds }
  yield tarFile({ ...common, name: './debian-binary' }, utf8('2.0\n'), 'gnu')
  yield tarFile({ ...common, name: './control.tar.gz' }, control, 'gnu')
  yield tarHeader({ ...common, name: './data.tar.gz', kind: 'file', sizeBytes: data.sizeBytes }, 'gnu')
  yield* data.read()
  yield tarPadding(data.sizeBytes)
  yield TAR_END
}

/** Nearly all in it is compressed already. */
const OUTER_LEVEL = 1

export const buildIpk = (spec: PackageSpec, sink: ByteSink, tools: BuildTools): Promise<Result<IpkEntry, Fault>> =>
  catchStreamFaults(async () => {
    const [firstFault] = checkSpec(spec)
    if (firstFault) return err(firstFault)
    const block = parseBlock(spec)
    if (!block.ok) return block
    const sizeBytes = contentBytes(spec.items)
    const fields = controlFields(spec, block.value, sizeBytes)
    if (!fields.ok) return err(fields.error[0]!)
    const controlText = renderFields(fields.value)

    const data = await tools.spool()
    for await (const chunk of tools.compress('gzip', dataTar(spec.items), 9)) await data.write(chunk)
    const control = await collectBytes(tools.compress('gzip', sourceOf(controlTar(spec, controlText)), 9))
    const out = measuredSink(sink, tools)
    const outer = coalesce(outerTar(control, data, spec.mtimeSeconds))
    for await (const chunk of tools.compress('gzip', outer, OUTER_LEVEL)) await out.write(chunk)
    const entry = entryOf({ controlText, paths: dataPaths(spec.items), contentBytes: sizeBytes }, unheard)
    return entry.ok ? ok({ ...entry.value, ...out.finish() }) : entry
  })
