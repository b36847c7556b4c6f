// Our order of versions against rpm's own, pair by pair.
import { execFileSync } from 'node:child_process'
import { beforeAll, expect, it } from 'vitest'
import { requirePrograms } from '../../../test/support/required-programs.ts'
import { compareRpmVersions, parseEvr } from './compare.ts'

const NASTY = [
  '0',
  '00',
  '0.0',
  '0-0',
  '0:0',
  '1',
  '01',
  '1.0',
  '1.00',
  '1..0',
  '1.0-1',
  '1.0-01',
  '1.0-1.1',
  '1.0-1~',
  '1.0-1~rc1',
  '1.0-1^',
  '1.0~',
  '1.0~~',
  '1.0~~a',
  '1.0~rc1',
  '1.0~rc10',
  '1.0~rc2',
  '1.0~rc1-1',
  '1.0~rc1^git1',
  '1.0^',
  '1.0^^',
  '1.0^~',
  '1.0~^',
  '1.0^git1',
  '1.0^git1~pre',
  '1.0^20240101',
  '1.0.1^git',
  '1.0+git',
  '1.0+git1',
  '1.0+',
  '1.0_',
  '1.0_1',
  '1.0a',
  '1.0b',
  '1.0.a',
  '1.0.',
  '1.0.1',
  '1.0.10',
  '1.0.2',
  '1.10',
  '1.9',
  '1:0.1',
  '2:0~',
  ':1.0',
  '0:1.0',
  '10',
  '9',
  '1a1',
  '1a10',
  '1A',
  '1.a',
  'a',
  'A',
  'z1',
  '20240101',
  '20240101.1',
  '1.0-0.1.rc1.el9',
  '1.0-1.fc40',
  '1.0-1.el9_2',
  '999999999999999999999',
  '1000000000000000000000',
  '0001000000000000000000000',
  '18446744073709551616',
]

beforeAll(() => requirePrograms('rpm'))

it('is rpm.vercmp of rpm itself, for every pair', () => {
  const pairs = NASTY.flatMap((a) => NASTY.map((b) => [a, b] as const))
  const list = pairs.map(([a, b]) => `{"${a}","${b}"}`).join(',')
  const script = `for _,p in ipairs({${list}}) do print(rpm.vercmp(p[1],p[2]).."\\n") end`
  const theirs = execFileSync('rpm', ['--eval', `%{lua:${script}}`], { encoding: 'utf8', maxBuffer: 1 << 24 })
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
  expect(theirs).toHaveLength(pairs.length)
  const wrong = pairs.filter(([a, b], at) => Math.sign(compareRpmVersions(a, b)) !== theirs[at])
  expect(wrong).toEqual([])
})

it('splits a version into epoch, version and release', () => {
  expect(parseEvr('2:1.0~rc1-3.fc40')).toEqual({ epoch: '2', version: '1.0~rc1', release: '3.fc40' })
  expect(parseEvr('1.0')).toEqual({ epoch: '0', version: '1.0', release: undefined })
})
