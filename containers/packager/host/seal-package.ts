// A finished package signed by the user's own key: the format says which pieces, this copies them.
import { catchStreamFaults } from '@distropack/core/bytes/stream-fault.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { Format, Sealed } from '@distropack/core/format.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type { InspectTools, PackageSigner, SeekableFile } from '@distropack/core/tools.ts'
import { hashedFileSink, openSeekable } from './files.ts'
import type { Digest } from './hashes.ts'

/** A file that stands beside the package, by suffix: `.sig`. */
export type Companion = Sealed<Entry>['companions'][number]

export interface SealedPackage extends Digest {
  readonly entry: Entry
  readonly companions: readonly Companion[]
}

export interface SealOrder {
  readonly seal: NonNullable<Format['seal']>
  readonly entry: Entry
  readonly signer: PackageSigner
  readonly tools: InspectTools
  /** The package as it was built. */
  readonly unsignedPath: string
  /** Where the signed one is written; nothing may be there. */
  readonly path: string
  readonly signal: AbortSignal | undefined
}

const copyPieces = async (file: SeekableFile, pieces: Sealed<Entry>['pieces'], order: SealOrder): Promise<Digest> => {
  const sink = await hashedFileSink(order.path, order.signal)
  try {
    for (const piece of pieces) {
      if ('bytes' in piece) await sink.write(piece.bytes)
      else for await (const chunk of file.stream(piece.offset, piece.sizeBytes)) await sink.write(chunk)
    }
    return await sink.finish()
  } catch (error) {
    await sink.close().catch(() => {})
    throw error
  }
}

export const sealPackage = async (order: SealOrder): Promise<Result<SealedPackage, Fault>> => {
  const file = await openSeekable(order.unsignedPath)
  try {
    const sealed = await catchStreamFaults(() => order.seal(file, order.entry, order.signer, order.tools))
    if (!sealed.ok) return sealed
    const { entry, pieces, companions } = sealed.value
    const digest = await copyPieces(file, pieces, order)
    return ok({ entry: { ...entry, ...digest }, ...digest, companions })
  } finally {
    await file.close()
  }
}
