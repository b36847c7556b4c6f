// One order: from manifest to uploaded artifact, or a stranger's file to its entry. Returns the last line of the answer; throws when the fault
// lies between here and the platform, or here.
import { join } from 'node:path'
import { catchStreamFaults } from '@distropack/core/bytes/stream-fault.ts'
import type {
  BuildEvent,
  BuildOrder,
  InspectManyOrder,
  InspectOrder,
  Order,
} from '@distropack/core/contract/packager.ts'
import { type Fault, listFaults } from '@distropack/core/fault.ts'
import { parseManifest } from '@distropack/core/manifest/parse.ts'
import { recordTree } from '@distropack/core/manifest/record-tree.ts'
import { resolve } from '@distropack/core/manifest/resolve.ts'
import { advise, locate } from '@distropack/core/manifest/sources.ts'
import type { SourceTree } from '@distropack/core/manifest/tree.ts'
import { openWork } from '@distropack/core/manifest/work.ts'
import { entryFault } from '@distropack/core/model/entry.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { parseTarget, type Target } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { collectWarnings, type Warn } from '@distropack/core/warning.ts'
import { type BlobAccess, type BlobReader, blobReader, downloadFile, uploadFile, uploadJson } from './blobs.ts'
import { buildPackage, withWorkRoom } from './host/build-package.ts'
import { inspectPackage } from './host/inspect-package.ts'
import { inspectMany } from './inspect-many.ts'

export interface OrderContext {
  readonly fetch: typeof globalThis.fetch
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}

type LastEvent = Extract<BuildEvent, { type: 'done' | 'failed' | 'inspected' }>
/** Before its warnings are known to be all. */
type Ending =
  | Omit<Extract<LastEvent, { type: 'done' }>, 'warnings'>
  | Omit<Extract<LastEvent, { type: 'failed' }>, 'warnings'>
  | Omit<Extract<LastEvent, { type: 'inspected' }>, 'warnings'>

interface Inner extends OrderContext {
  readonly warn: Warn
}

export const failed = (faults: readonly Fault[]): Ending => ({
  type: 'failed',
  faults: listFaults(faults).map(({ code, message, where, link }) => ({
    code,
    message,
    ...(where ? { where } : {}),
    ...(link ? { link } : {}),
  })),
})

interface Prepared {
  readonly target: Target
  readonly spec: PackageSpec
}

const prepare = async (
  order: BuildOrder,
  blobs: BlobReader,
  { warn, signal }: Inner,
): Promise<Result<Prepared, readonly Fault[]>> => {
  const target = parseTarget(order.target)
  if (!target.ok) return err([target.error])
  const manifest = parseManifest(order.manifest, order.manifestFile)
  if (!manifest.ok) return manifest
  const { format, architecture } = target.value
  const files = new Map(order.sources.flatMap((record) => (record.kind === 'file' ? [[record.path, record]] : [])))
  const work = openWork({ signal, nowMs: () => performance.now() })
  const listed = await catchStreamFaults(async () => ok(recordTree(order.sources, blobs.open, work.budget)))
  if (!listed.ok) return err([listed.error])
  const records = listed.value
  const opened: string[] = []
  const tree: SourceTree = {
    ...records,
    open: (path) => {
      opened.push(path)
      return records.open(path)
    },
  }
  const resolved = await resolve({
    manifest: manifest.value,
    manifestName: format.manifestName,
    formatId: format.id,
    architecture,
    version: order.version,
    variables: order.variables,
    tree,
    buildTimeSeconds: order.mtimeSeconds,
    warn,
    work,
  })
  if (!resolved.ok) return resolved
  const faults = locate(format.check(resolved.value), manifest.value)
  if (faults.length > 0) return err(faults)
  advise(target.value, resolved.value, { manifest: manifest.value, warn })
  blobs.fetchAhead(opened.flatMap((path) => files.get(path) ?? []))
  return ok({ target: target.value, spec: resolved.value })
}

const runBuild = async (order: BuildOrder, access: BlobAccess, context: Inner): Promise<Ending> => {
  const { room } = access
  const prepared = await prepare(order, blobReader(access), context)
  if (!prepared.ok) return failed(prepared.error)
  const { target, spec } = prepared.value
  const fileName = target.format.fileName(spec)
  context.log(`building ${fileName} for ${order.target}: ${spec.items.length} items`)
  const path = join(room, 'artifact')
  const { log, warn, signal } = context
  const built = await buildPackage({ format: target.format, spec, path, log, warn, signal })
  if (!built.ok) return failed([built.error])
  const { sha256, sizeBytes, entry } = built.value
  const outgrown = entryFault(entry)
  if (outgrown) return failed([outgrown])
  context.log(`built ${fileName}: ${sizeBytes} bytes, sha256 ${sha256}`)
  const artifact = await uploadFile(access, { sha256, sizeBytes }, path)
  if (!artifact.ok) return failed([artifact.error])
  const entryBlob = await uploadJson(access, entry)
  if (!entryBlob.ok) return failed([entryBlob.error])
  return { type: 'done', artifact: artifact.value, entry: entryBlob.value }
}

const runInspection = async (order: InspectOrder, access: BlobAccess, context: Inner): Promise<Ending> => {
  const path = join(access.room, 'file')
  await downloadFile(access, order.fileName, order.file, path)
  context.log(`reading ${order.fileName}: ${order.file.sizeBytes} bytes`)
  const { warn, signal } = context
  const entry = await inspectPackage({ fileName: order.fileName, path, warn, signal })
  if (!entry.ok) return failed([entry.error])
  context.log(`it is ${entry.value.name} ${entry.value.version} (${entry.value.arch})`)
  const entryBlob = await uploadJson(access, entry.value)
  if (!entryBlob.ok) return failed([entryBlob.error])
  return { type: 'done', artifact: order.file, entry: entryBlob.value }
}

const runInspections = async (order: InspectManyOrder, access: BlobAccess, context: Inner): Promise<Ending> => {
  const results = await inspectMany(order, access, context.log)
  return results.ok ? { type: 'inspected', results: results.value } : failed([results.error])
}

const run = (order: Order, access: BlobAccess, context: Inner): Promise<Ending> => {
  if (order.kind === 'build') return runBuild(order, access, context)
  return order.kind === 'inspect' ? runInspection(order, access, context) : runInspections(order, access, context)
}

/** What an order is about, for people. */
export const subjectOf = (order: Order): string => {
  if (order.kind === 'build') return order.target
  return order.kind === 'inspect' ? order.fileName : `${order.files[0]?.fileName} and ${order.files.length - 1} more`
}

export const runOrder = (order: Order, context: OrderContext): Promise<LastEvent> =>
  withWorkRoom(async (room) => {
    const { blobsUrl, token } = order
    const access: BlobAccess = { blobsUrl, token, room, fetch: context.fetch, signal: context.signal }
    const { warn, warnings } = collectWarnings(({ message }) => context.log(`warning: ${message}`))
    const inner = { ...context, warn }
    const ending = await run(order, access, inner)
    return { ...ending, warnings: [...warnings()] }
  })
