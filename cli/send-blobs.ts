// Files as the server stores them, a few requests at a time: small ones packed many to a body, large ones whole or in
// parts, which are resumed.
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { cutPacks, MAX_PACKED_BLOB_BYTES } from '@distropack/core/contract/packed.ts'
import type { SliceOpener } from '@distropack/core/contract/upload.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { Project } from './new-project.ts'
import { clientTrouble, faultTrouble, type Trouble } from './outcome.ts'
import type { Terminal } from './terminal.ts'

export interface LocalFile {
  readonly path: string
  readonly sha256: string
  readonly sizeBytes: number
}

const SENDS_AT_ONCE = 4

/** Small parts are sent as they are read; a part that is sent again is read again. */
const sliceOpener =
  (path: string, onBytes: (count: number) => void): SliceOpener =>
  (offset, lengthBytes) => {
    if (lengthBytes === 0) return new Uint8Array(0)
    const stream = createReadStream(resolve(path), { start: offset, end: offset + lengthBytes - 1 })
    stream.on('data', (chunk) => onBytes(chunk.length))
    return Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array>
  }

const changedWhileSent = (what: string): Result<never, Trouble> =>
  faultTrouble([fault('source_changed', `${what} changed while it was sent; publish again.`)])

/** The server checks every hash, so one that is wrong is a file that changed after it was hashed. */
const refusal = (what: string, trouble: Parameters<typeof clientTrouble>[0]): Result<never, Trouble> => {
  const code = trouble.faults[0]?.code
  return code === 'digest_mismatch' || code === 'size_mismatch' ? changedWhileSent(what) : clientTrouble(trouble)
}

const readExactly = async ({ path, sizeBytes }: LocalFile): Promise<Result<Uint8Array, Fault>> => {
  const bytes = await readFile(path)
  return bytes.length === sizeBytes ? ok(bytes) : err(fault('source_changed', path))
}

const sendPack = async (project: Project, files: readonly LocalFile[]): Promise<Result<void, Trouble>> => {
  const bodies: Uint8Array[] = []
  for (const file of files) {
    const bytes = await readExactly(file)
    if (!bytes.ok) return changedWhileSent(file.path)
    bodies.push(bytes.value)
  }
  const sent = await project.uploadPack(files, bodies)
  return sent.ok ? ok(undefined) : refusal('one of the files', sent.error)
}

/** One of each sha256. */
const distinct = <T extends LocalFile>(files: readonly T[]): readonly T[] => [
  ...new Map(files.map((file) => [file.sha256, file])).values(),
]

type Work = () => Promise<Result<void, Trouble>>

export const sendBlobs = async (
  project: Project,
  given: readonly LocalFile[],
  terminal: Terminal,
): Promise<Result<{ readonly sentBytes: number }, Trouble>> => {
  const files = distinct(given)
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  let sentBytes = 0
  const note = (count: number): void => {
    // A part that is sent twice must not fill the bar twice.
    sentBytes = Math.min(totalBytes, sentBytes + count)
    terminal.progress('uploading', sentBytes, totalBytes)
  }
  const isSmall = ({ sizeBytes }: LocalFile): boolean => sizeBytes <= MAX_PACKED_BLOB_BYTES
  const packed = cutPacks(files.filter(isSmall))
  const alone = [
    ...files.filter((file) => !isSmall(file)),
    ...packed.flatMap((pack) => (pack.length === 1 ? pack : [])),
  ]
  const large = alone.map(
    (file): Work =>
      async () => {
        const sent = await project.upload(file, sliceOpener(file.path, note))
        return sent.ok ? ok(undefined) : refusal(file.path, sent.error)
      },
  )
  const packs = packed
    .filter(({ length }) => length > 1)
    .map(
      (pack): Work =>
        async () => {
          const sent = await sendPack(project, pack)
          if (sent.ok) note(pack.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
          return sent
        },
    )
  const works = [...packs, ...large]
  let failure: Result<never, Trouble> | undefined
  const lane = async (): Promise<void> => {
    for (let work = works.shift(); work && !failure; work = works.shift()) {
      const done = await work()
      if (!done.ok) failure ??= done
    }
  }
  await Promise.all(Array.from({ length: SENDS_AT_ONCE }, lane))
  return failure ?? ok({ sentBytes: totalBytes })
}
