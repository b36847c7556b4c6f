// Our grammar of rich dependencies against rpm's parser: what one takes, the other takes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { requirePrograms } from '../../../test/support/required-programs.ts'
import { isRichDependency } from './rich.ts'

let folder: string
beforeAll(() => {
  requirePrograms('rpmspec')
  folder = mkdtempSync(join(tmpdir(), 'rich-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const doesRpmTake = (tag: string, relation: string): boolean => {
  const spec = join(folder, 'x.spec')
  const lines = ['Name: x', 'Version: 1', 'Release: 1', 'Summary: x', 'License: x', `${tag}: ${relation}`]
  writeFileSync(spec, `${lines.join('\n')}\n%description\nx\n%files\n`)
  return spawnSync('rpmspec', ['-q', spec], { env: { ...process.env, HOME: folder } }).status === 0
}

it.each([
  '(a or b)',
  '(a and b and c)',
  '(a and (b or c >= 2:1.0-3))',
  '(a if b else c)',
  '(a unless b)',
  '(a with b >= 1 with b < 2)',
  '(a without b)',
  '(a)',
  '(foo(x86-64) or bar)',
  '((a or b) and (c or d))',
  '( a or b )',
  '(a or b and c)',
  '(a if b if c)',
  '(a or)',
  '()',
  '(a or b',
  '(a b)',
  '(a or (b if c))',
  '(a and (b if c))',
  '(a and (b unless c))',
  '(a or (b unless c))',
  '((a and b) with c)',
  '((a or b) with c)',
  '(a if (b or (c and d)))',
  '((a if b) or c)',
  '((a if b) and (c or d))',
  '(a >= or b)',
  '(or a)',
])('%s', (relation) => {
  expect(isRichDependency(relation)).toBe(doesRpmTake('Requires', relation))
  expect(isRichDependency(relation, 'conflict')).toBe(doesRpmTake('Conflicts', relation))
})
