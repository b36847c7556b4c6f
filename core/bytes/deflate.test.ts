// Inflate, gzip frames, CRC-32 and resumable SHA-256 against zlib and node:crypto.
import { createHash } from 'node:crypto'
import { constants, deflateRawSync, gunzipSync, gzipSync, crc32 as zlibCrc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from './arrays.ts'
import { combineCrc32, crc32 } from './crc32.ts'
import { gzipStored, readGzipMember } from './gzip-frame.ts'
import { fromBase64, fromHex, toBase64, toHex } from './hex.ts'
import { inflateRaw, NeedMoreInput } from './inflate.ts'
import { resumeSha256 } from './sha256-state.ts'
import { StreamFault } from './stream-fault.ts'

/** xorshift with a fixed seed: the same bytes in every run. */
const noise = (length: number, seed = 42): Uint8Array => {
  let state = seed
  return Uint8Array.from({ length }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state & 0xff
  })
}

const TEXT = utf8('All work and no play makes Jack a dull boy.\n'.repeat(3000))
const SAMPLES: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', new Uint8Array(0)],
  ['one byte', utf8('a')],
  ['text', TEXT],
  ['noise', noise(70_000)],
  ['both', concatBytes([noise(1000), TEXT, noise(1000, 7)])],
]

describe('inflateRaw', () => {
  it.each(SAMPLES)('reads %s at every level and says where it ends', (_, bytes) => {
    for (const options of [
      { level: 0 },
      { level: 1 },
      { level: 9 },
      { strategy: constants.Z_FIXED },
      { strategy: constants.Z_HUFFMAN_ONLY },
    ]) {
      const packed = new Uint8Array(deflateRawSync(bytes, options))
      const { bytes: inflated, end } = inflateRaw(concatBytes([utf8('??'), packed, utf8('behind')]), 2, 1 << 20)
      expect(Buffer.from(inflated).equals(Buffer.from(bytes))).toBe(true)
      expect(end).toBe(2 + packed.length)
    }
  })

  it('asks for more when the input ends first', () => {
    const packed = new Uint8Array(deflateRawSync(TEXT))
    expect(() => inflateRaw(packed.subarray(0, packed.length - 3), 0, 1 << 20)).toThrow(NeedMoreInput)
  })

  it('stops a bomb at its limit', () => {
    const bomb = new Uint8Array(deflateRawSync(new Uint8Array(10_000_000)))
    expect(() => inflateRaw(bomb, 0, 1 << 20)).toThrow(StreamFault)
  })

  it('ends in a value or one of its two errors, whatever the bytes', () => {
    for (let seed = 1; seed < 400; seed++) {
      try {
        inflateRaw(noise(200, seed), 0, 1 << 16)
      } catch (error) {
        expect(error instanceof StreamFault || error instanceof NeedMoreInput).toBe(true)
      }
    }
  })
})

describe('gzip members', () => {
  it('are found one behind the other', () => {
    const first = new Uint8Array(gzipSync(TEXT))
    const second = new Uint8Array(gzipSync(utf8('second')))
    const { bytes, end } = readGzipMember(concatBytes([first, second]), 0, 1 << 20)
    expect(bytes).toEqual(TEXT)
    expect(end).toBe(first.length)
    expect(readGzipMember(concatBytes([first, second]), end, 1 << 20).bytes).toEqual(utf8('second'))
  })

  it('with a name, a comment and extra fields in the header are read', () => {
    const plain = new Uint8Array(gzipSync(utf8('x')))
    const named = concatBytes([
      plain.subarray(0, 3),
      Uint8Array.of(4 | 8 | 16),
      plain.subarray(4, 10),
      Uint8Array.of(2, 0, 9, 9),
      utf8('name\0note\0'),
      plain.subarray(10),
    ])
    expect(readGzipMember(named, 0, 100).bytes).toEqual(utf8('x'))
  })

  it('with a wrong checksum are a fault', () => {
    const packed = new Uint8Array(gzipSync(utf8('x')))
    packed[packed.length - 5]! ^= 1
    expect(() => readGzipMember(packed, 0, 100)).toThrow(StreamFault)
  })

  it('of stored bytes are ordinary gzip', () => {
    expect(new Uint8Array(gunzipSync(gzipStored(noise(1500))))).toEqual(noise(1500))
  })
})

describe('CRC-32', () => {
  it.each(SAMPLES)('of %s is what zlib says', (_, bytes) => expect(crc32(bytes)).toBe(zlibCrc32(bytes)))

  it('of two runs is combined from theirs', () => {
    for (const [cut, seed] of [
      [0, 1],
      [1, 2],
      [999, 3],
      [65_536, 4],
      [69_999, 5],
      [70_000, 6],
    ] as const) {
      const bytes = noise(70_000, seed)
      const [left, right] = [bytes.subarray(0, cut), bytes.subarray(cut)]
      expect(combineCrc32(crc32(left), crc32(right), right.length)).toBe(zlibCrc32(bytes))
    }
  })
})

describe('a resumable SHA-256', () => {
  it('goes on from JSON in another place and ends as the whole', () => {
    const bytes = noise(5000)
    for (const cut of [0, 1, 55, 56, 63, 64, 65, 127, 128, 4999, 5000]) {
      const first = resumeSha256()
      first.update(bytes.subarray(0, cut))
      const second = resumeSha256(JSON.parse(JSON.stringify(first.state())))
      second.update(bytes.subarray(cut))
      expect(second.digest()).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
  })

  it('may be asked in the middle and go on', () => {
    const hash = resumeSha256()
    hash.update(utf8('a'))
    expect(hash.digest()).toBe(createHash('sha256').update('a').digest('hex'))
    hash.update(utf8('b'))
    expect(hash.digest()).toBe(createHash('sha256').update('ab').digest('hex'))
  })

  it('refuses a state that is not whole', () => {
    expect(() => resumeSha256({ words: [1], lengthBytes: 3, tail: '' })).toThrow()
  })
})

it('hex and base64 go there and back, and refuse what is neither', () => {
  const bytes = noise(30_000)
  expect(fromHex(toHex(bytes))).toEqual(bytes)
  expect(fromBase64(toBase64(bytes))).toEqual(bytes)
  expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
  expect([fromHex('abc'), fromHex('zz'), fromBase64('a'), fromBase64('a b=')]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})
