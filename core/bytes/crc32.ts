// CRC-32 as gzip has it (RFC 1952, polynomial 0xedb88320), and its combination for joined pieces: the register
// after a run of zero bytes is a linear map of the register before, so a matrix power replaces the bytes.

const POLYNOMIAL = 0xedb88320

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

/** Unsigned. `crc` is the value so far. */
export const crc32 = (bytes: Uint8Array, crc = 0): number => {
  let value = ~crc
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8)
  return ~value >>> 0
}

/** A linear map of 32 bits: the image of each single bit. */
type Matrix = Uint32Array

const apply = (matrix: Matrix, vector: number): number => {
  let sum = 0
  let rest = vector
  for (let at = 0; rest !== 0; at++, rest >>>= 1) if (rest & 1) sum ^= matrix[at]!
  return sum >>> 0
}

const square = (matrix: Matrix): Matrix => matrix.map((column) => apply(matrix, column))

/** One zero bit. */
const ONE_BIT: Matrix = Uint32Array.from({ length: 32 }, (_, at) => (at === 0 ? POLYNOMIAL : 2 ** (at - 1)))
/** Of 2^n zero bytes, at n; made when first wanted. One byte is eight bits. */
const ZERO_BYTES: Matrix[] = [square(square(square(ONE_BIT)))]

const zeroBytes = (power: number): Matrix => {
  ZERO_BYTES[power] ??= square(zeroBytes(power - 1))
  return ZERO_BYTES[power]
}

/** CRC of A followed by B, from theirs and B's length: O(log length). */
export const combineCrc32 = (crcA: number, crcB: number, lengthB: number): number => {
  let value = crcA
  for (let power = 0, rest = lengthB; rest > 0; power++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) value = apply(zeroBytes(power), value)
  }
  return (value ^ crcB) >>> 0
}
