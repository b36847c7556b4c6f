// An .ipk as the system's tar and gzip see it, and what opkg would refuse. Feeds and installing: test/install/opkg.test.ts.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8 } from '@distropack/core/bytes/arrays.ts'
import { ipk } from '@distropack/core/formats/ipk/format.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { helloSpec } from '../support/specs.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipk-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const FULL = helloSpec({
  architecture: 'arm64',
  architectureOverride: 'aarch64_cortex-a53',
  version: { epoch: 1, version: '1.2.3', prerelease: 'rc1', metadata: 'git5', release: '4' },
  relations: {
    depends: ['libc', 'libubox (>= 2023-05-23)', 'wget | curl'],
    recommends: ['nano'],
    suggests: [],
    conflicts: ['goodbye'],
    replaces: ['hullo'],
    provides: ['greeter'],
  },
  scripts: { postinstall: utf8('#!/bin/sh\nexit 0\n'), preremove: utf8('#!/bin/sh\nexit 0\n') },
  block: {
    abi_version: '7',
    auto_installed: true,
    alternatives: [{ priority: 300, link_name: '/bin/hi', target: '/usr/bin/hello' }],
    fields: { SourceName: 'hello', Require: '' },
    tags: ['cli'],
  },
})

const build = async (spec: PackageSpec) => {
  const sink = memorySink()
  const built = await ipk.build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return { entry: built.value, bytes: sink.bytes() }
}

const tar = (input: Uint8Array, ...args: readonly string[]): Buffer => execFileSync('tar', args, { input })

it('is three parts, the control file in the form opkg reads', async () => {
  const { bytes, entry } = await build(FULL)
  expect(tar(bytes, '-tzf-').toString()).toBe('./debian-binary\n./control.tar.gz\n./data.tar.gz\n')
  expect(tar(bytes, '-xzOf-', './debian-binary').toString()).toBe('2.0\n')
  const control = tar(bytes, '-xzOf-', './control.tar.gz')
  expect(tar(control, '-tzf-').toString()).toBe('./control\n./conffiles\n./postinst\n./prerm\n')
  expect(tar(control, '-xzOf-', './conffiles').toString()).toBe(
    '/etc/hello.conf\n/etc/hello/keep.conf\n/etc/hello/may.conf\n',
  )
  expect(tar(control, '-xzOf-', './control').toString()).toBe(`Package: hello
Version: 1:1.2.3~rc1+git5-4
Depends: libc, libubox (>= 2023-05-23), wget | curl
Recommends: nano
Provides: greeter
Conflicts: goodbye
Replaces: hullo
ABIVersion: 7
Alternatives: 300:/bin/hi:/usr/bin/hello
Tags: cli
Auto-Installed: yes
License: MIT
Section: utils
Priority: optional
Maintainer: Jane Doe <jane@example.com>
Vendor: Example
Homepage: https://example.com/hello
Architecture: aarch64_cortex-a53
Installed-Size: ${entry.installedSizeBytes}
SourceName: hello
Description: Says hello
 And more than that:
 .
   a list
 .
 The end.
`)
  expect(entry.fileName).toBe('hello_1.2.3~rc1+git5-4_aarch64_cortex-a53.ipk')
})

it('unpacks to the files, modes and owners of the manifest', async () => {
  const { bytes } = await build(FULL)
  const listed = tar(tar(bytes, '-xzOf-', './data.tar.gz'), '-tvzf-').toString()
  expect(listed).toMatch(/^-rwxr-xr-x root\/root +\d+ \S+ \S+ \.\/usr\/bin\/hello$/m)
  expect(listed).toMatch(/^drwxrwxrwt nobody\/nogroup +0 \S+ \S+ \.\/var\/lib\/hello\/$/m)
  expect(listed).toMatch(/^lrwxrwxrwx root\/root +0 \S+ \S+ \.\/usr\/bin\/hi -> hello$/m)
  expect(listed).not.toContain('hello.log')
})

it('one of another tool, with its parts in OpenWrt’s order and a folder for itself, is read', async () => {
  const { bytes, entry } = await build(FULL)
  execFileSync('tar', ['-xzf-', '-C', folder], { input: bytes })
  const parts = ['./debian-binary', './data.tar.gz', './control.tar.gz']
  const packed = execFileSync('tar', ['--format=gnu', '--numeric-owner', '-czf-', '-C', folder, ...parts])
  writeFileSync(join(folder, 'strange.ipk'), packed)
  const read = await ipk.inspect(memoryFile(packed), inspectTools)
  if (!read.ok) throw new Error(read.error.message)
  expect(read.value).toEqual({ ...entry, sizeBytes: packed.length, sha256: read.value.sha256 })
})

it.each<[what: string, spec: Partial<PackageSpec>, sentence: RegExp]>([
  ['a version with a space', { version: { version: '1 2' } }, /none of opkg's/],
  ['an architecture that is none', { architectureOverride: 'Cortex A53' }, /is no opkg architecture/],
  ['a name with a slash', { name: 'a/b' }, /is no opkg package name/],
  ['a field that is opkg’s', { block: { fields: { SHA256sum: 'x' } } }, /set by another key/],
  ['an alternative without a target', { block: { alternatives: [{ link_name: '/bin/hi' }] } }, /ipk\.alternatives/],
  [
    'a relation that rpm would read',
    { relations: { ...helloSpec().relations, depends: ['libc >= 1'] } },
    /which opkg cannot read/,
  ],
])('refuses %s', (_, changes, sentence) => {
  const faults = ipk.check(helloSpec(changes))
  expect(faults.map(({ message }) => message).join('\n')).toMatch(sentence)
})
