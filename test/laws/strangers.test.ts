// What every reader of packages says of a stranger's scripts and programs: asked of packages our own writers made with
// them, since a builder converts and refuses before it writes and a reader must not rely on that.
import { utf8 } from '@distropack/core/bytes/arrays.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { FORMATS } from '@distropack/core/registry.ts'
import { collectWarnings } from '@distropack/core/warning.ts'
import { describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { elfFile } from '../support/elf.ts'
import { helloSpec, settle } from '../support/specs.ts'

const formatOf = (id: string) => FORMATS.find((format) => format.id === id)!

const read = async (id: string, changes: Partial<PackageSpec>) => {
  const sink = memorySink()
  const built = await formatOf(id).build(helloSpec(changes), sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  const { warn, warnings } = collectWarnings()
  const { hash, decompress, budget } = inspectTools
  const entry = await formatOf(id).inspect(memoryFile(sink.bytes()), { hash, decompress, budget, warn })
  return { entry, codes: warnings().map(({ code }) => code) }
}

const PACKAGES = ['deb', 'rpm', 'apk', 'arch', 'ipk']

describe.each(PACKAGES)('a finished %s', (id) => {
  it('with a script whose first line ends as on Windows is refused', async () => {
    const { entry } = await read(id, { scripts: { postinstall: utf8('#!/bin/sh\r\nset -e\r\n') } })
    expect(!entry.ok && [entry.error.code, entry.error.message]).toEqual([
      'package_unsupported',
      expect.stringContaining('Windows line ends'),
    ])
  })

  it('with good scripts has nothing to be warned of', async () => {
    const { entry, codes } = await read(id, { scripts: { postinstall: utf8('#!/bin/sh\nset -e\n') } })
    expect([entry.ok, codes]).toEqual([true, []])
  })
})

describe.each(PACKAGES)('programs in a finished %s', (id) => {
  const withProgram = (bytes: Uint8Array): Partial<PackageSpec> => {
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
    }
    const source = { sizeBytes: bytes.length, open: pieces }
    const owned = { path: '/usr/bin/tool', mode: 0o755, owner: 'root', group: 'root', mtimeSeconds: 1 }
    return { architecture: 'amd64', items: settle([{ ...owned, kind: 'file', source }]) }
  }

  it('for another machine are warned of', async () => {
    const { entry, codes } = await read(id, withProgram(elfFile({ machine: 183 })))
    expect([entry.ok, codes]).toEqual([true, ['binary_foreign']])
  })

  it('for its own are not, but for glibc where there is none', async () => {
    const glibc = elfFile({ machine: 62, interpreter: '/lib64/ld-linux-x86-64.so.2' })
    const isMusl = formatOf(id).libc === 'musl'
    expect((await read(id, withProgram(glibc))).codes).toEqual(isMusl ? ['binary_needs_glibc'] : [])
    expect((await read(id, withProgram(elfFile({ machine: 62 })))).codes).toEqual([])
  })
})
