// Compression by Node's zlib and the xz binding, bzip2 by our own reader. The same bytes in give the same bytes out, however
// they arrive, on one version of Node and one kind of processor.
import * as zlib from 'node:zlib'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type { Codec } from '@distropack/core/tools.ts'
import { decompressBzip2 } from './bzip2.ts'
import { compressGzip } from './gzip.ts'
import { compressByProgram, decompressByProgram } from './machine-codecs.ts'
import { openRooms } from './rooms.ts'
import { piecewise, through } from './streams.ts'
import { wholeZstdFrames } from './zstd-frames.ts'

const { constants } = zlib

const CHUNK_BYTES = 256 * 1024
/** zstd cuts its blocks where its input was cut: pieces of one size, or a network's rhythm ends up in the bytes. */
const INPUT_BYTES = 1024 * 1024
/** Of two builds at once, each with a piece that is compressed and one that is filled. */
const inputRooms = openRooms(INPUT_BYTES, 4)
const DEFAULT_ZSTD_LEVEL = 3
const DEFAULT_XZ_LEVEL = 6

const inRange = (codec: Codec, level: number, low: number, high: number): number => {
  if (Number.isInteger(level) && level >= low && level <= high) return level
  throw new Error(`${codec} has levels ${low} to ${high}, not ${level}`)
}

/**
 * One frame, since dpkg-deb reads no second one. No ZSTD_c_nbWorkers: Node 24's stream takes "output buffer not
 * full" for "all input taken", which is untrue with workers, and the frame ends early.
 */
const compressZstd = (source: ByteSource, level = DEFAULT_ZSTD_LEVEL): ByteSource => {
  const params = {
    [constants.ZSTD_c_compressionLevel]: inRange('zstd', level, 1, 22),
    [constants.ZSTD_c_checksumFlag]: 1,
  }
  if (!zlib.createZstdCompress) return compressByProgram('zstd', source, level)
  return piecewise(source, zlib.createZstdCompress({ chunkSize: CHUNK_BYTES, params }), inputRooms)
}

const decompressZstd = (source: ByteSource): ByteSource =>
  zlib.createZstdDecompress
    ? through(wholeZstdFrames(source), zlib.createZstdDecompress({ chunkSize: CHUNK_BYTES }))
    : decompressByProgram('zstd', source)

/** Loaded when something is xz, and where npm could install its binding. */
const loadXz = async () => {
  try {
    const [{ compressXz }, { decompressXz }] = await Promise.all([import('./xz.ts'), import('./xz-read.ts')])
    return { compressXz, decompressXz }
  } catch {
    return undefined
  }
}

async function* compressXz(source: ByteSource, level = DEFAULT_XZ_LEVEL): ByteSource {
  inRange('xz', level, 0, 9)
  const xz = await loadXz()
  yield* xz ? xz.compressXz(source, level) : compressByProgram('xz', source, level)
}

async function* decompressXz(source: ByteSource): ByteSource {
  const xz = await loadXz()
  yield* xz ? xz.decompressXz(source) : decompressByProgram('xz', source)
}

export const compress = (codec: Codec, source: ByteSource, level?: number): ByteSource => {
  switch (codec) {
    case 'none':
      return source
    case 'gzip':
      return compressGzip(source, level === undefined ? level : inRange('gzip', level, 1, 9))
    case 'zstd':
      return compressZstd(source, level)
    case 'xz':
      return compressXz(source, level)
    case 'bzip2':
      throw new Error('bzip2 is only read, never written')
  }
}

export const decompress = (codec: Codec, source: ByteSource): ByteSource => {
  switch (codec) {
    case 'none':
      return source
    case 'gzip':
      return through(source, zlib.createGunzip({ chunkSize: CHUNK_BYTES }))
    case 'zstd':
      return decompressZstd(source)
    case 'xz':
      return decompressXz(source)
    case 'bzip2':
      return decompressBzip2(source)
  }
}
