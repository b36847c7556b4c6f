import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { requirePrograms } from '../../test/support/required-programs.ts'
import { createBudget, packageLimits } from '../budget.ts'
import { collectBytes, concatBytes, fromUtf8, sourceOf, utf8 } from './arrays.ts'
import { CPIO_END, cpioHeader, cpioPadding, cpioStrippedHeader } from './cpio.ts'
import { readCpio, type StatedFile } from './cpio-read.ts'

beforeAll(() => requirePrograms('cpio'))

const common = { inode: 1, mode: 0o100644, mtimeSeconds: 1_700_000_000 }
const member = (name: string, body: string): Uint8Array =>
  concatBytes([cpioHeader({ ...common, name, sizeBytes: body.length }), utf8(body), cpioPadding(body.length)])

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const read = async (bytes: Uint8Array, stated?: StatedFile, pieceBytes = 7) => {
  const members: (readonly [string, string])[] = []
  const budget = createBudget(packageLimits(bytes.length))
  for await (const { name, body } of readCpio(inPieces(bytes, pieceBytes), budget, stated)) {
    members.push([name, fromUtf8(await collectBytes(body))])
  }
  return members
}

const MEMBERS = ['', 'a', 'ab', 'abc', 'abcd', 'x'.repeat(1001)].map(
  (body, at) => [`./${'n'.repeat(at + 1)}-ü`, body] as const,
)
const ARCHIVE = concatBytes([...MEMBERS.map(([name, body]) => member(name, body)), CPIO_END, new Uint8Array(300)])

it('an archive of ours is read as it was written, in pieces of any size', async () => {
  for (const pieceBytes of [1, 7, 512, 100_000]) expect(await read(ARCHIVE, undefined, pieceBytes)).toEqual(MEMBERS)
})

it.each(['newc', 'crc'])('an archive that cpio wrote as %s is read', async (form) => {
  const folder = mkdtempSync(join(tmpdir(), 'cpio-'))
  for (const [name, body] of MEMBERS) writeFileSync(join(folder, name), body)
  const input = MEMBERS.map(([name]) => `${name}\n`).join('')
  const archive = execFileSync('cpio', ['-o', '--quiet', '-H', form], {
    cwd: folder,
    input,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  rmSync(folder, { recursive: true })
  expect(await read(new Uint8Array(archive))).toEqual(MEMBERS.map(([name, body]) => [name.slice(2), body]))
})

it('a body that nobody reads is skipped', async () => {
  const names: string[] = []
  for await (const { name } of readCpio(sourceOf(ARCHIVE), createBudget(packageLimits(1)))) names.push(name)
  expect(names).toEqual(MEMBERS.map(([name]) => name))
})

it('stripped headers have names and sizes from elsewhere, and no number that is not there', async () => {
  const archive = concatBytes([cpioStrippedHeader(1), utf8('abc'), cpioPadding(3), cpioStrippedHeader(0), CPIO_END])
  const files = [
    { name: '/empty', sizeBytes: 0 },
    { name: '/three', sizeBytes: 3 },
  ]
  expect(await read(archive, (at) => files[at])).toEqual([
    ['/three', 'abc'],
    ['/empty', ''],
  ])
  await expect(read(archive)).rejects.toMatchObject({ code: 'package_corrupt' })
})

it('cut or changed anywhere is a fault or reads as something, and never a crash', async () => {
  const whole = ARCHIVE.subarray(0, ARCHIVE.length - 300)
  for (let end = 0; end < whole.length; end += 5) {
    await read(whole.subarray(0, end)).catch((error) => expect(error).toMatchObject({ code: 'package_corrupt' }))
  }
  for (let at = 0; at < whole.length; at += 3) {
    const changed = whole.slice()
    changed[at]! ^= 0x55
    await read(changed).catch((error) => expect(error.code).toMatch(/^package_corrupt$|^limit_exceeded$/))
  }
})

it('a name longer than a path may be is refused', async () => {
  await expect(read(member(`./${'x'.repeat(4100)}`, ''))).rejects.toMatchObject({ code: 'limit_exceeded' })
  await expect(read(member(`./${'x'.repeat(9000)}`, ''))).rejects.toMatchObject({ code: 'package_corrupt' })
})
