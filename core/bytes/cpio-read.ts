// Reads a cpio archive as rpm's payloads are (cpio(5), newc and its form with checksums; rpm's lib/cpio.cc for stripped
// headers), a stranger's too: one pass, within a budget, holding one chunk.
import type { Budget } from '../budget.ts'
import type { ByteSource } from '../model/spec.ts'
import { fromUtf8 } from './arrays.ts'
import { type ByteReader, createReader } from './reader.ts'
import { StreamFault } from './stream-fault.ts'

const MAGIC_BYTES = 6
const NEWC = /^07070[12]$/
const STRIPPED = '07070X'
/** Behind the magic: thirteen fields of eight hex digits, of which the seventh is the size and the twelfth the name's. */
const FIELDS_BYTES = 13 * 8
const END = 'TRAILER!!!'
/** With the NUL at its end; Linux's paths end at 4,096. */
const MAX_NAME_BYTES = 4200

/** What a stripped header leaves out; undefined for a number the package does not list. */
export type StatedFile = (index: number) => { readonly name: string; readonly sizeBytes: number } | undefined

export interface ReadCpioMember {
  /** As it stands there: `./usr/bin/tool`. */
  readonly name: string
  readonly sizeBytes: number
  /** To be read before the next member is asked for; what is left of it is skipped. */
  readonly body: ByteSource
}

const broken = (what: string): StreamFault => new StreamFault(`The payload's cpio archive has ${what}. Build it again.`)

const hexAt = (text: string, field: number): number => {
  const digits = text.slice(field * 8, field * 8 + 8)
  if (!/^[0-9a-fA-F]{8}$/.test(digits)) throw broken('a broken member header')
  return Number.parseInt(digits, 16)
}

const skipPadding = async (reader: ByteReader): Promise<void> => {
  await reader.readUpTo((4 - (reader.position % 4)) % 4)
}

interface Head {
  readonly name: string
  readonly sizeBytes: number
}

const readStripped = async (reader: ByteReader, stated: StatedFile): Promise<Head> => {
  const index = hexAt(fromUtf8(await reader.readExactly(8, 'a cpio header')), 0)
  const file = stated(index)
  if (!file) throw broken('a file that the header does not list')
  return file
}

const readNewc = async (reader: ByteReader): Promise<Head> => {
  const fields = fromUtf8(await reader.readExactly(FIELDS_BYTES, 'a cpio header'))
  const nameBytes = hexAt(fields, 11)
  if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES) throw broken('a name of an impossible length')
  const name = fromUtf8(await reader.readExactly(nameBytes, 'a name in the cpio archive')).replace(/\0.*$/s, '')
  return { name, sizeBytes: hexAt(fields, 6) }
}

/** Ends at the trailer; the archive may also just end between two members. */
export async function* readCpio(
  source: ByteSource,
  budget: Budget,
  stated: StatedFile = () => undefined,
): AsyncGenerator<ReadCpioMember> {
  const reader = createReader(source)
  for (;;) {
    const magic = fromUtf8(await reader.readUpTo(MAGIC_BYTES))
    if (magic === '') return
    const isStripped = magic === STRIPPED
    if (!isStripped && !NEWC.test(magic)) throw broken('something else where a member should begin')
    const { name, sizeBytes } = await (isStripped ? readStripped(reader, stated) : readNewc(reader))
    await skipPadding(reader)
    budget.path(name)
    if (!isStripped && name === END) break
    const part = reader.part(sizeBytes, `${JSON.stringify(name.slice(0, 80))} in the cpio archive`)
    yield { name, sizeBytes, body: part.source }
    await part.finish()
    await skipPadding(reader)
  }
  await reader.drain()
}
