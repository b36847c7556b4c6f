// Streams of rows that grow, shrink and merge: what a reader gets is always the rows in order, and cheap to make.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants, deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromUtf8, utf8 } from '../bytes/arrays.ts'
import { fromBase64, toBase64 } from '../bytes/hex.ts'
import type { Part } from '../model/content.ts'
import { type ApplyTools, applySteps, type RowRange } from './apply.ts'
import { joinGzip, joinRaw, makePiece, type Recipe } from './join.ts'
import { planChange, SEGMENT_CAP_BYTES } from './plan.ts'
import { countRows, type Segment } from './stream.ts'

const deflate = (raw: Uint8Array) => new Uint8Array(deflateRawSync(raw, { finishFlush: constants.Z_FULL_FLUSH }))
const inflate = (bytes: Uint8Array) => new Uint8Array(inflateRawSync(Buffer.concat([bytes, Uint8Array.of(3, 0)])))

/** A stream and the rows a publisher remembers of it: in order, each with its segment. */
const createStream = () => {
  const blobs = new Map<string, Uint8Array>()
  let segments: readonly Segment[] = []
  let rows: { bytes: Uint8Array; blob: string }[] = []
  const work = { loadedBytes: 0, deflatedRawBytes: 0, storedBytes: 0 }
  const tools: ApplyTools = {
    deflate: (raw) => {
      work.deflatedRawBytes += raw.length
      return deflate(raw)
    },
    inflate,
    hash: (name) => {
      const hash = createHash(name)
      return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) }
    },
    load: async (blob) => {
      work.loadedBytes += blobs.get(blob)!.length
      return blobs.get(blob)!
    },
  }
  const change = async (added: readonly Uint8Array[], leaves: (row: Uint8Array) => boolean = () => false) => {
    const removed = new Map<string, RowRange[]>()
    const offsets = new Map<string, number>()
    for (const { bytes, blob } of rows) {
      const offset = offsets.get(blob) ?? 0
      offsets.set(blob, offset + bytes.length)
      if (leaves(bytes)) removed.set(blob, [...(removed.get(blob) ?? []), { offset, sizeBytes: bytes.length }])
    }
    const removedBytes = new Map(
      [...removed].map(([blob, ranges]) => [blob, ranges.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)]),
    )
    const steps = planChange({ segments, removedBytes, newRowBytes: added.map(({ length }) => length) })
    const applied = await applySteps(steps, { added, removed }, tools)
    for (const { blob, bytes } of applied.blobs) {
      blobs.set(blob, bytes)
      work.storedBytes += bytes.length
    }
    rows = [
      ...rows
        .filter(({ bytes }) => !leaves(bytes))
        .map(({ bytes, blob }) => ({ bytes, blob: applied.moves.get(blob) ?? blob })),
      ...added.map((bytes, at) => ({ bytes, blob: applied.placed[at]! })),
    ]
    const kept = steps.filter(({ kind }) => kind === 'keep').length
    segments = applied.segments
    return { kept, written: steps.length - kept }
  }
  const bytesOf = (recipe: Recipe): Uint8Array =>
    concatBytes(recipe.parts.map((part: Part) => ('inline' in part ? fromBase64(part.inline)! : blobs.get(part.blob)!)))
  return {
    change,
    work,
    bytesOf,
    get segments() {
      return segments
    },
    get text() {
      return rows.map(({ bytes }) => fromUtf8(bytes)).join('')
    },
  }
}

const row = (name: string | number): Uint8Array =>
  utf8(`Package: p${name}\nFilename: pool/${name}\n${'Depends: libc6\n'.repeat(30)}\n`)
const ENDS = { mediaType: 'application/gzip' }

describe('a stream that grows row by row', () => {
  it('holds every row in order, in few segments, with little work for each', async () => {
    const stream = createStream()
    const count = 1500
    for (let at = 0; at < count; at++) await stream.change([row(at)])
    expect(fromUtf8(new Uint8Array(gunzipSync(stream.bytesOf(joinGzip(stream.segments, ENDS)))))).toBe(stream.text)
    expect(countRows({ stream: 's', segments: stream.segments })).toBe(count)
    const rawBytes = stream.text.length
    expect(stream.segments.length).toBeLessThan(
      2 * (rawBytes / SEGMENT_CAP_BYTES) + Math.log2(SEGMENT_CAP_BYTES / 500) + 2,
    )
    // Each row is compressed again at most once per doubling up to the size from which segments are copied.
    expect(stream.work.deflatedRawBytes).toBeLessThan(rawBytes * 12)
  })

  it('leaves full segments alone', async () => {
    const stream = createStream()
    await stream.change(Array.from({ length: 3000 }, (_, at) => row(at)))
    const before = stream.segments.length
    expect(before).toBeGreaterThan(2)
    expect(await stream.change([row('new')])).toEqual({
      kept: before - 1 + (stream.segments.length - before),
      written: 1,
    })
    expect(stream.segments.every(({ rawBytes }) => rawBytes <= SEGMENT_CAP_BYTES)).toBe(true)
  })

  it('takes a row larger than a segment', async () => {
    const stream = createStream()
    await stream.change([row(1), utf8('x'.repeat(SEGMENT_CAP_BYTES + 1)), row(2)])
    expect(fromUtf8(new Uint8Array(gunzipSync(stream.bytesOf(joinGzip(stream.segments, ENDS)))))).toBe(stream.text)
  })
})

