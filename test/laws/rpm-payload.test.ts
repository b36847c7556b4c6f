// The programs in a pushed .rpm are looked at whatever its payload is packed with and however its archive names files;
// where that cannot be, a warning says so and the package is taken.
import { join } from 'node:path'
import { concatBytes, utf8 } from '@distropack/core/bytes/arrays.ts'
import { CPIO_END, cpioPadding, cpioStrippedHeader } from '@distropack/core/bytes/cpio.ts'
import { rpm } from '@distropack/core/formats/rpm/format.ts'
import { renderHeader, type TagValue } from '@distropack/core/formats/rpm/header.ts'
import { parseHeader } from '@distropack/core/formats/rpm/header-read.ts'
import { MAIN_LIMITS, readPackageHeaders } from '@distropack/core/formats/rpm/package-read.ts'
import { lookAtPrograms } from '@distropack/core/formats/rpm/programs.ts'
import { MODE, TAG } from '@distropack/core/formats/rpm/tags.ts'
import { collectWarnings, type Warning } from '@distropack/core/warning.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inspectToolsFor, memoryFile } from '../support/core-host.ts'
import { elfFile } from '../support/elf.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { openRpmHome, type RpmHome } from '../support/rpm.ts'

let home: RpmHome
beforeAll(() => {
  requirePrograms('rpmbuild')
  home = openRpmHome()
})
afterAll(() => home.close())

const AARCH64 = 183

/** A program for another machine under two names, as rpmbuild packs it. */
const packed = (payload: string): Uint8Array => {
  home.write('tool', elfFile({ machine: AARCH64 }))
  const spec = `Name: odd
Version: 1
Release: 1
Summary: odd
License: x
AutoReqProv: no
%description
odd
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/srv
cp ${join(home.folder, 'tool')} %{buildroot}/usr/bin/tool
ln %{buildroot}/usr/bin/tool %{buildroot}/usr/bin/twin
ln -s tool %{buildroot}/usr/bin/link
echo text > %{buildroot}/srv/text
%files
/usr/bin/*
%dir /srv
/srv/text
`
  return home.rpmbuild(spec, '--define', `_binary_payload ${payload}`, '--define', '__os_install_post %nil')
}

const inspect = async (bytes: Uint8Array) => {
  const { warn, warnings } = collectWarnings()
  const entry = await rpm.inspect(memoryFile(bytes, 997), { ...inspectToolsFor(bytes.length), warn })
  return { entry, warnings: warnings() }
}

const texts = (warnings: readonly Warning[]) => warnings.map(({ code, message }) => `${code}: ${message}`)

describe('the payload of a pushed .rpm', () => {
  it.each(['w6.gzdio', 'w2.xzdio', 'w3.zstdio', 'w.ufdio', 'w9.bzdio'])(
    'packed with %s is looked at',
    async (payload) => {
      const { entry, warnings } = await inspect(packed(payload))
      expect(entry.ok).toBe(true)
      // Of two names of one file the last has the bytes.
      expect(texts(warnings)).toEqual([
        expect.stringMatching(/^binary_foreign: "\/usr\/bin\/twin" is a program for arm64/),
      ])
    },
  )

  it('packed with lzma is not, and a warning says so', async () => {
    const { entry, warnings } = await inspect(packed('w6.lzdio'))
    expect(entry.ok).toBe(true)
    expect(texts(warnings)).toEqual([expect.stringMatching(/^payload_unread: .*"lzma".*programs/)])
  })

  it('that is no archive, though its digest is right, is refused with a sentence', async () => {
    const bytes = packed('w.ufdio')
    const file = memoryFile(bytes)
    const tools = inspectToolsFor(bytes.length)
    const { main, headerEnd } = await readPackageHeaders(file, tools.budget)
    const changed = bytes.slice()
    changed[headerEnd] = 0x41
    const reading = lookAtPrograms(memoryFile(changed), { main, headerEnd, paths: [], arch: 'x86_64' }, tools)
    await expect(reading).rejects.toThrow('something else where a member should begin')
  })

  it('with stripped headers, as where a file has 4 GiB, is looked at by what the header says of each file', async () => {
    const program = elfFile({ machine: AARCH64 })
    const files = [
      // Two names of one file: the last has the bytes. A folder has none, whatever its size says.
      { path: '/usr/bin/tool', mode: MODE.file, inode: 7, size: program.length },
      { path: '/usr/bin/twin', mode: MODE.file, inode: 7, size: program.length },
      { path: '/srv', mode: MODE.directory, inode: 8, size: 4096 },
      { path: '/srv/link', mode: MODE.symlink, inode: 9, size: 2 },
    ]
    const int32s = (values: readonly number[]) => ({ type: 'int32', values }) as const
    const header = renderHeader(
      TAG.headerImmutable,
      new Map<number, TagValue>([
        [TAG.longFileSizes, { type: 'int64', values: files.map(({ size }) => size) }],
        [TAG.fileModes, { type: 'int16', values: files.map(({ mode }) => mode) }],
        [TAG.fileInodes, int32s(files.map(({ inode }) => inode))],
        [TAG.fileDevices, int32s(files.map(() => 1))],
      ]),
    )
    const bodies = [new Uint8Array(0), program, new Uint8Array(0), utf8('..')]
    const archive = bodies.flatMap((body, at) => [cpioStrippedHeader(at), body, cpioPadding(body.length)])
    const { warn, warnings } = collectWarnings()
    const tools = { ...inspectToolsFor(1e6), warn }
    const main = parseHeader(header, MAIN_LIMITS, tools.budget)
    const paths = files.map(({ path }) => path)
    await lookAtPrograms(
      memoryFile(concatBytes([...archive, CPIO_END])),
      { main, headerEnd: 0, paths, arch: 'x86_64' },
      tools,
    )
    expect(texts(warnings())).toEqual([expect.stringMatching(/^binary_foreign: "\/usr\/bin\/twin"/)])
  })
})
