// Against the bzip2 program, which nobody here wrote.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { requirePrograms } from '../../../test/support/required-programs.ts'
import { decompressBzip2 } from './bzip2.ts'

const pack = (bytes: Uint8Array, level = 9): Buffer =>
  execFileSync('bzip2', [`-${level}`, '-c'], { input: bytes, maxBuffer: 1 << 28 })

async function* inPieces(bytes: Uint8Array, sizeBytes: number) {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield new Uint8Array(bytes.subarray(at, at + sizeBytes))
}

const unpack = async (packed: Uint8Array, sizeBytes = 65_536): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of decompressBzip2(inPieces(packed, sizeBytes))) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const text = (lines: number): Buffer =>
  Buffer.from(Array.from({ length: lines }, (_, line) => `line ${line * 7919} of a file\n`).join(''))

beforeAll(() => {
  requirePrograms('bzip2')
})

describe('bzip2', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('x')],
    ['text over several blocks', text(100_000)],
    ['noise', randomBytes(1_000_000)],
    ['runs of every length', Buffer.concat(Array.from({ length: 600 }, (_, at) => Buffer.alloc(at, at % 3)))],
    ['one long run', Buffer.alloc(20_000_000, 7)],
    ['every byte', Buffer.from(Uint8Array.from({ length: 4096 }, (_, at) => at & 0xff))],
  ])('gives back %s, at the smallest and the largest block size', async (_, bytes) => {
    for (const level of [1, 9]) expect((await unpack(pack(bytes, level))).equals(bytes)).toBe(true)
  })

  it('does not care how its bytes arrive', async () => {
    const bytes = text(2_000)
    for (const size of [1, 7, 1_000]) expect((await unpack(pack(bytes), size)).equals(bytes)).toBe(true)
  })

  it('reads streams behind one another as one', async () => {
    const joined = Buffer.concat([pack(Buffer.from('one ')), pack(Buffer.alloc(0)), pack(Buffer.from('two'))])
    expect((await unpack(joined)).toString()).toBe('one two')
  })

  it('refuses what is cut short, changed anywhere, or no bzip2', async () => {
    const packed = pack(text(50))
    for (const length of [0, 3, 10, packed.length - 1]) {
      await expect(unpack(packed.subarray(0, length))).rejects.toThrow(/bzip2 data is damaged/)
    }
    for (let at = 0; at < packed.length; at += 3) {
      const changed = Buffer.from(packed)
      changed[at]! ^= 0x10
      await expect(unpack(changed)).rejects.toThrow(/bzip2/)
    }
    await expect(unpack(Buffer.concat([packed, Buffer.from('rest')]))).rejects.toThrow(/BZh/)
  })

  it('lets go of its source when its reader leaves early', async () => {
    let isClosed = false
    async function* source() {
      try {
        yield* inPieces(pack(text(200_000)), 1_000)
      } finally {
        isClosed = true
      }
    }
    for await (const _ of decompressBzip2(source())) break
    expect(isClosed).toBe(true)
  })
})
