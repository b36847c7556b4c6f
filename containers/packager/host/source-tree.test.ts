import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { folderTree, SMALL_FILE_BYTES } from './source-tree.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'source-tree-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

it('says what stands at a path, with mode and time', async () => {
  writeFileSync(join(root, 'tool'), 'body')
  chmodSync(join(root, 'tool'), 0o4755)
  utimesSync(join(root, 'tool'), 1234.9, 1234.9)
  expect(await folderTree(root).stat('tool')).toEqual({ kind: 'file', mode: 0o4755, mtimeSeconds: 1234, sizeBytes: 4 })
})

it('reads a symlink and does not follow it', async () => {
  symlinkSync('/nowhere', join(root, 'link'))
  expect(await folderTree(root).stat('link')).toMatchObject({ kind: 'symlink', target: '/nowhere' })
})

it('has nothing where nothing is, also below a file', async () => {
  writeFileSync(join(root, 'file'), '')
  const tree = folderTree(root)
  expect(await tree.stat('gone')).toBeUndefined()
  expect(await tree.stat('file/below')).toBeUndefined()
})

it('lists by name, with kinds', async () => {
  mkdirSync(join(root, 'b'))
  writeFileSync(join(root, 'a'), '')
  symlinkSync('a', join(root, 'c'))
  execFileSync('mkfifo', [join(root, 'd')])
  expect(await folderTree(root).list('.')).toEqual([
    { name: 'a', kind: 'file' },
    { name: 'b', kind: 'directory' },
    { name: 'c', kind: 'symlink' },
    { name: 'd', kind: 'other' },
  ])
})

it('says so when a file grows or shrinks between listing and reading', async () => {
  const path = join(root, 'file')
  for (const later of ['longer than it was', 's']) {
    writeFileSync(path, 'as it was')
    const source = await folderTree(root).open('file')
    writeFileSync(path, later)
    const read = async () => {
      for await (const _ of source.open());
    }
    await expect(read()).rejects.toMatchObject({ code: 'source_changed' })
  }
})

it('reads a small file whole and a large one in pieces, to the same bytes', async () => {
  for (const sizeBytes of [0, 1, SMALL_FILE_BYTES, SMALL_FILE_BYTES + 1, 5 * SMALL_FILE_BYTES + 17]) {
    const bytes = Buffer.alloc(sizeBytes, 'some text that repeats ')
    writeFileSync(join(root, 'file'), bytes)
    const source = await folderTree(root).open('file')
    const whole = await source.whole?.()
    expect(whole === undefined).toBe(sizeBytes > SMALL_FILE_BYTES)
    if (whole) expect(bytes.equals(whole)).toBe(true)
    const chunks: Uint8Array[] = []
    for await (const chunk of source.open()) chunks.push(chunk.slice())
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
  }
})

it('does not mix up small files that are held at once', async () => {
  const tree = folderTree(root)
  const texts = Array.from({ length: 300 }, (_, at) => `file ${at} `.repeat(at * 10))
  for (const [at, text] of texts.entries()) writeFileSync(join(root, `f${at}`), text)
  const held = []
  for (const at of texts.keys()) held.push(await (await tree.open(`f${at}`)).whole?.())
  expect(held.map((bytes) => new TextDecoder().decode(bytes))).toEqual(texts)
})

it('looks at a path once, for all targets of a command', async () => {
  writeFileSync(join(root, 'file'), 'as it was')
  const tree = folderTree(root)
  const first = await tree.stat('file')
  writeFileSync(join(root, 'file'), 'longer than it was')
  expect(await tree.stat('file')).toBe(first)
  const source = await tree.open('file')
  expect(() => source.whole?.()).toThrow('changed while it was read')
})

it('keeps what it has read for the next reader, up to its bound, and no file larger than a megabyte', async () => {
  const sizes = { small: 1000, middle: 300_000, large: 1_100_000, late: 900_000 }
  for (const [name, sizeBytes] of Object.entries(sizes)) writeFileSync(join(root, name), Buffer.alloc(sizeBytes, name))
  const tree = folderTree(root, { keptBytes: 1_000_000 })
  const wholeOf = async (name: string) => (await tree.open(name)).whole?.()
  const first = [await wholeOf('small'), await wholeOf('middle')]
  expect(first.map((bytes) => bytes?.length)).toEqual([1000, 300_000])
  expect(await wholeOf('large')).toBeUndefined()
  // There is not enough left for it: it comes in pieces.
  expect(await wholeOf('late')).toBeUndefined()
  expect([await wholeOf('small'), await wholeOf('middle')].every((bytes, at) => bytes === first[at])).toBe(true)
})
