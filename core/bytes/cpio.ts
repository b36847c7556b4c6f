// cpio archives as rpm packs them: the "new ASCII" format (cpio(5), newc), whose sizes end at 4 GiB, and rpm's own
// stripped headers (rpm's lib/cpio.cc), which name a file by its number in the package and have no size at all.

import { concatBytes, utf8 } from './arrays.ts'

/** Eight hex digits. */
export const CPIO_MAX_FILE_BYTES = 0xffffffff

export interface CpioMember {
  readonly name: string
  readonly inode: number
  /** With the bits of the file's type. */
  readonly mode: number
  readonly mtimeSeconds: number
  readonly sizeBytes: number
}

/** How many zeros there are up to a multiple of four bytes. */
export const cpioPaddingBytes = (sizeBytes: number): number => (4 - (sizeBytes % 4)) % 4

export const cpioPadding = (sizeBytes: number): Uint8Array => new Uint8Array(cpioPaddingBytes(sizeBytes))

const HEADER_BYTES = 110

const hex = (value: number): string => value.toString(16).padStart(8, '0')
const ZERO = hex(0)
const ONE_LINK = hex(1)

/** Owned by root, one link, on no device. After it come the member's bytes, and `cpioPadding` of their size. */
export const cpioHeader = ({ name, inode, mode, mtimeSeconds, sizeBytes }: CpioMember): Uint8Array => {
  if (sizeBytes > CPIO_MAX_FILE_BYTES) throw new RangeError('cpio member out of range')
  const nameBytes = utf8(name)
  const lengthBytes = HEADER_BYTES + nameBytes.length + 1
  const header = new Uint8Array(lengthBytes + cpioPaddingBytes(lengthBytes))
  const start = `070701${hex(inode)}${hex(mode)}${ZERO}${ZERO}${ONE_LINK}${hex(mtimeSeconds)}${hex(sizeBytes)}`
  header.set(utf8(`${start}${ZERO}${ZERO}${ZERO}${ZERO}${hex(nameBytes.length + 1)}${ZERO}`))
  header.set(nameBytes, HEADER_BYTES)
  return header
}

export const cpioStrippedHeader = (fileIndex: number): Uint8Array => {
  const header = utf8(`07070X${hex(fileIndex)}`)
  return concatBytes([header, new Uint8Array(cpioPaddingBytes(header.length))])
}

export const CPIO_END = cpioHeader({ name: 'TRAILER!!!', inode: 0, mode: 0, mtimeSeconds: 0, sizeBytes: 0 })
