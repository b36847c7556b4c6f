import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { requirePrograms } from '../../test/support/required-programs.ts'
import { concatBytes, fromUtf8, utf8 } from './arrays.ts'
import { CPIO_END, CPIO_MAX_FILE_BYTES, cpioHeader, cpioPadding, cpioStrippedHeader } from './cpio.ts'

const common = { inode: 1, mode: 0o100644, mtimeSeconds: 1_700_000_000 }

beforeAll(() => requirePrograms('cpio'))

it('is an archive that cpio unpacks, whatever the lengths of names and files', () => {
  const bodies = ['', 'a', 'ab', 'abc', 'abcd', 'x'.repeat(1001)]
  const archive = concatBytes([
    ...bodies.flatMap((body, at) => [
      cpioHeader({ ...common, name: `./${'n'.repeat(at + 1)}-ü`, inode: at + 1, sizeBytes: body.length }),
      utf8(body),
      cpioPadding(body.length),
    ]),
    CPIO_END,
  ])
  expect(archive.length % 4).toBe(0)
  const folder = mkdtempSync(join(tmpdir(), 'cpio-'))
  execFileSync('cpio', ['-i', '--quiet', '-m'], { cwd: folder, input: archive })
  expect(bodies.map((_, at) => readFileSync(join(folder, `${'n'.repeat(at + 1)}-ü`), 'utf8'))).toEqual(bodies)
  rmSync(folder, { recursive: true })
})

it('refuses a size that eight hex digits cannot hold, which a stripped header has no need of', () => {
  expect(() => cpioHeader({ ...common, name: './x', sizeBytes: CPIO_MAX_FILE_BYTES + 1 })).toThrow(RangeError)
  expect(fromUtf8(cpioStrippedHeader(255))).toBe('07070X000000ff\0\0')
})
