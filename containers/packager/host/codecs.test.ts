import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type { Codec } from '@distropack/core/tools.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requirePrograms } from '../../../test/support/required-programs.ts'
import { compress, decompress } from './codecs.ts'

async function* pieces(bytes: Uint8Array, size = 100_000): ByteSource {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.slice(offset, offset + size)
}

const collect = async (source: ByteSource): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Text that compresses, and noise that does not. */
const payload = (sizeBytes: number): Buffer => {
  const half = Math.floor(sizeBytes / 2)
  return Buffer.concat([Buffer.alloc(half, 'a line of text that repeats\n'), randomBytes(sizeBytes - half)])
}

let room: string
beforeAll(() => {
  requirePrograms('bzip2', 'xz', 'zstd')
  room = mkdtempSync(join(tmpdir(), 'codecs-'))
})
afterAll(() => rmSync(room, { recursive: true, force: true }))

/** What the real tool makes of it. */
const unpack = (tool: string, bytes: Uint8Array): Buffer =>
  execFileSync(tool, ['-dc'], { input: bytes, maxBuffer: 64 * 1024 * 1024, stdio: ['pipe', 'pipe', 'pipe'] })

/** Ends with the first member, and says how much of the input that was. */
const inflateOneMember = (packed: Uint8Array) =>
  new Promise<{ readonly bytesWritten: number }>((done, fail) => {
    const gunzip = createGunzip()
    gunzip.on('error', fail).on('end', () => done(gunzip))
    gunzip.resume().end(packed)
  })

const TOOLS: readonly (readonly [Codec, string, readonly (number | undefined)[]])[] = [
  ['gzip', 'gzip', [undefined, 1, 9]],
  ['zstd', 'zstd', [undefined, 1, 19]],
  ['xz', 'xz', [undefined, 0, 9]],
]

describe.each(TOOLS)('%s', (codec, tool, levels) => {
  const bytes = payload(600_000)

  it.each(levels)('at level %s is read by the real tool and by ourselves', async (level) => {
    const packed = await collect(compress(codec, pieces(bytes), level))
    expect(unpack(tool, packed).equals(bytes)).toBe(true)
    expect((await collect(decompress(codec, pieces(packed, 777)))).equals(bytes)).toBe(true)
  })

  it('gives the same bytes however its input is cut', async () => {
    const once = await collect(compress(codec, pieces(bytes, bytes.length)))
    const again = await collect(compress(codec, pieces(bytes, 4_099)))
    expect(createHash('sha256').update(again).digest('hex')).toBe(createHash('sha256').update(once).digest('hex'))
  })

  it('packs nothing too', async () => {
    expect(unpack(tool, await collect(compress(codec, pieces(Buffer.alloc(0)))))).toHaveLength(0)
  })

  it('passes on what goes wrong in its source', async () => {
    async function* breaking(): ByteSource {
      yield new Uint8Array(10)
      throw new Error('the disk is gone')
    }
    await expect(collect(compress(codec, breaking()))).rejects.toThrow('the disk is gone')
  })

  it('throws at bytes that are none of its own, and at an end that comes too early', async () => {
    await expect(collect(decompress(codec, pieces(Buffer.from('not compressed at all'))))).rejects.toThrow()
    const packed = await collect(compress(codec, pieces(bytes)))
    await expect(collect(decompress(codec, pieces(packed.subarray(0, packed.length - 20))))).rejects.toThrow()
  })

  it('can be left early', async () => {
    for await (const chunk of compress(codec, pieces(bytes))) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
  })
})

describe('gzip', () => {
  it('holds no name and no time, and one system’s byte everywhere', async () => {
    const packed = await collect(compress('gzip', pieces(Buffer.from('x'))))
    expect([...packed.subarray(0, 8)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
    expect(packed[9]).toBe(3)
  })
})

describe('gzip of several pieces', () => {
  const bytes = payload(3_500_000)

  it.each([1, 6, 9])('at level %s is one member, the same however its input is cut', async (level) => {
    const packed = await collect(compress('gzip', pieces(bytes), level))
    expect(unpack('gzip', packed).equals(bytes)).toBe(true)
    const { bytesWritten } = await inflateOneMember(packed)
    expect(bytesWritten).toBe(packed.length)
    const again = await collect(compress('gzip', pieces(bytes, 4_099), level))
    expect(again.equals(packed)).toBe(true)
  })

  it('has a piece’s worth of everything before it to look back at', async () => {
    // Noise that repeats within deflate's window, and only there.
    const noise = randomBytes(16 * 1024)
    const repeating = Buffer.alloc(4 * 1024 * 1024)
    for (let at = 0; at < repeating.length; at += noise.length) noise.copy(repeating, at)
    const packed = await collect(compress('gzip', pieces(repeating)))
    expect(packed.length).toBeLessThan(noise.length + 64 * 1024)
  })

  it('passes on what goes wrong in its source, and can be left early', async () => {
    async function* breaking(): ByteSource {
      yield bytes
      throw new Error('the disk is gone')
    }
    await expect(collect(compress('gzip', breaking()))).rejects.toThrow('the disk is gone')
    for await (const chunk of compress('gzip', pieces(bytes))) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect(unpack('gzip', await collect(compress('gzip', pieces(bytes)))).equals(bytes)).toBe(true)
  })
})

describe('xz', () => {
  it('is one stream of several blocks when there are several chunks', async () => {
    const path = join(room, 'several.xz')
    const bytes = Buffer.concat([Buffer.alloc(26_000_000, 'over and over\n'), randomBytes(1_000_000)])
    const packed = await collect(compress('xz', pieces(bytes), 0))
    writeFileSync(path, packed)
    execFileSync('xz', ['-t', path])
    const totals = execFileSync('xz', ['--robot', '-l', path], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .at(-1)
      ?.split('\t')
    expect(totals?.slice(1, 3)).toEqual(['1', '13'])
    expect(unpack('xz', packed).equals(bytes)).toBe(true)
  })
})

describe('zstd', () => {
  it('is one frame', async () => {
    const path = join(room, 'one.zst')
    writeFileSync(path, await collect(compress('zstd', pieces(payload(6_000_000)))))
    expect(execFileSync('zstd', ['-lv', path], { encoding: 'utf8', stdio: 'pipe' })).toMatch(/Zstandard Frames: 1$/m)
  })
})

it('levels a codec does not have are refused', () => {
  for (const [codec, level] of [
    ['zstd', 23],
    ['zstd', 1.5],
  ] as const) {
    expect(() => compress(codec, pieces(Buffer.alloc(1)), level)).toThrow('levels 1 to 22')
  }
})

it('bzip2 is read, as the real tool packs it', async () => {
  const bytes = payload(300_000)
  const packed = execFileSync('bzip2', ['-c'], { input: bytes, maxBuffer: 64 * 1024 * 1024 })
  expect((await collect(decompress('bzip2', pieces(packed)))).equals(bytes)).toBe(true)
})
