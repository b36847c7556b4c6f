// A zip archive as a stream: nothing is held but the directory, so sizes follow their data in descriptors.
import type { ByteSource } from '../model/spec.ts'
import type { BuildTools } from '../tools.ts'
import { concatBytes } from './arrays.ts'
import { crc32 } from './crc32.ts'
import {
  type CentralEntry,
  isWide,
  METHOD,
  type ZipMember,
  type ZipSizes,
  zipCentralHeader,
  zipDescriptor,
  zipEnd,
  zipLocalHeader,
} from './zip.ts'

/** A member with its bytes: a link's are its target, a folder's none. */
export type ZipInput = ZipMember & ({ readonly bytes: Uint8Array } | { readonly sizeBytes: number; open(): ByteSource })

/** The host's gzip writes no name: a header of ten bytes, and CRC-32 and length behind the data (RFC 1952). */
const GZIP_HEADER_BYTES = 10
const GZIP_TRAILER_BYTES = 8

/** The raw deflate in a gzip member; `tally` gets its size and the CRC-32 that the member ends with. */
async function* deflateOf(gzip: ByteSource, tally: { crc32: number; compressedBytes: number }): ByteSource {
  let toSkip = GZIP_HEADER_BYTES
  let held: Uint8Array = new Uint8Array(0)
  for await (const chunk of gzip) {
    const skipped = Math.min(toSkip, chunk.length)
    toSkip -= skipped
    const bytes = concatBytes([held, chunk.subarray(skipped)])
    const end = Math.max(0, bytes.length - GZIP_TRAILER_BYTES)
    held = bytes.slice(end)
    tally.compressedBytes += end
    if (end > 0) yield bytes.subarray(0, end)
  }
  if (held.length === GZIP_TRAILER_BYTES) tally.crc32 = new DataView(held.buffer, held.byteOffset).getUint32(0, true)
}

async function* streamed(
  input: ZipMember & { readonly sizeBytes: number; open(): ByteSource },
  tools: Pick<BuildTools, 'compress'>,
  done: (sizes: ZipSizes) => void,
): ByteSource {
  const { sizeBytes } = input
  const tally = { crc32: 0, compressedBytes: 0 }
  yield zipLocalHeader({ member: input, method: METHOD.deflated, isWide: isWide(sizeBytes) })
  yield* deflateOf(tools.compress('gzip', input.open()), tally)
  const sizes = { ...tally, sizeBytes }
  yield zipDescriptor(sizes, isWide(sizeBytes))
  done(sizes)
}

/** `inputs` may end early with a fault of their own; the archive then ends there too. */
export async function* writeZip(
  inputs: AsyncIterable<ZipInput> | Iterable<ZipInput>,
  tools: Pick<BuildTools, 'compress'>,
): ByteSource {
  const entries: CentralEntry[] = []
  let offset = 0
  for await (const input of inputs) {
    const start = offset
    if ('bytes' in input) {
      const { bytes } = input
      const sizes = { crc32: crc32(bytes), sizeBytes: bytes.length, compressedBytes: bytes.length }
      const whole = concatBytes([zipLocalHeader({ member: input, method: METHOD.stored, sizes, isWide: false }), bytes])
      offset += whole.length
      yield whole
      entries.push({ member: input, method: METHOD.stored, hasDescriptor: false, offset: start, ...sizes })
      continue
    }
    let sizes: ZipSizes | undefined
    const take = (found: ZipSizes): void => {
      sizes = found
    }
    for await (const chunk of streamed(input, tools, take)) {
      offset += chunk.length
      yield chunk
    }
    if (!sizes) throw new Error(`${input.name} was not written`)
    entries.push({ member: input, method: METHOD.deflated, hasDescriptor: true, offset: start, ...sizes })
  }
  const directory = concatBytes(entries.map(zipCentralHeader))
  yield directory
  yield zipEnd({ count: entries.length, offset, sizeBytes: directory.length })
}
