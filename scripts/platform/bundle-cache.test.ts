// What takes long is made once; what is stale, damaged or another's is made anew.
import { spawn } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Kept, keep, type Made } from './bundle-cache.ts'

let room: string
let source: string
let folder: string
let timesMade: number
/** A file that is edited while a text is made of it is not trusted: so much later, it is. */
const SETTLED_MS = 40

beforeEach(async () => {
  room = mkdtempSync(join(tmpdir(), 'distropack-kept-'))
  source = join(room, 'source')
  folder = join(room, 'kept')
  timesMade = 0
  writeFileSync(source, 'one')
  await sleep(SETTLED_MS)
})
afterEach(() => rmSync(room, { recursive: true, force: true }))

const make = async (inputs: readonly string[] = [source]): Promise<Kept> =>
  keep({
    name: 'text.mjs',
    folder,
    make: async () => {
      timesMade += 1
      return { text: `// of ${readFileSync(source, 'utf8')}\n`, inputs }
    },
  })

describe('a kept text', () => {
  it('is made once', async () => {
    const first = await make()
    expect(await make()).toEqual(first)
    expect([timesMade, first.text]).toEqual([1, '// of one\n'])
  })

  it('is made anew when a byte of its source is another, though length and time are the same', async () => {
    utimesSync(source, 1, 1)
    await sleep(SETTLED_MS)
    await make()
    writeFileSync(source, 'two')
    utimesSync(source, 1, 1)
    expect((await make()).text).toBe('// of two\n')
  })

  it('is made anew when a file comes or goes that has a part in it', async () => {
    const other = join(room, 'other')
    const inputs = [source, other]
    await make(inputs)
    writeFileSync(other, '')
    await sleep(SETTLED_MS)
    await make(inputs)
    expect(timesMade).toBe(2)
    await make(inputs)
    expect(timesMade).toBe(2)
    rmSync(other)
    await make(inputs)
    expect(timesMade).toBe(3)
  })

  it.each([
    ['cut off', (text: string) => text.slice(0, -20)],
    ['cut off before its label', (text: string) => text.slice(0, 5)],
    ['empty', () => ''],
    ['of other bytes', (text: string) => text.replace('of one', 'of two')],
    ['of a checkout in another place', (text: string) => text.replace('"root":"', '"root":"/elsewhere')],
    ['of another list of files', (text: string) => text.replace('"inputs":["', '"inputs":["/')],
  ])('is made anew when it is %s', async (_, damage) => {
    const { file = '' } = await make()
    const damaged = damage(readFileSync(file, 'utf8'))
    writeFileSync(file, damaged)
    expect((await make()).text).toBe('// of one\n')
    expect([timesMade, readFileSync(file, 'utf8') === damaged]).toEqual([2, false])
  })

  it.each([
    ['damaged', (file: string) => writeFileSync(file, 'export const x = 2')],
    ['gone', (file: string) => rmSync(file)],
  ])('is made anew when a part of it is %s', async (_, damage) => {
    const text = `import './part-1.mjs'`
    const makeParts = () => keep({ name: 'text.mjs', folder, make: async () => made() })
    const made = (): Made => {
      timesMade += 1
      return { text, inputs: [source], parts: { 'part-1.mjs': 'export const x = 1' } }
    }
    await makeParts()
    await makeParts()
    expect(timesMade).toBe(1)
    damage(join(folder, 'part-1.mjs'))
    expect((await makeParts()).text).toBe(text)
    expect([timesMade, readFileSync(join(folder, 'part-1.mjs'), 'utf8')]).toEqual([2, 'export const x = 1'])
  })

  it('is not kept when its source changes while it is made', async () => {
    const made = await keep({
      name: 'text.mjs',
      folder,
      make: async () => {
        const text = readFileSync(source, 'utf8')
        writeFileSync(source, 'two')
        return { text, inputs: [source] }
      },
    })
    expect(made).toEqual({ text: 'one' })
    expect((await make()).text).toBe('// of two\n')
  })

  it('is made each time where nothing can be written', async () => {
    writeFileSync(folder, 'a file in the place of the folder')
    expect(await make()).toEqual({ text: '// of one\n' })
    expect(await make()).toEqual({ text: '// of one\n' })
  })

  it('can be run', async () => {
    const { file = '' } = await make()
    chmodSync(file, 0o755)
    const child = spawn(process.execPath, [file])
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  })

  it('is whole when many make it at once, and they leave nothing else behind', async () => {
    mkdirSync(folder)
    const made = await Promise.all(Array.from({ length: 20 }, () => make()))
    expect(new Set(made.map(({ text }) => text))).toEqual(new Set(['// of one\n']))
    expect(readdirSync(folder)).toEqual(['text.mjs'])
    timesMade = 0
    await make()
    expect(timesMade).toBe(0)
  })
})
