// Reads a zip archive's directory and its small members. Every byte of it may be hostile.
import type { Budget } from '../budget.ts'
import type { SeekableFile } from '../tools.ts'
import { concatBytes, fromUtf8 } from './arrays.ts'
import { crc32 } from './crc32.ts'
import { inflateRaw, NeedMoreInput } from './inflate.ts'
import { StreamFault } from './stream-fault.ts'
import { EXTRA, FLAG, HUGE, MANY, METHOD, SIGNATURE, TYPE_MASK, TYPE_OF, type ZipDirectory } from './zip.ts'

export interface ReadZipMember {
  /** Never has a `..` segment. */
  readonly name: string
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly sizeBytes: number
  readonly compressedBytes: number
  readonly crc32: number
  readonly method: number
  readonly offset: number
}

const END_BYTES = 22
const LOCATOR_BYTES = 20
const END64_BYTES = 56
const MAX_COMMENT_BYTES = 0xffff
/** 250,000 members with names of 100 bytes, and what Info-ZIP adds to each. */
const MAX_DIRECTORY_BYTES = 48 * 1024 * 1024
const CENTRAL_BYTES = 46
const LOCAL_BYTES = 30

const broken = (what: string) => new StreamFault(`The zip archive ${what}. Build or upload the file again.`)

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

const wideNumber = (view: DataView, at: number): number => {
  if (at + 8 > view.byteLength) throw broken('has a zip64 field that is cut off')
  const value = view.getBigUint64(at, true)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw broken('has an impossible size')
  return Number(value)
}

const readExactly = async (file: SeekableFile, offset: number, sizeBytes: number): Promise<Uint8Array> => {
  if (offset < 0 || offset + sizeBytes > file.sizeBytes) throw broken('points outside of itself')
  const bytes = await file.read(offset, sizeBytes)
  if (bytes.length < sizeBytes) throw broken('is cut off')
  return bytes
}

const findDirectory = async (file: SeekableFile): Promise<ZipDirectory> => {
  const tailBytes = Math.min(file.sizeBytes, END_BYTES + MAX_COMMENT_BYTES)
  const tailOffset = file.sizeBytes - tailBytes
  const tail = await readExactly(file, tailOffset, tailBytes)
  const view = viewOf(tail)
  let at = tail.length - END_BYTES
  while (at >= 0 && view.getUint32(at, true) !== SIGNATURE.end) at--
  if (at < 0) throw broken('has no end')
  const [count, sizeBytes, offset] = [
    view.getUint16(at + 10, true),
    view.getUint32(at + 12, true),
    view.getUint32(at + 16, true),
  ]
  if (count < MANY && sizeBytes < HUGE && offset < HUGE) return { count, sizeBytes, offset }
  const locator = viewOf(await readExactly(file, tailOffset + at - LOCATOR_BYTES, LOCATOR_BYTES))
  if (locator.getUint32(0, true) !== SIGNATURE.locator64) throw broken('has no zip64 locator')
  const end64 = viewOf(await readExactly(file, wideNumber(locator, 8), END64_BYTES))
  if (end64.getUint32(0, true) !== SIGNATURE.end64) throw broken('has no zip64 end')
  return { count: wideNumber(end64, 32), sizeBytes: wideNumber(end64, 40), offset: wideNumber(end64, 48) }
}

/** Numbers that did not fit stand in the zip64 field, in this order, and only those. */
const widen = (extra: Uint8Array, narrow: readonly number[]): readonly number[] => {
  if (!narrow.includes(HUGE)) return narrow
  const view = viewOf(extra)
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== EXTRA.zip64) continue
    let next = at + 4
    return narrow.map((value) => {
      if (value !== HUGE) return value
      next += 8
      return wideNumber(view, next - 8)
    })
  }
  throw broken('lacks a zip64 field')
}

const memberAt = (bytes: Uint8Array, at: number): { readonly member: ReadZipMember; readonly end: number } => {
  if (at + CENTRAL_BYTES > bytes.length) throw broken('has a cut directory')
  const view = viewOf(bytes.subarray(at))
  if (view.getUint32(0, true) !== SIGNATURE.central) throw broken('has a broken directory')
  if (view.getUint16(8, true) & FLAG.encrypted) throw broken('is encrypted')
  const nameEnd = at + CENTRAL_BYTES + view.getUint16(28, true)
  const extraEnd = nameEnd + view.getUint16(30, true)
  const end = extraEnd + view.getUint16(32, true)
  if (end > bytes.length) throw broken('has a cut directory')
  const name = fromUtf8(bytes.subarray(at + CENTRAL_BYTES, nameEnd))
  if (name.split('/').includes('..')) throw broken('holds a path that leaves its folder')
  const narrow = [view.getUint32(24, true), view.getUint32(20, true), view.getUint32(42, true)]
  const [sizeBytes = 0, compressedBytes = 0, offset = 0] = widen(bytes.subarray(nameEnd, extraEnd), narrow)
  const type = TYPE_OF.get((view.getUint32(38, true) >>> 16) & TYPE_MASK)
  const kind = name.endsWith('/') ? 'directory' : (type ?? 'file')
  const member = { name, kind, sizeBytes, compressedBytes, offset, crc32: view.getUint32(16, true) }
  return { member: { ...member, method: view.getUint16(10, true) }, end }
}

export const readZipDirectory = async (file: SeekableFile, budget: Budget): Promise<readonly ReadZipMember[]> => {
  const { count, offset, sizeBytes } = await findDirectory(file)
  if (sizeBytes > MAX_DIRECTORY_BYTES || count * CENTRAL_BYTES > sizeBytes) throw broken('has an impossible directory')
  const bytes = await readExactly(file, offset, sizeBytes)
  const members: ReadZipMember[] = []
  let at = 0
  while (members.length < count) {
    const { member, end } = memberAt(bytes, at)
    budget.entry(member.name)
    members.push(member)
    at = end
  }
  return members
}

/** A member known to be small, checked against its CRC-32. */
export const readZipMember = async (
  file: SeekableFile,
  member: ReadZipMember,
  { maxBytes, budget }: { readonly maxBytes: number; readonly budget: Budget },
): Promise<Uint8Array> => {
  budget.unpack(member.sizeBytes, member.name)
  if (member.sizeBytes > maxBytes || member.compressedBytes > maxBytes) throw broken(`has too much in ${member.name}`)
  const head = viewOf(await readExactly(file, member.offset, LOCAL_BYTES))
  if (head.getUint32(0, true) !== SIGNATURE.local) throw broken('has a broken member')
  const start = member.offset + LOCAL_BYTES + head.getUint16(26, true) + head.getUint16(28, true)
  const data = await readExactly(file, start, member.compressedBytes)
  const bytes = member.method === METHOD.stored ? data : inflate(data, member, maxBytes)
  if (bytes.length !== member.sizeBytes || crc32(bytes) !== member.crc32) throw broken('does not match its checksums')
  return bytes
}

const inflate = (data: Uint8Array, { method }: ReadZipMember, maxBytes: number): Uint8Array => {
  if (method !== METHOD.deflated) throw broken('is compressed in a way this platform does not read')
  try {
    return concatBytes([inflateRaw(data, 0, maxBytes).bytes])
  } catch (error) {
    if (error instanceof NeedMoreInput) throw broken('is cut off')
    throw error
  }
}
