// Laws every format keeps about repositories: order independence, digest closure, lifetimes, the empty repository.

import { readGzipMember } from '@distropack/core/bytes/gzip-frame.ts'
import { isLikePackage } from '@distropack/core/contract/object-keys.ts'
import { digestInPath } from '@distropack/core/contract/objects.ts'
import type { Format } from '@distropack/core/format.ts'
import { FORMATS } from '@distropack/core/registry.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildTools, memorySink } from '../support/core-host.ts'
import { createDice, randomSpec } from '../support/generate.ts'
import { digest, INDEX_READERS } from '../support/index-readers.ts'
import { createPublisher, type Publisher } from '../support/publisher.ts'
import { testSigner } from '../support/signers.ts'

const ADDRESS = { baseUrl: 'https://example.com/r/acme/tool', organization: 'acme', project: 'tool', channel: 'stable' }
const COUNT = 14

const fresh = async (format: Format): Promise<Publisher> => createPublisher(format, await testSigner(), ADDRESS)

/** Distinct packages: names carry the seed. */
const buildFiles = async (format: Format): Promise<readonly Uint8Array[]> => {
  const files: Uint8Array[] = []
  for (let seed = 1; seed <= COUNT; seed++) {
    const spec = { ...randomSpec(seed), name: `pkg${seed % 5}`, version: { version: `1.${seed}` } }
    const sink = memorySink()
    const built = await format.build({ ...spec, block: {} }, sink, buildTools)
    if (!built.ok) throw new Error(built.error.message)
    files.push(sink.bytes())
  }
  return files
}

/** Rows of every stream, sorted, as text. */
const rowsOf = (publisher: Publisher): unknown =>
  [...publisher.streams]
    .map(([name, { rows }]) => [name, rows.map(({ bytes }) => new TextDecoder().decode(bytes)).sort()])
    .sort()

/** Everything an index claims is there, and is what it claims. */
const expectClosed = async (format: Format, publisher: Publisher): Promise<number> => {
  const files = await publisher.files()
  const byPath = new Map(files.map((file) => [file.path, file]))
  expect(byPath.size, 'no path twice').toBe(files.length)
  for (const { path, content } of files) {
    const bytes = publisher.materialise(content)
    expect([bytes.length, digest('sha256', bytes)], path).toEqual([content.sizeBytes, content.sha256])
    const named = digestInPath(path)
    if (named) expect(named, path).toBe(content.sha256)
  }
  const read = (path: string) => {
    const file = byPath.get(path)
    return file && publisher.materialise(file.content)
  }
  const claims = await INDEX_READERS[format.id]!(read, [...byPath.keys()])
  for (const { path, sizeBytes, sha256, sha1OfSecondMember } of claims) {
    const bytes = read(path)
    expect(bytes?.length, path).toBe(sizeBytes ?? bytes?.length ?? 'not there')
    if (sha256) expect(digest('sha256', bytes!), path).toBe(sha256)
    if (sha1OfSecondMember) {
      const { end } = readGzipMember(bytes!, 0, 1 << 20)
      expect(digest('sha1', bytes!.subarray(end, readGzipMember(bytes!, end, 1 << 20).end)), path).toBe(
        sha1OfSecondMember,
      )
    }
  }
  return claims.length
}

