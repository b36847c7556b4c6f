import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ElfShape, elfFile } from '../../test/support/elf.ts'
import { helloSpec, settle } from '../../test/support/specs.ts'
import { collectBytes, sourceOf } from '../bytes/arrays.ts'
import type { Architecture } from '../model/arch.ts'
import { findFormat } from '../registry.ts'
import { collectWarnings, type Warning } from '../warning.ts'
import { isElf, readElfHead } from './elf.ts'
import { type Binary, watchBinaries, watchBinary } from './watch.ts'

const X86_64 = 62
const MACHINES: readonly (readonly [Architecture, ElfShape])[] = [
  ['amd64', { machine: X86_64 }],
  ['arm64', { machine: 183 }],
  ['arm7', { machine: 40, bits: 32 }],
  ['arm6', { machine: 40, bits: 32 }],
  ['386', { machine: 3, bits: 32 }],
  ['riscv64', { machine: 243 }],
  ['ppc64le', { machine: 21 }],
  ['ppc64', { machine: 21, isLittleEndian: false }],
  ['s390x', { machine: 22, isLittleEndian: false }],
  ['loong64', { machine: 258 }],
  ['mips', { machine: 8, bits: 32, isLittleEndian: false }],
  ['mipsle', { machine: 8, bits: 32 }],
  ['mips64', { machine: 8, isLittleEndian: false }],
  ['mips64le', { machine: 8 }],
]

interface Packed {
  readonly architecture?: Architecture
  readonly word?: string
  readonly format?: string
  readonly allow?: boolean
  readonly chunkBytes?: number
}

/** What is said when a package with this file is read to its end; throws when it is refused. */
const pack = async (bytes: Uint8Array, options: Packed = {}): Promise<readonly Warning[]> => {
  const { architecture = 'amd64', word, format = 'deb', allow = false, chunkBytes = 10_000 } = options
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  const owned = { path: '/usr/bin/tool', mode: 0o755, owner: 'root', group: 'root', mtimeSeconds: 1 }
  const items = settle([{ ...owned, kind: 'file', source: { sizeBytes: bytes.length, open: pieces } }])
  const { warn, warnings } = collectWarnings()
  const spec = helloSpec({
    architecture,
    items,
    allowForeignBinaries: allow,
    ...(word ? { architectureOverride: word } : {}),
  })
  for (const item of watchBinaries(spec, findFormat(format)!, warn).items) {
    if ('source' in item) expect(await collectBytes(item.source.open())).toEqual(bytes)
  }
  return warnings()
}

const codes = async (...args: Parameters<typeof pack>) => (await pack(...args)).map(({ code }) => code)

describe('a program', () => {
  it.each(MACHINES)('for %s is packed for it, and for no other machine', async (architecture, shape) => {
    const bytes = elfFile(shape)
    for (const [other, otherShape] of MACHINES) {
      const isSame = JSON.stringify(otherShape) === JSON.stringify(shape)
      const packing = pack(bytes, { architecture: other })
      if (isSame) expect(await packing).toEqual([])
      else await expect(packing).rejects.toMatchObject({ code: 'binary_foreign' })
    }
    expect(await pack(bytes, { architecture })).toEqual([])
  })

  it('for another machine is refused with its path, both architectures and the way out', async () => {
    const packing = pack(elfFile({ machine: X86_64 }), { architecture: '386' })
    await expect(packing).rejects.toThrow(
      /"\/usr\/bin\/tool" is a program for amd64, .* for 386\..*allow_foreign_binaries: true/,
    )
  })

  it('of another class is for another machine: x32 is no amd64', async () => {
    await expect(pack(elfFile({ machine: X86_64, bits: 32 }))).rejects.toMatchObject({ code: 'binary_foreign' })
  })

  it('for another machine is packed when the manifest says so', async () => {
    expect(await pack(elfFile({ machine: X86_64 }), { architecture: '386', allow: true })).toEqual([])
  })

  it.each([
    ['an object file', { machine: 40, bits: 32, type: 1 } as const],
    ['a program for the kernel’s own machine (BPF)', { machine: 247 } as const],
  ])('may be %s: nobody runs it here', async (_what, shape) => expect(await pack(elfFile(shape))).toEqual([]))

  it('in a package for all architectures is warned of, also of a shared library', async () => {
    expect(await codes(elfFile({ machine: X86_64 }), { architecture: 'all' })).toEqual(['binary_in_all'])
  })

  it.each([
    ['armhf', { machine: 40, bits: 32 } as const],
    ['aarch64_cortex-a53', { machine: 183 } as const],
    ['mipsel_24kc', { machine: 8, bits: 32 } as const],
    ['x86_64', { machine: X86_64 } as const],
    ['i386_pentium4', { machine: 3, bits: 32 } as const],
  ])('is judged by the format’s own word %s, where the manifest has one', async (word, shape) => {
    expect(await pack(elfFile(shape), { word })).toEqual([])
    await expect(pack(elfFile({ machine: 258 }), { word })).rejects.toMatchObject({ code: 'binary_foreign' })
  })

  it('is not judged by a word that nobody here knows', async () => {
    expect(await pack(elfFile({ machine: 258 }), { word: 'vax' })).toEqual([])
  })
})

