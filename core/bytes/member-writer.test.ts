import { expect, it } from 'vitest'
import type { ByteSource } from '../model/spec.ts'
import { concatBytes, sourceOf, utf8 } from './arrays.ts'
import { type MemberWriter, readExactly, readFile, writeMembers } from './member-writer.ts'

const KIB = 1024
const END = utf8('end')

/** What arrives, chunk by chunk, as a reader sees it that copies each before it asks for the next. */
const chunksOf = async (source: ByteSource): Promise<readonly Uint8Array[]> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk.slice())
  return chunks
}

it('lays small members side by side, so that many of them are few chunks', async () => {
  const members = Array.from({ length: 20_000 }, (_, at) => utf8(`member ${at}\n`.padEnd(200, '.')))
  const put = (bytes: Uint8Array, out: MemberWriter) => {
    out.put(bytes)
    out.zeros(56)
    return undefined
  }
  const chunks = await chunksOf(writeMembers(members, put, END))
  expect(chunks.length).toBeLessThanOrEqual(20)
  const wanted = concatBytes([...members.flatMap((each) => [each, new Uint8Array(56)]), END])
  expect(Buffer.compare(concatBytes(chunks), wanted)).toBe(0)
})

it('holds no more than a chunk and one member, and uses its memory again', async () => {
  const memory = new Set<ArrayBufferLike>()
  const put = (_: number, out: MemberWriter) => {
    out.space(512).fill(7)
    out.zeros(512)
    return undefined
  }
  let isMixed = false
  for await (const chunk of writeMembers(Array(10_000).keys(), put, new Uint8Array(0))) {
    memory.add(chunk.buffer)
    expect(chunk.length).toBeLessThanOrEqual(512 * KIB)
    for (let at = 0; at < chunk.length; at += 1024) isMixed ||= chunk[at] !== 7 || chunk[at + 512] !== 0
  }
  expect(isMixed).toBe(false)
  expect(memory.size).toBe(1)
})

it('keeps the order of what is at hand, what is waited for and what comes as a stream', async () => {
  const put = (kind: string, out: MemberWriter) => {
    out.put(utf8(`<${kind}>`))
    const late = () => out.put(utf8(`late ${kind}`))
    if (kind === 'wait') return Promise.resolve().then(late)
    if (kind !== 'stream') return undefined
    return (async function* () {
      yield utf8('streamed')
      late()
    })()
  }
  const kinds = ['wait', 'stream', 'plain', 'stream', 'wait']
  const text = new TextDecoder().decode(concatBytes(await chunksOf(writeMembers(kinds, put, END))))
  expect(text).toBe('<wait>late wait<stream>streamedlate stream<plain><stream>streamedlate stream<wait>late waitend')
})

it('takes a body and headers that are larger than its room', async () => {
  const large = new Uint8Array(700 * KIB).fill(1)
  const put = (bytes: Uint8Array, out: MemberWriter) => {
    out.put(utf8('head'))
    out.put(bytes)
    out.space(600 * KIB).fill(2)
    return undefined
  }
  const bytes = concatBytes(await chunksOf(writeMembers([large, large], put, END)))
  const once = concatBytes([utf8('head'), large, new Uint8Array(600 * KIB).fill(2)])
  expect(Buffer.compare(bytes, concatBytes([once, once, END]))).toBe(0)
})

it('refuses a file that has more or fewer bytes than it was listed with, however it is read', async () => {
  for (const found of ['longer', '']) {
    const bytes = utf8(found)
    const file = (whole: () => Uint8Array | Promise<Uint8Array>) => ({
      path: '/opt/x',
      source: { sizeBytes: 3, open: () => sourceOf(bytes), whole },
    })
    const seen: unknown[] = []
    const read = (whole: () => Uint8Array | Promise<Uint8Array>) =>
      readFile(
        file(whole),
        (each) => void seen.push(each),
        () => undefined,
      )
    const wanted = { code: 'source_changed' }
    expect(() => read(() => bytes)).toThrow('The file for /opt/x changed')
    await expect(read(async () => bytes)).rejects.toMatchObject(wanted)
    await expect(chunksOf(readExactly(file(() => bytes)))).rejects.toMatchObject(wanted)
    expect(seen).toEqual([])
  }
})