describe('a stream that loses rows', () => {
  it('rewrites the segment of the row and keeps the others', async () => {
    const stream = createStream()
    await stream.change(Array.from({ length: 4000 }, (_, at) => row(at)))
    const { written, kept } = await stream.change([], (bytes) => fromUtf8(bytes).startsWith('Package: p17\n'))
    expect(written).toBe(1)
    expect(kept).toBe(stream.segments.length - 1)
    expect(stream.text).not.toContain('Package: p17\n')
    expect(fromUtf8(new Uint8Array(gunzipSync(stream.bytesOf(joinGzip(stream.segments, ENDS)))))).toBe(stream.text)
  })

  it('is empty when it has lost them all', async () => {
    const stream = createStream()
    await stream.change([row(1), row(2)])
    await stream.change([], () => true)
    expect(stream.segments).toEqual([])
    expect(gunzipSync(stream.bytesOf(joinGzip(stream.segments, ENDS)))).toHaveLength(0)
  })

  it('stays in few segments when every row is replaced again and again', async () => {
    const stream = createStream()
    const count = 300
    await stream.change(Array.from({ length: count }, (_, at) => row(`${at}v0`)))
    let state = 1
    for (let round = 0; round < 600; round++) {
      state = (state * 48271) % 2147483647
      const at = state % count
      await stream.change([row(`${at}v${round + 1}`)], (bytes) => fromUtf8(bytes).startsWith(`Package: p${at}v`))
    }
    expect(countRows({ stream: 's', segments: stream.segments })).toBe(count)
    expect(stream.segments.length).toBeLessThan(14)
    expect(fromUtf8(new Uint8Array(gunzipSync(stream.bytesOf(joinGzip(stream.segments, ENDS)))))).toBe(stream.text)
  })

  it('is refused when two removals overlap: the caller has lost count', async () => {
    const stream = createStream()
    await stream.change([row(1), row(2)])
    const [segment] = stream.segments
    const removed = new Map([
      [
        segment!.blob,
        [
          { offset: 0, sizeBytes: 10 },
          { offset: 5, sizeBytes: 10 },
        ],
      ],
    ])
    const steps = planChange({
      segments: stream.segments,
      removedBytes: new Map([[segment!.blob, 20]]),
      newRowBytes: [],
    })
    const tools: ApplyTools = {
      deflate,
      inflate,
      hash: () => ({ update: () => {}, digest: () => new Uint8Array(32) }),
      load: async () => deflate(concatBytes([row(1), row(2)])),
    }
    await expect(applySteps(steps, { added: [], removed }, tools)).rejects.toThrow('overlap')
  })
})

describe('joined files', () => {
  it('are one gzip member that gzip -t accepts, with head and tail', async () => {
    const stream = createStream()
    for (let at = 0; at < 40; at++) await stream.change([row(at)])
    const tools = {
      deflate,
      store: async (bytes: Uint8Array): Promise<Part> => ({ inline: toBase64(bytes), sizeBytes: bytes.length }),
    }
    const head = await makePiece(utf8('<metadata>\n'), tools)
    const tail = await makePiece(utf8('</metadata>\n'), tools)
    const bytes = stream.bytesOf(joinGzip(stream.segments, { ...ENDS, head, tail }))
    expect(spawnSync('gzip', ['-t'], { input: bytes }).status).toBe(0)
    expect(spawnSync('gzip', ['-l', '-v'], { input: bytes, encoding: 'utf8' }).status).toBe(0)
    expect(fromUtf8(new Uint8Array(gunzipSync(bytes)))).toBe(`<metadata>\n${stream.text}</metadata>\n`)
    const raw = joinRaw(stream.segments, { mediaType: 'text/plain', head, tail })
    expect(raw.inflate).toBe(true)
    expect(fromUtf8(new Uint8Array(inflateRawSync(stream.bytesOf(raw))))).toBe(
      `<metadata>\n${stream.text}</metadata>\n`,
    )
  })

  it('of nothing are the gzip and the text of nothing', () => {
    const stream = createStream()
    expect(spawnSync('gzip', ['-t'], { input: stream.bytesOf(joinGzip([], ENDS)) }).status).toBe(0)
    expect(inflateRawSync(stream.bytesOf(joinRaw([], ENDS)))).toHaveLength(0)
  })
})
