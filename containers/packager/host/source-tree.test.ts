import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { folderTree } from './source-tree.ts'

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