describe('a program linked against glibc', () => {
  const glibc = elfFile({ machine: X86_64, interpreter: '/lib64/ld-linux-x86-64.so.2', needed: ['libc.so.6'] })
  it.each(['apk', 'ipk'])('is warned of in %s, with advice', async (format) => {
    const [warning, ...more] = await pack(glibc, { format })
    expect(more).toEqual([])
    expect(warning).toMatchObject({ code: 'binary_needs_glibc' })
    expect(warning?.message).toMatch(/ld-linux-x86-64\.so\.2.*statically/)
  })
  it('is at home elsewhere', async () => expect(await pack(glibc, { format: 'rpm' })).toEqual([]))
  it('may be a library, known by what it needs, wherever the list stands', async () => {
    for (const codeBytes of [0, 5_000, 300_000]) {
      const library = elfFile({ machine: X86_64, needed: ['libm.so.6', 'libc.so.6'], codeBytes })
      expect(await codes(library, { format: 'apk' })).toEqual(['binary_needs_glibc'])
    }
  })
  it.each([
    ['musl', { interpreter: '/lib/ld-musl-x86_64.so.1', needed: ['libc.musl-x86_64.so.1'] }],
    ['nothing', {}],
  ])('is not one that needs %s', async (_what, shape) => {
    expect(await pack(elfFile({ machine: X86_64, ...shape }), { format: 'apk' })).toEqual([])
  })
})

describe('reading an ELF file', () => {
  const full = elfFile({ machine: X86_64, interpreter: '/lib/ld.so', needed: ['a', 'b'], codeBytes: 900 })

  it('comes to the same in pieces of any size', async () => {
    for (const chunkBytes of [7, 64, 1000, 100_000]) expect(await pack(full, { chunkBytes })).toEqual([])
  })

  it('never breaks, cut or changed anywhere', async () => {
    for (let end = 0; end < full.length; end += 3) readElfHead(full.subarray(0, end))
    const quiet = { onHead: () => {}, onEnd: () => {} }
    for (let at = 4; at < full.length; at += 1) {
      const changed = full.slice()
      changed[at]! ^= 0xff
      expect(await collectBytes(watchBinary('/x', sourceOf(changed), quiet))).toEqual(changed)
    }
  })

  it('reads what this machine’s own linker made', async () => {
    const bytes = new Uint8Array(readFileSync('/bin/ls'))
    let seen: Binary | undefined
    await collectBytes(
      watchBinary('/bin/ls', sourceOf(bytes), {
        onHead: () => {},
        onEnd: (binary) => {
          seen = binary
        },
      }),
    )
    expect(isElf(bytes)).toBe(true)
    expect(seen?.head.interpreter).toMatch(/^\/lib.*\/ld-/)
    expect(seen?.needed).toContain('libc.so.6')
  })
})
