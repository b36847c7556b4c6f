// This machine's own zstd(1) and xz(1), in place of what Node or npm do not have.
import { randomBytes } from 'node:crypto'
import { collectBytes, sourceOf } from '@distropack/core/bytes/arrays.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { requirePrograms } from '../../../test/support/required-programs.ts'
import { compress, decompress } from './codecs.ts'
import { compressByProgram, decompressByProgram, type MachineCodec } from './machine-codecs.ts'

beforeAll(() => requirePrograms('xz', 'zstd'))

const collect = async (source: ByteSource): Promise<Buffer> => Buffer.from(await collectBytes(source))

describe.each<MachineCodec>(['zstd', 'xz'])('%s of this machine', (codec) => {
  const plain = Buffer.concat([randomBytes(200_000), Buffer.alloc(300_000)])

  it('writes what the built-in codec reads, and reads what that writes', async () => {
    for (const level of [1, codec === 'xz' ? 9 : 22]) {
      const packed = await collect(compressByProgram(codec, sourceOf(plain), level))
      expect((await collect(decompress(codec, sourceOf(packed)))).equals(plain)).toBe(true)
    }
    const packed = await collect(compress(codec, sourceOf(plain)))
    expect((await collect(decompressByProgram(codec, sourceOf(packed)))).equals(plain)).toBe(true)
  })

  it('says what is broken, and whose fault it is', async () => {
    await expect(collect(decompressByProgram(codec, sourceOf(Buffer.from('no such thing'))))).rejects.toThrow(codec)
    const source = async function* () {
      yield plain
      throw new Error('the disk is gone')
    }
    await expect(collect(compressByProgram(codec, source(), 1))).rejects.toThrow('the disk is gone')
  })

  it('ends with a reader who leaves early', async () => {
    const endless = async function* () {
      for (;;) yield randomBytes(65_536)
    }
    for await (const chunk of compressByProgram(codec, endless(), 1)) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
  })

  it('says what to do where there is none', async () => {
    const { PATH } = process.env
    process.env.PATH = '/nowhere'
    try {
      const fault = { code: 'codec_missing', message: expect.stringContaining('choose gzip') }
      await expect(collect(compressByProgram(codec, sourceOf(plain), 1))).rejects.toMatchObject(fault)
      await expect(collect(decompressByProgram(codec, sourceOf(plain)))).rejects.toMatchObject(fault)
    } finally {
      process.env.PATH = PATH
    }
  })
})
