// The ar archive against binutils' ar, and against broken ones.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { requirePrograms } from '../../test/support/required-programs.ts'
import { createBudget, packageLimits } from '../budget.ts'
import { AR_MAGIC, arMember, readArHeader, readArMagic } from './ar.ts'
import { collectBytes, concatBytes, sourceOf, utf8 } from './arrays.ts'
import { createReader } from './reader.ts'
import { StreamFault } from './stream-fault.ts'

const ARCHIVE = concatBytes([
  AR_MAGIC,
  arMember('debian-binary', utf8('2.0\n'), 1),
  arMember('odd', utf8('abc'), 1),
  arMember('last', utf8(''), 1),
])

const namesIn = async (bytes: Uint8Array): Promise<readonly string[]> => {
  const reader = createReader(sourceOf(bytes))
  await readArMagic(reader)
  const budget = createBudget(packageLimits(0))
  const names: string[] = []
  for (let member = await readArHeader(reader, budget); member; member = await readArHeader(reader, budget)) {
    names.push(`${member.name} ${(await collectBytes(reader.part(member.sizeBytes, member.name).source)).length}`)
    if (member.sizeBytes % 2 === 1) await reader.readUpTo(1)
  }
  return names
}

beforeAll(() => requirePrograms('ar'))

it('is listed by ar', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ar-'))
  try {
    writeFileSync(join(folder, 'a.ar'), ARCHIVE)
    expect(execFileSync('ar', ['t', join(folder, 'a.ar')], { encoding: 'utf8' })).toBe('debian-binary\nodd\nlast\n')
    expect(execFileSync('ar', ['p', join(folder, 'a.ar'), 'odd'], { encoding: 'utf8' })).toBe('abc')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('is read back', async () => expect(await namesIn(ARCHIVE)).toEqual(['debian-binary 4', 'odd 3', 'last 0']))

it.each([
  ['another file', utf8('PK\x03\x04 not an archive')],
  ['half a header', ARCHIVE.subarray(0, 30)],
  ['a member cut off', ARCHIVE.subarray(0, 70)],
  ['a negative size', concatBytes([AR_MAGIC, utf8(`${'x'.padEnd(48)}${'-5'.padEnd(10)}\`\n`)])],
  ['a header without its end mark', concatBytes([AR_MAGIC, utf8(`${'x'.padEnd(48)}${'5'.padEnd(10)}xx12345`)])],
])('refuses %s', async (_, bytes) => {
  await expect(namesIn(bytes)).rejects.toBeInstanceOf(StreamFault)
})
