// Package specs for tests: one with a bit of everything, and a way to change it.
import { sourceOf, utf8 } from '@distropack/core/bytes/arrays.ts'
import type { PackagedItem, PackageSpec, SourceFile } from '@distropack/core/model/spec.ts'

export const MTIME_SECONDS = 1_700_000_000

export const textSource = (text: string): SourceFile => {
  const bytes = utf8(text)
  return { sizeBytes: bytes.length, open: () => sourceOf(bytes) }
}

const owned = { owner: 'root', group: 'root', mtimeSeconds: MTIME_SECONDS }
const folder = (path: string): PackagedItem => ({ ...owned, kind: 'implicit dir', path, mode: 0o755 })

/** Longer than any tar name field. */
export const LONG_PATH = `/usr/share/hello/${'a-long-folder-name/'.repeat(8)}file-with-ümläuts.txt`.replace('//', '/')

const parents = (path: string): string[] =>
  path
    .split('/')
    .slice(1, -1)
    .map((_, at, all) => `/${all.slice(0, at + 1).join('/')}`)

/** Sorted, every parent present: what the manifest's resolver promises. */
export const settle = (items: readonly PackagedItem[]): readonly PackagedItem[] => {
  const byPath = new Map(items.map((item) => [item.path, item]))
  for (const { path } of items) {
    for (const parent of parents(path)) if (!byPath.has(parent)) byPath.set(parent, folder(parent))
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

const ITEMS = settle([
  { ...owned, kind: 'file', path: '/usr/bin/hello', mode: 0o755, source: textSource('#!/bin/sh\necho hello\n') },
  { ...owned, kind: 'config', path: '/etc/hello.conf', mode: 0o640, source: textSource('greeting = hello\n') },
  { ...owned, kind: 'config|noreplace', path: '/etc/hello/keep.conf', mode: 0o644, source: textSource('') },
  { ...owned, kind: 'config|missingok', path: '/etc/hello/may.conf', mode: 0o644, source: textSource('x') },
  { ...owned, kind: 'doc', path: '/usr/share/doc/hello/README', mode: 0o644, source: textSource('read me\n') },
  { ...owned, kind: 'licence', path: '/usr/share/doc/hello/copyright', mode: 0o644, source: textSource('MIT\n') },
  { ...owned, kind: 'readme', path: '/usr/share/doc/hello/README.md', mode: 0o644, source: textSource('# hello\n') },
  { ...owned, kind: 'dir', path: '/var/lib/hello', mode: 0o1777, owner: 'nobody', group: 'nogroup' },
  { ...owned, kind: 'symlink', path: '/usr/bin/hi', mode: 0o777, target: 'hello' },
  { ...owned, kind: 'symlink', path: '/usr/bin/far', mode: 0o777, target: `/usr/share/hello/${'x'.repeat(120)}` },
  { ...owned, kind: 'ghost', path: '/var/log/hello.log', mode: 0o644 },
  { ...owned, kind: 'file', path: LONG_PATH, mode: 0o4755, source: textSource('deep\n') },
])

export const helloSpec = (changes: Partial<PackageSpec> = {}): PackageSpec => ({
  name: 'hello',
  architecture: 'amd64',
  platform: 'linux',
  version: { version: '1.2.3' },
  maintainer: 'Jane Doe <jane@example.com>',
  description: 'Says hello\nAnd more than that:\n\n  a list\n\nThe end.',
  vendor: 'Example',
  homepage: 'https://example.com/hello',
  licence: 'MIT',
  section: 'utils',
  priority: 'optional',
  relations: { depends: [], recommends: [], suggests: [], conflicts: [], replaces: [], provides: [] },
  items: ITEMS,
  scripts: {},
  changelog: [],
  mtimeSeconds: MTIME_SECONDS,
  block: {},
  ...changes,
})
