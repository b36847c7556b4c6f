import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withWorkRoom } from './build-package.ts'
import { fileSpool, hashedFileSink, openSeekable } from './files.ts'

let room: string
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'files-'))
})
afterEach(() => rmSync(room, { recursive: true, force: true }))

const textOf = async (source: ByteSource): Promise<string> => {
  let text = ''
  for await (const chunk of source) text += Buffer.from(chunk).toString()
  return text
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

it('a sink writes a new file and knows its hash', async () => {
  const sink = await hashedFileSink(join(room, 'a'))
  await sink.write(bytes('ab'))
  await sink.write(bytes('c'))
  expect(await sink.finish()).toEqual({
    sizeBytes: 3,
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  })
  expect(readFileSync(join(room, 'a'), 'utf8')).toBe('abc')
})

it('a sink replaces nothing', async () => {
  writeFileSync(join(room, 'a'), 'mine')
  await expect(hashedFileSink(join(room, 'a'))).rejects.toThrow('EEXIST')
})

it('a sink takes nothing after the signal', async () => {
  const abort = new AbortController()
  const sink = await hashedFileSink(join(room, 'a'), abort.signal)
  abort.abort(new Error('enough'))
  await expect(sink.write(bytes('x'))).rejects.toThrow('enough')
  await sink.close()
})

it('a spool gives back what it was given, as often as it is asked', async () => {
  const spool = await fileSpool(join(room, 's'))
  await spool.write(bytes('ab'))
  await spool.write(bytes('cd'))
  expect(spool.sizeBytes).toBe(4)
  expect([await textOf(spool.read()), await textOf(spool.read())]).toEqual(['abcd', 'abcd'])
  await spool.close()
})

it('a seekable file is read anywhere, and no further than its end', async () => {
  writeFileSync(join(room, 'f'), '0123456789')
  const file = await openSeekable(join(room, 'f'))
  expect(Buffer.from(await file.read(2, 3)).toString()).toBe('234')
  expect(Buffer.from(await file.read(8, 100)).toString()).toBe('89')
  expect(await file.read(20, 5)).toHaveLength(0)
  expect(await textOf(file.stream(7))).toBe('789')
  expect(await textOf(file.stream(1, 2))).toBe('12')
  await file.close()
})

it('a work room is gone afterwards, also when its work fails', async () => {
  const saved = process.env.TMPDIR
  process.env.TMPDIR = room
  try {
    const work = withWorkRoom(async (path) => {
      writeFileSync(join(path, 'x'), '')
      throw new Error('failed')
    })
    await expect(work).rejects.toThrow('failed')
    expect(readdirSync(room)).toEqual([])
  } finally {
    if (saved === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = saved
  }
})
