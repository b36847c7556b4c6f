// Tar members as bytes. Deterministic: no clock, no user ids, records sorted. The caller streams the bodies.
import { concatBytes, utf8 } from './arrays.ts'
import type { MemberWriter } from './member-writer.ts'
import { paxRecord } from './pax.ts'
import {
  encodeHeader,
  isNameTooLong,
  type RawHeader,
  TAR_BLOCK_BYTES,
  TAR_FLAG,
  TAR_NAME_BYTES,
  type TarDialect,
} from './tar-header.ts'

export interface TarMember {
  /** As it stands in the archive: `./usr/bin/hello`, `./usr/bin/` for a directory. */
  readonly name: string
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly linkName?: string
  readonly mode: number
  /** Of a file's body; absent for others. */
  readonly sizeBytes?: number
  readonly mtimeSeconds: number
  readonly owner: string
  readonly group: string
  /** Extra pax records (`APK-TOOLS.checksum.SHA1`); only in the pax dialect. */
  readonly records?: Readonly<Record<string, string>>
}

/** Two zero blocks, the end of every archive that is not cut for joining. */
export const TAR_END = new Uint8Array(2 * TAR_BLOCK_BYTES)

/** How many zeros stand after a body up to the next block. */
export const tarPaddingBytes = (sizeBytes: number): number =>
  (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES

export const tarPadding = (sizeBytes: number): Uint8Array => new Uint8Array(tarPaddingBytes(sizeBytes))

const isAscii = (bytes: Uint8Array): boolean => {
  for (const byte of bytes) if (byte >= 0x80) return false
  return true
}

/** A header whose body is text about the next member. */
const aboutNext = (name: string, flag: string, body: Uint8Array, dialect: TarDialect): Uint8Array => {
  const header: RawHeader = {
    name: utf8(name),
    linkName: new Uint8Array(0),
    flag,
    mode: 0o644,
    sizeBytes: body.length,
    mtimeSeconds: 0,
    owner: 'root',
    group: 'root',
  }
  return concatBytes([encodeHeader(header, dialect), body, tarPadding(body.length)])
}

const gnuExtras = (name: Uint8Array, linkName: Uint8Array): readonly Uint8Array[] => {
  const zero = new Uint8Array(1)
  const extras: Uint8Array[] = []
  if (linkName.length > TAR_NAME_BYTES) {
    extras.push(aboutNext('././@LongLink', TAR_FLAG.gnuLongLink, concatBytes([linkName, zero]), 'gnu'))
  }
  if (name.length > TAR_NAME_BYTES) {
    extras.push(aboutNext('././@LongLink', TAR_FLAG.gnuLongName, concatBytes([name, zero]), 'gnu'))
  }
  return extras
}

const paxExtras = (member: TarMember, name: Uint8Array, linkName: Uint8Array): readonly Uint8Array[] => {
  const records: Record<string, string> = { ...member.records }
  if (isNameTooLong(name, 'pax') || !isAscii(name)) records.path = member.name
  if (linkName.length > TAR_NAME_BYTES || !isAscii(linkName)) records.linkpath = member.linkName ?? ''
  const body = concatBytes(
    Object.keys(records)
      .sort()
      .map((key) => paxRecord(key, records[key]!)),
  )
  return body.length > 0 ? [aboutNext('PaxHeaders/entry', TAR_FLAG.paxHeader, body, 'pax')] : []
}

const NOTHING = new Uint8Array(0)

const plan = (member: TarMember, dialect: TarDialect) => {
  const name = utf8(member.name)
  const linkName = member.linkName === undefined ? NOTHING : utf8(member.linkName)
  const header: RawHeader = {
    name,
    linkName,
    flag: TAR_FLAG[member.kind],
    mode: member.mode,
    sizeBytes: member.sizeBytes ?? 0,
    mtimeSeconds: member.mtimeSeconds,
    owner: member.owner,
    group: member.group,
  }
  return { header, extras: dialect === 'gnu' ? gnuExtras(name, linkName) : paxExtras(member, name, linkName) }
}

/** Everything that stands before a member's body: extra headers where the plain one is too narrow, then it. */
export const tarHeader = (member: TarMember, dialect: TarDialect): Uint8Array => {
  const { header, extras } = plan(member, dialect)
  return concatBytes([...extras, encodeHeader(header, dialect)])
}

/** The same, among many members. */
export const putTarHeader = (out: MemberWriter, member: TarMember, dialect: TarDialect): void => {
  const { header, extras } = plan(member, dialect)
  for (const extra of extras) out.put(extra)
  encodeHeader(header, dialect, out.space(TAR_BLOCK_BYTES))
}

/** A whole small member. */
export const tarFile = (
  member: Omit<TarMember, 'kind' | 'sizeBytes'>,
  body: Uint8Array,
  dialect: TarDialect,
): Uint8Array =>
  concatBytes([tarHeader({ ...member, kind: 'file', sizeBytes: body.length }, dialect), body, tarPadding(body.length)])
