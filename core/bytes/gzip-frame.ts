// The frame of a gzip member (RFC 1952) around deflate pieces made elsewhere. No name, no time: repeatable.

/** Magic, method deflate, no flags, time 0, no extra flags, system "unknown". */
export const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)

/** A final deflate block with fixed codes and no bytes: ends a stream of flushed pieces. */
export const DEFLATE_END = Uint8Array.of(0x03, 0x00)

/** CRC-32 and length modulo 2^32 of the inflated bytes, little-endian. */
export const gzipTrailer = (crc32: number, rawBytes: number): Uint8Array => {
  const trailer = new Uint8Array(8)
  const view = new DataView(trailer.buffer)
  view.setUint32(0, crc32, true)
  view.setUint32(4, rawBytes % 2 ** 32, true)
  return trailer
}
