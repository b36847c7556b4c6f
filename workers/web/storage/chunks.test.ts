// What is larger than memory goes through in pieces: whole, in order, and one at a time.
import { env } from 'cloudflare:workers'
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBlobFile, putBlobBytes } from './blobs.ts'
import { joinParts } from './chunks.ts'
import { hashParts } from './content.ts'

const BYTES = Uint8Array.from({ length: 100 }, (_, at) => at)

async function* inPieces(sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < BYTES.length; at += sizeBytes) yield BYTES.slice(at, at + sizeBytes)
}

describe('joinParts', () => {
  it.each([1, 7, 25, 64, 100])('makes parts of one size out of pieces of %i bytes', async (pieceBytes) => {
    const parts: Uint8Array[] = []
    for await (const part of joinParts(inPieces(pieceBytes), 30)) parts.push(part.slice())
    expect(parts.map(({ length }) => length)).toEqual([30, 30, 30, 10])
    expect(Buffer.concat(parts)).toEqual(Buffer.from(BYTES))
  })

  it('has no empty part at the end', async () => {
    const sizes: number[] = []
    for await (const { length } of joinParts(inPieces(10), 50)) sizes.push(length)
    expect(sizes).toEqual([50, 50])
  })

  it('holds one part at a time: all are read into the same memory', async () => {
    const memory = new Set<ArrayBufferLike>()
    for await (const { buffer } of joinParts(inPieces(7), 30)) memory.add(buffer)
    expect(memory.size).toBe(1)
    expect([...memory][0]?.byteLength).toBe(30)
  })
})

describe('a blob of 3.5 MiB', () => {
  const { BUCKET } = env as unknown as { readonly BUCKET: R2Bucket }
  const bytes = Uint8Array.from({ length: 3.5 * 1024 * 1024 }, (_, at) => (at * 31 + (at >> 12)) & 0xff)
  let sha256 = ''
  beforeAll(async () => {
    sha256 = (await putBlobBytes(BUCKET, bytes)).sha256
  })
  const file = () => openBlobFile(BUCKET, { sha256, sizeBytes: bytes.length })

  it('is signed in pieces of 1 MiB, not in the thousand that the store sends', async () => {
    const hash = createHash('sha256')
    const sizes: number[] = []
    for await (const chunk of file().stream()) {
      sizes.push(chunk.length / 1024 / 1024)
      hash.update(chunk)
    }
    expect(sizes).toEqual([1, 1, 1, 0.5])
    expect(hash.digest('hex')).toBe(sha256)
  })

  it('gives the bytes of a range, and none of an empty one', async () => {
    const read: Uint8Array[] = []
    for await (const chunk of file().stream(1_000_003, 2_000_001)) read.push(chunk.slice())
    expect(Buffer.concat(read).equals(Buffer.from(bytes.subarray(1_000_003, 3_000_004)))).toBe(true)
    for await (const chunk of file().stream(bytes.length)) expect(chunk).toBeUndefined()
  })

  it('is hashed between bytes that stand in the recipe', async () => {
    const around = { inline: btoa('around'), sizeBytes: 6 }
    const part = { blob: sha256, offset: 10, sizeBytes: 3_000_000 }
    const whole = Buffer.concat([Buffer.from('around'), bytes.subarray(10, 3_000_010), Buffer.from('around')])
    expect(await hashParts(BUCKET, [around, part, around])).toBe(createHash('sha256').update(whole).digest('hex'))
  })
})
