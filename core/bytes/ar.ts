// The common ar archive as dpkg reads it (deb(5)): a global header, then members at even offsets.

import type { Budget } from '../budget.ts'
import { concatBytes, fromUtf8, utf8 } from './arrays.ts'
import type { ByteReader } from './reader.ts'
import { StreamFault } from './stream-fault.ts'

export const AR_MAGIC = utf8('!<arch>\n')
const HEADER_BYTES = 60
/** The size field is ten decimal digits. */
export const AR_MAX_MEMBER_BYTES = 9_999_999_999

export interface ArMember {
  /** Up to 16 bytes of ASCII without spaces or slashes. */
  readonly name: string
  readonly sizeBytes: number
}

/** Header of a root-owned 0644 member. After its bytes comes `arPadding`. */
export const arHeader = (member: ArMember & { readonly mtimeSeconds: number }): Uint8Array => {
  if (member.name.length > 16 || member.sizeBytes > AR_MAX_MEMBER_BYTES) throw new RangeError('ar member out of range')
  const fields = [
    member.name.padEnd(16),
    String(Math.max(0, member.mtimeSeconds)).padEnd(12),
    '0'.padEnd(6),
    '0'.padEnd(6),
    '100644'.padEnd(8),
    String(member.sizeBytes).padEnd(10),
    '`\n',
  ]
  return utf8(fields.join(''))
}

export const arPadding = (sizeBytes: number): Uint8Array => (sizeBytes % 2 === 0 ? new Uint8Array(0) : utf8('\n'))

export const arMember = (name: string, bytes: Uint8Array, mtimeSeconds: number): Uint8Array =>
  concatBytes([arHeader({ name, sizeBytes: bytes.length, mtimeSeconds }), bytes, arPadding(bytes.length)])

export const readArMagic = async (reader: ByteReader): Promise<void> => {
  const magic = await reader.readUpTo(AR_MAGIC.length)
  if (fromUtf8(magic) !== '!<arch>\n') {
    throw new StreamFault('This is not a Debian package: it does not start with "!<arch>". Upload a .deb file.')
  }
}

/** The next member's header; undefined at the end of the archive. The reader stands at the member's bytes. */
export const readArHeader = async (reader: ByteReader, budget: Budget): Promise<ArMember | undefined> => {
  const header = await reader.readUpTo(HEADER_BYTES)
  if (header.length === 0) return undefined
  const text = fromUtf8(header)
  // dpkg takes a trailing slash as GNU ar writes it, and no other special name.
  const name = text.slice(0, 16).trimEnd().replace(/\/$/, '')
  const size = text.slice(48, 58).trimEnd()
  if (header.length < HEADER_BYTES || text.slice(58) !== '`\n' || !/^\d{1,10}$/.test(size) || name === '') {
    throw new StreamFault('The ar archive has a broken member header. Build or upload the file again.')
  }
  budget.entry(name)
  return { name, sizeBytes: Number(size) }
}
