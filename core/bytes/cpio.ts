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

/** Zeros up to a multiple of four bytes. */
export const cpioPadding = (sizeBytes: number): Uint8Array => new Uint8Array((4 - (sizeBytes % 4)) % 4)

const hex = (value: number): string => value.toString(16).padStart(8, '0')

/** Owned by root, one link, on no device. After it come the member's bytes and `cpioPadding` of their size. */
export const cpioHeader = ({ name, inode, mode, mtimeSeconds, sizeBytes }: CpioMember): Uint8Array => {
  if (sizeBytes > CPIO_MAX_FILE_BYTES) throw new RangeError('cpio member out of range')
  const nameBytes = utf8(`${name}\0`)
  const links = 1
  const fields = [inode, mode, 0, 0, links, mtimeSeconds, sizeBytes, 0, 0, 0, 0, nameBytes.length, 0]
  const header = concatBytes([utf8(`070701${fields.map(hex).join('')}`), nameBytes])
  return concatBytes([header, cpioPadding(header.length)])
}

export const cpioStrippedHeader = (fileIndex: number): Uint8Array => {
  const header = utf8(`07070X${hex(fileIndex)}`)
  return concatBytes([header, cpioPadding(header.length)])
}

export const CPIO_END = cpioHeader({ name: 'TRAILER!!!', inode: 0, mode: 0, mtimeSeconds: 0, sizeBytes: 0 })
