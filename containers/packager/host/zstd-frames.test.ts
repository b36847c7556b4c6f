// Where zstd data ends, for data of zstd(1) and of Node, in chunks of every size.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { collectBytes, concatBytes } from '@distropack/core/bytes/arrays.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { requirePrograms } from '../../../test/support/required-programs.ts'
import { decompress } from './codecs.ts'

beforeAll(() => requirePrograms('zstd'))

async function* inChunksOf(bytes: Uint8Array, size: number): ByteSource {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size)
}

const read = (bytes: Uint8Array, size = 65_536) => collectBytes(decompress('zstd', inChunksOf(bytes, size)))
const zstd = (input: Uint8Array, ...words: readonly string[]): Uint8Array =>
  new Uint8Array(execFileSync('zstd', ['-q', '-c', ...words], { input, maxBuffer: 2 ** 26 }))

const plain = new Uint8Array(Buffer.concat([randomBytes(3000), Buffer.alloc(200_000, 7), Buffer.from('the end')]))
const SKIPPABLE = Uint8Array.of(0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3)

const FILES: Readonly<Record<string, () => Uint8Array>> = {
  'of Node': () => new Uint8Array(zstdCompressSync(plain)),
  'with a checksum': () => zstd(plain, '--check'),
  'without one': () => zstd(plain, '--no-check'),
  'of a stream of unknown size': () => zstd(plain, '--no-content-size'),
  'of nothing': () => zstd(new Uint8Array(0)),
}

describe('zstd data', () => {
  it.each(Object.keys(FILES))('%s is read in chunks of any size, and refused wherever it is cut', async (name) => {
    const whole = FILES[name]!()
    const content = name === 'of nothing' ? new Uint8Array(0) : plain
    for (const size of [1, 7, 65_536]) expect(Buffer.compare(await read(whole, size), content)).toBe(0)
    for (let cut = 1; cut <= Math.min(40, whole.length - 1); cut++) {
      await expect(read(whole.subarray(0, whole.length - cut)), `cut by ${cut}`).rejects.toThrow()
    }
  })

  it('of several frames is read to the end, wherever its chunks are cut', async () => {
    const both = concatBytes([zstd(plain.subarray(0, 500)), zstd(plain.subarray(500))])
    for (const size of [1, 7, 100, 65_536, both.length]) expect(Buffer.compare(await read(both, size), plain)).toBe(0)
    const skipping = concatBytes([zstd(plain.subarray(0, 500)), SKIPPABLE, zstd(plain.subarray(500))])
    for (const size of [1, 7, 100, 65_536]) expect(Buffer.compare(await read(skipping, size), plain)).toBe(0)
  })

  it('may end between two frames, and nowhere in the second', async () => {
    const [first, second] = [zstd(plain.subarray(0, 500)), zstd(plain.subarray(500))]
    const both = concatBytes([first, second])
    expect((await read(both.subarray(0, first.length))).length).toBe(500)
    for (const cut of [1, 2, 3, 4, 5]) await expect(read(both.subarray(0, both.length - cut))).rejects.toThrow()
    await expect(read(concatBytes([first, SKIPPABLE.subarray(0, 10)]))).rejects.toThrow()
  })
})