describe.each(FORMATS.map((format) => [format.id, format] as const))('%s', (_, format) => {
  let files: readonly Uint8Array[]
  beforeAll(async () => {
    files = await buildFiles(format)
  })

  it('empty repository: it is whole before anything is published', async () => {
    const publisher = await fresh(format)
    const published = await publisher.files()
    expect(published.filter(({ lifetime }) => lifetime === 'pointer').length).toBeGreaterThan(0)
    await expectClosed(format, publisher)
  })

  it('digest closure: every path and hash an index names is there and matches', async () => {
    const publisher = await fresh(format)
    for (const file of files) await publisher.add([file])
    expect(await expectClosed(format, publisher)).toBeGreaterThan(COUNT)
  })

  it('addresses: what the file server takes for a package at sight is one, and no index is', async () => {
    const publisher = await fresh(format)
    const entries = await publisher.add(files)
    const packages = new Set(entries.map((entry) => format.repository.packagePath(entry, ADDRESS.channel)))
    for (const path of packages) {
      expect(
        ['', '.intoto.jsonl', '.cdx.json'].map((suffix) => isLikePackage(path + suffix)),
        path,
      ).not.toContain(false)
    }
    const pointers = (await publisher.files()).filter(({ lifetime }) => lifetime === 'pointer')
    expect(pointers.map(({ path }) => path).filter(isLikePackage)).toEqual([])
  })

  it('order independence: the same packages in any order, one by one or at once, give the same rows', async () => {
    const oneByOne = await fresh(format)
    for (const file of files) await oneByOne.add([file])
    const dice = createDice(9)
    for (let round = 0; round < 3; round++) {
      const shuffled = files
        .map((file) => [dice.roll(1000), file] as const)
        .sort(([a], [b]) => a - b)
        .map(([, file]) => file)
      const other = await fresh(format)
      await other.add(shuffled.slice(0, 6))
      for (const file of shuffled.slice(6)) await other.add([file])
      expect(rowsOf(other)).toEqual(rowsOf(oneByOne))
    }
  })

  it('removal: a package that is gone leaves no row, and the rest stays whole', async () => {
    const publisher = await fresh(format)
    const entries = await publisher.add(files)
    for (const entry of entries.slice(3)) await publisher.remove(entry)
    await expectClosed(format, publisher)
    for (const entry of entries) await publisher.remove(entry).catch(() => {})
    expect(
      [...publisher.streams.values()].every(({ segments, rows }) => segments.length === 0 && rows.length === 0),
    ).toBe(true)
    const empty = await fresh(format)
    const emptyPaths = new Set((await empty.files()).map(({ path }) => path))
    expect((await publisher.files()).filter(({ path }) => emptyPaths.has(path)).length).toBe(emptyPaths.size)
  })

  it('lifetimes: a content path never means other bytes, and pointers move only with a publish', async () => {
    const publisher = await fresh(format)
    const seen = new Map<string, string>()
    for (const file of files.slice(0, 6)) {
      await publisher.add([file])
      for (const { path, content, lifetime } of await publisher.files()) {
        if (lifetime === 'pointer') continue
        expect(seen.get(path) ?? content.sha256, path).toBe(content.sha256)
        seen.set(path, content.sha256)
      }
    }
    const once = (await publisher.files()).map(({ path, content }) => `${path} ${content.sha256}`)
    expect((await publisher.files()).map(({ path, content }) => `${path} ${content.sha256}`)).toEqual(once)
  })

  it('streams: packages for all architectures stand in every index, also of architectures that come later (pitfall 23)', async () => {
    const publisher = await fresh(format)
    const make = async (name: string, architecture: 'all' | 'arm64', override?: string) => {
      const sink = memorySink()
      const spec = {
        ...randomSpec(1),
        name,
        architecture,
        version: { version: '1' },
        ...(override && { architectureOverride: override }),
      }
      const built = await format.build(spec, sink, buildTools)
      if (!built.ok) throw new Error(built.error.message)
      return sink.bytes()
    }
    await publisher.add([await make('before', 'all')])
    await publisher.add([await make('together', 'all'), await make('special', 'arm64', 'weird64')])
    await publisher.add([await make('after', 'all')])
    const [first = ''] = format.repository.baseStreams
    const [kind = ''] = first.split('/')
    // A format has one index for each architecture, or one for all of them.
    const isSplit = first.includes('/')
    const indexes = [...publisher.streams].filter(([name]) => name === kind || name.startsWith(`${kind}/`))
    if (isSplit) expect(indexes.map(([name]) => name)).toContain(`${kind}/weird64`)
    else expect(indexes).toHaveLength(1)
    for (const [name, { rows }] of indexes) {
      const text = rows.map(({ bytes }) => new TextDecoder().decode(bytes)).join('')
      for (const packageName of ['before', 'together', 'after']) {
        expect(text, name).toMatch(new RegExp(`(?:: ?|<name>|\n|"name":")${packageName}(?:\n|</name>|")`))
      }
    }
    await expectClosed(format, publisher)
  })
})
