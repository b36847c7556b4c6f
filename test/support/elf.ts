// Small ELF files for tests: a header, program headers, a loader's name, a list of libraries; nothing that runs.

export interface ElfShape {
  readonly machine: number
  readonly bits?: 32 | 64
  readonly isLittleEndian?: boolean
  /** ET_EXEC 2, ET_DYN 3, ET_REL 1 */
  readonly type?: number
  readonly interpreter?: string
  readonly needed?: readonly string[]
  /** Bytes in front of the list of libraries, as code would be. */
  readonly codeBytes?: number
}

const BASE = 0x400000

/** The list of libraries: where the names stand, each name, an end. */
const dynamicEntries = (shape: ElfShape, textsAt: number): readonly (readonly [tag: number, value: number])[] => {
  let name = 1 + (shape.interpreter ?? '').length + 1
  const names = (shape.needed ?? []).map((text) => {
    const entry = [1, name] as const
    name += text.length + 1
    return entry
  })
  return [[5, BASE + textsAt], ...names, [0, 0]]
}

export const elfFile = (shape: ElfShape): Uint8Array => {
  const { machine, bits = 64, isLittleEndian = true, type = 3, interpreter, needed = [], codeBytes = 0 } = shape
  const [width, entryBytes, headerBytes] = bits === 64 ? [8, 56, 64] : [4, 32, 52]
  const texts = Buffer.from(`\0${[interpreter ?? '', ...needed].map((text) => `${text}\0`).join('')}`, 'latin1')
  const textsAt = headerBytes + 3 * entryBytes
  const dynamicAt = textsAt + texts.length + codeBytes
  const entries = dynamicEntries(shape, textsAt)
  const bytes = new Uint8Array(dynamicAt + entries.length * 2 * width)
  const view = new DataView(bytes.buffer)
  const half = (at: number, value: number) => view.setUint16(at, value, isLittleEndian)
  const word = (at: number, value: number) => view.setUint32(at, value, isLittleEndian)
  const long = (at: number, value: number) =>
    width === 8 ? view.setBigUint64(at, BigInt(value), isLittleEndian) : word(at, value)
  const segments: (readonly [kind: number, offset: number, sizeBytes: number])[] = [[1, 0, bytes.length]]
  if (interpreter !== undefined) segments.push([3, textsAt + 1, interpreter.length + 1])
  if (needed.length > 0) segments.push([2, dynamicAt, entries.length * 2 * width])
  bytes.set([0x7f, 0x45, 0x4c, 0x46, width / 4, isLittleEndian ? 1 : 2, 1])
  half(16, type)
  half(18, machine)
  long(24 + width, headerBytes)
  half(headerBytes - 8, segments.length)
  for (const [at, [kind, offset, sizeBytes]] of segments.entries()) {
    const place = headerBytes + at * entryBytes
    word(place, kind)
    long(place + width, offset)
    long(place + 2 * width, BASE + offset)
    long(place + 4 * width, sizeBytes)
  }
  bytes.set(texts, textsAt)
  for (const [at, [tag, value]] of entries.entries()) {
    long(dynamicAt + at * 2 * width, tag)
    long(dynamicAt + at * 2 * width + width, value)
  }
  return bytes
}
