// How a host reads files is nobody's business but its own: whole, later, or in pieces, a package has the same bytes.
import type { SourceFile } from '@distropack/core/model/spec.ts'
import { FORMATS } from '@distropack/core/registry.ts'
import { describe, expect, it } from 'vitest'
import { buildTools, memorySink } from '../support/core-host.ts'
import { helloSpec, settle } from '../support/specs.ts'

type Read = (bytes: Uint8Array) => Omit<SourceFile, 'sizeBytes'>

const KIB = 1024
/** Around a block of tar, four bytes of cpio, and what is read or copied at once. */
const SIZES = [0, 1, 3, 511, 512, 513, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 300 * KIB]

async function* pieces(bytes: Uint8Array, size: number) {
  // The same memory for every piece, as a SourceFile may have it.
  const room = new Uint8Array(size)
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size)
    room.set(piece)
    yield room.subarray(0, piece.length)
  }
}

const WAYS: Readonly<Record<string, Read>> = {
  whole: (bytes) => ({ open: () => pieces(bytes, 4096), whole: () => bytes }),
  later: (bytes) => ({ open: () => pieces(bytes, 4096), whole: async () => bytes }),
  'in small pieces': (bytes) => ({ open: () => pieces(bytes, 1000) }),
  'in large pieces, when asked for whole': (bytes) => ({
    open: () => pieces(bytes, 256 * KIB),
    whole: () => undefined,
  }),
}

const specFor = (read: Read) => {
  const owned = { mode: 0o644, owner: 'root', group: 'root', mtimeSeconds: 1_700_000_000 }
  const files = SIZES.map((sizeBytes) => {
    const bytes = Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 7 + sizeBytes) & 0xff)
    const path = `/opt/sizes/of-${sizeBytes}`
    return { ...owned, kind: 'file' as const, path, source: { sizeBytes, ...read(bytes) } }
  })
  return helloSpec({ items: settle(files) })
}

describe.each(FORMATS.map((format) => [format.id, format] as const))('%s', (_, format) => {
  const build = async (read: Read) => {
    const sink = memorySink()
    const built = await format.build(specFor(read), sink, buildTools)
    return { built, bytes: sink.bytes() }
  }

  it('has the same bytes however its files are read', async () => {
    const wanted = await build(WAYS['in small pieces']!)
    expect(wanted.built.ok).toBe(true)
    for (const read of Object.values(WAYS)) expect(Buffer.compare((await build(read)).bytes, wanted.bytes)).toBe(0)
  })

  it('is not built of a file that changed its size, however that is read', async () => {
    for (const read of Object.values(WAYS)) {
      const { built } = await build((bytes) => read(bytes.length === 513 ? new Uint8Array(514) : bytes))
      expect(built.ok ? 'built' : built.error.code).toBe('source_changed')
    }
  })
})
