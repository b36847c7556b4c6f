// Our order of versions against dpkg's own, pair by pair.
import { execFileSync } from 'node:child_process'
import { beforeAll, expect, it } from 'vitest'
import { requirePrograms } from '../../test/support/required-programs.ts'
import { compareDpkgVersions } from './dpkg-version.ts'

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
  '1.0-1',
  '1.0-01',
  '1.0-1.1',
  '1.0-1~',
  '1.0-1~rc1',
  '1.0~',
  '1.0~~',
  '1.0~~a',
  '1.0~rc1',
  '1.0~rc10',
  '1.0~rc2',
  '1.0~rc1-1',
  '1.0+git',
  '1.0+git1',
  '1.0+',
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
  '10',
  '9',
  '1.0-alpha',
  '1.0-beta-1',
  '1a1',
  '1a10',
  '1A',
  '1.a',
  '1.+',
  '1.-',
  '20240101',
  '20240101.1',
  '1.0-0ubuntu1',
  '1.0-1ubuntu1',
  '1.0-1+deb12u1',
  '1.0-1~bpo12+1',
  '999999999999999999999',
  '1000000000000000000000',
  '0001000000000000000000000',
].filter((version) => !version.endsWith('-'))

const sign = (value: number): string => (value < 0 ? 'lt' : value > 0 ? 'gt' : 'eq')

beforeAll(() => requirePrograms('bash', 'dpkg'))

it('agrees with dpkg --compare-versions on more than a thousand pairs', () => {
  const pairs = NASTY.flatMap((a, at) => NASTY.slice(at).map((b) => [a, b] as const))
  expect(pairs.length).toBeGreaterThan(1000)
  // One Perl process with dpkg's own comparison would be dpkg's second implementation; the C one is what installs.
  const script =
    'while read -r a b; do if dpkg --compare-versions "$a" lt "$b"; then echo lt; elif dpkg --compare-versions "$a" gt "$b"; then echo gt; else echo eq; fi; done'
  const answers = execFileSync('bash', ['-c', script], {
    input: `${pairs.map((pair) => pair.join(' ')).join('\n')}\n`,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ours = pairs.map(([a, b]) => `${a} ${sign(compareDpkgVersions(a, b))} ${b}`)
  expect(ours).toEqual(
    answers
      .trim()
      .split('\n')
      .map((answer, at) => `${pairs[at]![0]} ${answer} ${pairs[at]![1]}`),
  )
  expect(pairs.map(([a, b]) => sign(compareDpkgVersions(b, a)))).toEqual(
    pairs.map(([a, b]) => sign(-compareDpkgVersions(a, b))),
  )
})
