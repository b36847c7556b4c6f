// Reads a tar stream member by member: ustar, pax, GNU long names. Every byte of it may be hostile.
import type { Budget } from '../budget.ts'
import type { ByteSource } from '../model/spec.ts'
import { fromUtf8 } from './arrays.ts'
import { parsePax } from './pax.ts'
import { type ByteReader, createReader } from './reader.ts'
import { StreamFault } from './stream-fault.ts'
import { decodeHeader, isZeroBlock, type RawHeader, TAR_BLOCK_BYTES, TAR_FLAG, type TarKind } from './tar-header.ts'

/** Long names and pax headers; a path is at most 4,096 bytes on Linux, extended attributes rarely more than 64 KiB. */
const MAX_EXTRA_BYTES = 1024 * 1024

export interface ReadMember {
  /** As in the archive, `./` and a trailing slash included. Never has a `..` segment. */
  readonly name: string
  readonly kind: TarKind
  readonly linkName: string
  readonly mode: number
  readonly sizeBytes: number
  readonly mtimeSeconds: number
  readonly owner: string
  readonly group: string
  readonly records: ReadonlyMap<string, string>
  /** To be read, or left, before the next member is asked for. */
  readonly body: ByteSource
}

interface Extras {
  name?: string
  linkName?: string
  records: ReadonlyMap<string, string>
}

const KINDS: Readonly<Record<string, TarKind>> = {
  [TAR_FLAG.file]: 'file',
  '\0': 'file',
  // "Contiguous file": an ordinary one on every system of today (pax(1)).
  '7': 'file',
  [TAR_FLAG.hardlink]: 'hardlink',
  [TAR_FLAG.symlink]: 'symlink',
  [TAR_FLAG.directory]: 'directory',
}

const paddingOf = (sizeBytes: number): number => (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES

const readExtra = async (reader: ByteReader, sizeBytes: number): Promise<Uint8Array> => {
  if (sizeBytes > MAX_EXTRA_BYTES) throw new StreamFault('A tar header names a path longer than 1 MiB.')
  const body = await reader.readExactly(sizeBytes + paddingOf(sizeBytes), 'a tar header')
  return body.subarray(0, sizeBytes)
}

const textBeforeZero = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0)
  return fromUtf8(end === -1 ? bytes : bytes.subarray(0, end))
}

/** Takes a header that speaks of the next member into `extras`; false when it is a member itself. */
const takeExtra = async (reader: ByteReader, header: RawHeader, extras: Extras): Promise<boolean> => {
  switch (header.flag) {
    case TAR_FLAG.gnuLongName:
      extras.name = textBeforeZero(await readExtra(reader, header.sizeBytes))
      return true
    case TAR_FLAG.gnuLongLink:
      extras.linkName = textBeforeZero(await readExtra(reader, header.sizeBytes))
      return true
    case TAR_FLAG.paxHeader:
      extras.records = parsePax(await readExtra(reader, header.sizeBytes))
      return true
    case TAR_FLAG.paxGlobal:
      await readExtra(reader, header.sizeBytes)
      return true
    default:
      return false
  }
}

const paxSize = (text: string): number => {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new StreamFault('A pax header has an unreadable size. Build or upload the file again.')
}

/** Links, folders and devices have none, whatever old writers say in their size field. Unknown kinds may. */
const hasBody = (kind: TarKind, flag: string): boolean =>
  kind === 'file' || (kind === 'other' && !['3', '4', '6'].includes(flag))

const memberOf = (header: RawHeader, extras: Extras): Omit<ReadMember, 'body'> => {
  const { records } = extras
  const name = records.get('path') ?? extras.name ?? fromUtf8(header.name)
  if (name.split('/').includes('..')) {
    throw new StreamFault(`The archive holds the path "${name.slice(0, 200)}", which leaves its folder. Rebuild it.`)
  }
  const kind = KINDS[header.flag] ?? 'other'
  const stated = records.get('size')
  const size = stated === undefined ? header.sizeBytes : paxSize(stated)
  return {
    name,
    // Before POSIX.1-1988 a directory was a file whose name ends in a slash.
    kind: kind === 'file' && name.endsWith('/') ? 'directory' : kind,
    linkName: records.get('linkpath') ?? extras.linkName ?? fromUtf8(header.linkName),
    mode: header.mode,
    sizeBytes: hasBody(kind, header.flag) ? size : 0,
    mtimeSeconds: header.mtimeSeconds,
    owner: records.get('uname') ?? header.owner,
    group: records.get('gname') ?? header.group,
    records,
  }
}

/**
 * Names and links are counted in the budget; the bytes are their decompressor's business. `cut`: the archive may end
 * without its zero blocks, as apk's signature and control parts do.
 */
export async function* readTar(
  source: ByteSource,
  budget: Budget,
  options: { readonly cut?: boolean } = {},
): AsyncGenerator<ReadMember> {
  const reader = createReader(source)
  let extras: Extras = { records: new Map() }
  for (;;) {
    const block = await reader.readUpTo(TAR_BLOCK_BYTES)
    if (block.length === 0 && options.cut) return
    if (block.length < TAR_BLOCK_BYTES) {
      throw new StreamFault('The tar archive is cut off. Build or upload the file again.')
    }
    if (isZeroBlock(block)) break
    const header = decodeHeader(block)
    if (await takeExtra(reader, header, extras)) continue
    const member = memberOf(header, extras)
    extras = { records: new Map() }
    budget.entry(member.name)
    budget.path(member.linkName)
    const body = reader.part(member.sizeBytes, `"${member.name.slice(0, 200)}"`)
    yield { ...member, body: body.source }
    await body.finish()
    await reader.readExactly(paddingOf(member.sizeBytes), 'a tar member')
  }
  await reader.drain()
}
