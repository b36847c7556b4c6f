// The ports of core on plain Node, for tests: zlib, node:crypto and the xz binding. Nothing here is for production,
// and no program is started: laws build thousands of packages.
import { createHash } from 'node:crypto'
import { type Duplex, Readable } from 'node:stream'
import {
  constants,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
  deflateRawSync,
  inflateRawSync,
} from 'node:zlib'
import { type BudgetHost, createBudget, packageLimits } from '@distropack/core/budget.ts'
import { collectBytes } from '@distropack/core/bytes/arrays.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type {
  BuildTools,
  ByteSink,
  Codec,
  Hash,
  HashName,
  InspectTools,
  SeekableFile,
  Spool,
} from '@distropack/core/tools.ts'
import { unheard } from '@distropack/core/warning.ts'
import { decompressBzip2 } from '@distropack/packager/host/bzip2.ts'
import { XzCompressor, XzDecompressor } from '@napi-rs/lzma'

export const hash = (name: HashName): Hash => {
  const state = createHash(name)
  return { update: (bytes) => void state.update(bytes), digest: () => new Uint8Array(state.digest()) }
}

export const digest = (name: HashName, bytes: Uint8Array): string => createHash(name).update(bytes).digest('hex')

/** The least work a level can be: what a package is compressed with is another test's subject (codecs.test.ts). */
const XZ_LEVEL = 0

async function* compressXz(source: ByteSource, level: number): ByteSource {
  const encoder = new XzCompressor({ preset: level })
  for await (const chunk of source) yield encoder.update(chunk)
  yield await encoder.finish()
}

async function* decompressXz(source: ByteSource): ByteSource {
  const decoder = new XzDecompressor()
  for await (const chunk of source) yield decoder.update(chunk)
  yield await decoder.finish()
}

async function* throughZlib(
  filter: NodeJS.ReadWriteStream & { destroy(error?: Error): unknown },
  source: ByteSource,
): ByteSource {
  const input = Readable.from(source)
  input.on('error', (error) => filter.destroy(error))
  input.pipe(filter)
  for await (const chunk of filter) yield new Uint8Array(chunk as Buffer)
}

/** All at once: a stream reads ahead, and a chunk is good only until the next is asked for. */
async function* packed(filter: Duplex, source: ByteSource): ByteSource {
  filter.end(await collectBytes(source))
  for await (const chunk of filter) yield new Uint8Array(chunk as Buffer)
}

export const compress = (codec: Codec, source: ByteSource, level?: number): ByteSource => {
  switch (codec) {
    case 'none':
      return source
    case 'gzip':
      return packed(createGzip({ level: level ?? 6 }), source)
    case 'zstd':
      return packed(createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level ?? 3 } }), source)
    case 'xz':
      return compressXz(source, level ?? XZ_LEVEL)
    case 'bzip2':
      throw new Error('bzip2 is only read, never written')
  }
}

export const decompress = (codec: Codec, source: ByteSource): ByteSource => {
  switch (codec) {
    case 'none':
      return source
    case 'gzip':
      return throughZlib(createGunzip(), source)
    case 'zstd':
      return throughZlib(createZstdDecompress(), source)
    case 'xz':
      return decompressXz(source)
    case 'bzip2':
      return decompressBzip2(source)
  }
}

export const createSpool = async (): Promise<Spool> => {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  return {
    get sizeBytes() {
      return sizeBytes
    },
    write: async (chunk) => {
      chunks.push(chunk.slice())
      sizeBytes += chunk.length
    },
    async *read() {
      yield* chunks
    },
  }
}

export const buildTools: BuildTools = { hash, digest, compress, spool: createSpool, log: () => {}, warn: unheard }
/** A budget of its own for every file that is read, as hosts give it; `inspectToolsFor` says which. */
export const inspectTools: InspectTools = {
  hash,
  decompress,
  warn: unheard,
  get budget() {
    return createBudget(packageLimits(1e6))
  },
}

export const inspectToolsFor = (sizeBytes: number, host?: BudgetHost): InspectTools => ({
  hash,
  decompress,
  warn: unheard,
  budget: createBudget(packageLimits(sizeBytes), host),
})

/** Raw deflate ended by a full flush, as IndexTools.deflate promises. */
export const deflate = (raw: Uint8Array): Uint8Array =>
  new Uint8Array(deflateRawSync(raw, { finishFlush: constants.Z_FULL_FLUSH }))

/** What pieces made by `deflate` hold; they have no final block. */
export const inflatePieces = (deflated: Uint8Array): Uint8Array =>
  new Uint8Array(inflateRawSync(Buffer.concat([deflated, Uint8Array.of(3, 0)])))

export const memorySink = (): ByteSink & { bytes(): Uint8Array } => {
  const chunks: Uint8Array[] = []
  return { write: async (chunk) => void chunks.push(chunk.slice()), bytes: () => new Uint8Array(Buffer.concat(chunks)) }
}

export const memoryFile = (bytes: Uint8Array, chunkBytes = 10_007): SeekableFile => ({
  sizeBytes: bytes.length,
  read: async (offset, length) => bytes.slice(offset, offset + length),
  async *stream(offset = 0, length = bytes.length - offset) {
    const end = Math.min(bytes.length, offset + length)
    for (let at = offset; at < end; at += chunkBytes) yield bytes.subarray(at, Math.min(end, at + chunkBytes))
  },
})
