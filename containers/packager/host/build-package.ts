// One package on this machine: a private room for spools, the format's build, a finished file. The server and
// `distropack build` are both this.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { watchBinaries } from '@distropack/core/binaries/watch.ts'
import { createBudget, packageLimits } from '@distropack/core/budget.ts'
import { catchStreamFaults } from '@distropack/core/bytes/stream-fault.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { Format } from '@distropack/core/format.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type { BuildTools, InspectTools, PackageSigner } from '@distropack/core/tools.ts'
import { unheard, type Warn } from '@distropack/core/warning.ts'
import { compress, decompress } from './codecs.ts'
import { type FileSpool, fileSink, fileSpool } from './files.ts'
import { type Digest, digest, hash } from './hashes.ts'
import { type Companion, sealPackage } from './seal-package.ts'

/** For reading one file of so many bytes. */
export const inspectToolsFor = (
  sizeBytes: number,
  { warn, signal }: { readonly warn: Warn; readonly signal?: AbortSignal | undefined },
): InspectTools => ({
  hash,
  decompress,
  warn,
  budget: createBudget(packageLimits(sizeBytes), { signal, nowMs: () => performance.now() }),
})

/** A folder only this user can enter, gone when `use` is done, however it ends. */
export const withWorkRoom = async <T>(use: (room: string) => Promise<T>): Promise<T> => {
  const room = await mkdtemp(join(tmpdir(), 'distropack-'))
  try {
    return await use(room)
  } finally {
    await rm(room, { recursive: true, force: true })
  }
}

export interface PackageOrder {
  readonly format: Format
  readonly spec: PackageSpec
  /** Where the package is written; nothing may be there. */
  readonly path: string
  readonly log: (line: string) => void
  readonly warn: Warn
  readonly signal?: AbortSignal
  /** The user's own key, for packages built on the user's machine. */
  readonly signer?: PackageSigner
}

export interface BuiltPackage extends Digest {
  readonly entry: Entry
  /** Signatures in files of their own; none without a signer. */
  readonly companions: readonly Companion[]
}

/** The user's trouble is a fault; a full disk or a bug throws. Either way no half file stays. */
export const buildPackage = (order: PackageOrder): Promise<Result<BuiltPackage, Fault>> =>
  withWorkRoom(async (room) => {
    const spools: FileSpool[] = []
    const tools: BuildTools = {
      hash,
      digest,
      compress,
      log: order.log,
      warn: order.warn,
      ...(order.signer ? { signer: order.signer } : {}),
      async spool() {
        const spool = await fileSpool(join(room, `spool-${spools.length}`), order.signal)
        spools.push(spool)
        return spool
      },
    }
    try {
      const built = await writeSigned(order, tools, room)
      if (!built.ok) await rm(order.path, { force: true })
      return built
    } catch (error) {
      await rm(order.path, { force: true })
      throw error
    } finally {
      await Promise.all(spools.map((spool) => spool.close()))
    }
  })

/** Formats whose signature is not made with the file get it afterwards, as on the platform. */
const writeSigned = async (order: PackageOrder, tools: BuildTools, room: string) => {
  const { signer, path, signal } = order
  const { seal } = order.format
  if (!signer || !seal) return write(order, tools)
  const unsignedPath = join(room, 'unsigned')
  const built = await write({ ...order, path: unsignedPath }, tools)
  if (!built.ok) return built
  const inspectTools = inspectToolsFor(built.value.sizeBytes, { warn: unheard, signal })
  return sealPackage({ seal, signer, entry: built.value.entry, tools: inspectTools, unsignedPath, path, signal })
}

const write = async (order: PackageOrder, tools: BuildTools): Promise<Result<BuiltPackage, Fault>> => {
  const { format, spec, path, signal } = order
  const sink = await fileSink(path, signal)
  try {
    const watched = watchBinaries(spec, format, tools.warn)
    const built = await catchStreamFaults(() => format.build(watched, sink, tools))
    await sink.close()
    if (!built.ok) return built
    // The format hashed what it wrote, once; the law of round trips reads it again (test/laws/packages.test.ts).
    const { sizeBytes, sha256 } = built.value
    if (sizeBytes !== sink.sizeBytes) throw new Error(`${format.id}: the entry says another size than was written`)
    return ok({ entry: built.value, sizeBytes, sha256, companions: [] })
  } catch (error) {
    await sink.close().catch(() => {})
    throw error
  }
}
