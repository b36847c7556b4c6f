// apk's order of versions. No distribution here has an apk binary: apk-tools' own table of pairs comes with a Debian
// package, and a second one is written by hand from apk-package(5) and the behaviour of apk-tools' src/version.c, each
// line one rule seen from one side.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { requirePrograms } from '../../../test/support/required-programs.ts'
import { apkVersion, compareApkVersions, isApkVersion, isPortableApkVersion } from './version.ts'

const TABLE = `
1 = 1                 1 < 2                 2 < 10                9 < 10               1.0 = 1.0
1.0 < 1.1             1.9 < 1.10            1.2 < 1.2.1           1.2.1 < 1.3          1 < 1.0
01 = 1                1.01 < 1.1            1.01 < 1.010          1.09 < 1.1           1.0 < 1.00
1.010 < 1.02          1.0.0 < 1.0.1         1.2.3 < 1.2.3a        1.2.3a < 1.2.3b      1.2.3z < 1.2.4
1.2a < 1.2.1          1a < 1b               1 < 1a                1.0_alpha < 1.0      1.0_beta < 1.0
1.0_pre < 1.0         1.0_rc < 1.0          1.0_alpha < 1.0_beta  1.0_beta < 1.0_pre   1.0_pre < 1.0_rc
1.0 < 1.0_cvs         1.0 < 1.0_svn         1.0 < 1.0_git         1.0 < 1.0_hg         1.0 < 1.0_p
1.0_cvs < 1.0_svn     1.0_svn < 1.0_git     1.0_git < 1.0_hg      1.0_hg < 1.0_p       1.0_rc < 1.0_p
1.0_rc1 < 1.0_rc2     1.0_rc9 < 1.0_rc10    1.0_rc < 1.0_rc1      1.0_p1 < 1.0_p2      1.0_p < 1.0_p1
1.0_alpha1 < 1.0_alpha2  1.0_alpha2 < 1.0_beta1  1.0_rc1 < 1.0     1.0 < 1.0_p0         1.0_alpha = 1.0_alpha
1.0-r0 < 1.0-r1       1.0-r9 < 1.0-r10      1.0 < 1.0-r0          1.0-r0 < 1.0.1-r0    1.0-r5 < 1.1-r0
1.0_rc1-r5 < 1.0-r0   1.0_rc1 < 1.0-r0      1.0_alpha-r1 < 1.0_beta-r0  1.0-r0 < 1.0_p1-r0  1.0_p1-r0 < 1.0_p1-r1
1.0a-r0 < 1.0b-r0     1.0-r0 < 1.0a-r0      1.0_git1-r0 < 1.0_git2-r0  1.0_git20230101 < 1.0_git20240101  1.0_rc1_git1 < 1.0
1.0_rc1 < 1.0_rc1_git1  1.0_rc1_git1 < 1.0_rc2  1.0_p1 < 1.0_p1_git1  1.0_alpha_rc < 1.0_alpha  1.0_alpha1_rc2 < 1.0_alpha1
1.0~abc < 1.0~abd     1.0~abc = 1.0~abc     1.0 < 1.0~abc         1.0_rc1~abc < 1.0    1.0~abc < 1.0.1
1.0~abc-r0 < 1.0~abc-r1  2024 < 2025        20240101 < 20240102   2024.1 < 2024.10     2024.01 < 2024.1
0 < 0.1               0.0.1 < 0.1           0 < 1                 0.9 < 1.0            0.1_alpha1 < 0.1
0.1_alpha1 < 0.1_alpha1-r1  3.0.0_rc1-r3 < 3.0.0-r0  3.0.0_rc1-r3 < 3.0.0_rc2-r0  2.14.4-r0 < 3.0.0_pre1-r0  1.36.1-r19 < 1.36.1-r20
1.2.3_git20240131-r0 < 1.2.4_alpha-r0  6.6.58-r0 < 6.12.1-r0  9.8_p1-r1 < 9.9_p1-r0  9.8_p1-r1 < 9.8_p2-r0  1.1.1w-r0 < 3.0.0-r0
1.1.1v-r0 < 1.1.1w-r0  1.99999999999999999999 < 1.100000000000000000000  00 = 0  1.5.2a < 1.5.2b-r0  0.7_p1 < 0.7.1  1-r00 = 1-r0  1_rc01 = 1_rc1
`
const PAIRS = [...TABLE.matchAll(/(\S+) ([<=]) (\S+)/g)].map(([, a, operator, b]) => [a!, operator!, b!] as const)

it('has a table of more than a hundred pairs', () => expect(PAIRS.length).toBeGreaterThan(100))

it.each(PAIRS)('%s %s %s', (a, operator, b) => {
  const expected = operator === '=' ? 0 : -1
  expect([Math.sign(compareApkVersions(a, b)), Math.sign(compareApkVersions(b, a))]).toEqual([
    expected,
    expected === 0 ? 0 : 1,
  ])
  expect([isApkVersion(a), isApkVersion(b)]).toEqual([true, true])
})

/** Its cases are apk-tools' test/version.data, line by line. */
const THEIRS = '/usr/share/gocode/src/github.com/knqyf263/go-apk-version/version_testcase.go'

it('agrees with apk-tools’ own table of more than seven hundred pairs', () => {
  requirePrograms('/usr/share/gocode/src/github.com/knqyf263/go-apk-version/version_testcase.go')
  const cases = [...readFileSync(THEIRS, 'utf8').matchAll(/^\s*\{"([^"]+)", "([<=>])", "([^"]+)"\}/gm)]
  expect(cases.length).toBeGreaterThan(700)
  const sign = (value: number): string => (value < 0 ? '<' : value > 0 ? '>' : '=')
  const ours = cases.map(([, a, , b]) => `${a} ${sign(compareApkVersions(a!, b!))} ${b}`)
  expect(ours).toEqual(cases.map(([, a, operator, b]) => `${a} ${operator} ${b}`))
  // Two of them are no versions: apk orders such by their text, and so do we; all others we know as versions.
  const invalid = new Set(cases.flatMap(([, a, , b]) => [a!, b!]).filter((version) => !isApkVersion(version)))
  expect([...invalid]).toEqual(['23_foo', '1.0bc'])
})

it('is an order: sorting does not depend on where it starts', () => {
  const versions = [...new Set(PAIRS.flatMap(([a, , b]) => [a, b]))]
  const sorted = [...versions].sort(compareApkVersions)
  const reversed = [...versions].reverse().sort(compareApkVersions)
  for (const [at, version] of sorted.entries()) expect(compareApkVersions(version, reversed[at]!)).toBe(0)
})

describe('a version apk refuses', () => {
  it.each([
    '',
    'v1',
    'a',
    '1.',
    '1..2',
    '1.0ab',
    '1.0_',
    '1.0_foo',
    '1.0_none',
    '1.0_rc.1',
    '1.0-1',
    '1.0-r',
    '1.0-r1-r2',
    '1.0-r1_p1',
    '1.0+git',
    '1:1.0',
    '1.0~',
    '1.0~xyz',
    '1.0~abc_rc',
    '1 .0',
    '1.0\n',
    '1.0a.1',
    '1.0-rc1',
    '1.0_p1-pgit',
  ])('%j', (version) => expect(isApkVersion(version)).toBe(false))
})

describe('versions of a manifest', () => {
  it.each([
    [{ version: '1.2.3' }, '1.2.3'],
    [{ version: '1.2.3', release: '4' }, '1.2.3-r4'],
    [{ version: '1.2.3', release: 'r4' }, '1.2.3-r4'],
    [{ version: '1.2.3', prerelease: 'rc1' }, '1.2.3_rc1'],
    [{ version: '1.2.3', prerelease: 'rc.1' }, '1.2.3_rc1'],
    [{ version: '1.2.3', prerelease: 'beta-2', release: '0' }, '1.2.3_beta2-r0'],
    [{ version: '0.0.0', prerelease: 'dev' }, '0.0.0_pre'],
    [{ version: '1.2.3', prerelease: 'SNAPSHOT' }, '1.2.3_pre'],
    [{ version: '1.2.3', prerelease: 'nightly.20240131' }, '1.2.3_pre20240131'],
    [{ version: '1.2.3', metadata: 'git20240131' }, '1.2.3_git20240131'],
    [{ version: '1.2.3', metadata: '7', prerelease: 'alpha', release: '1' }, '1.2.3_alpha_p7-r1'],
    [{ version: '1.2.3', epoch: 3 }, '1.2.3'],
  ])('%j becomes %s', (parts, version) => {
    expect(apkVersion(parts)).toBe(version)
    expect(isPortableApkVersion(version)).toBe(true)
  })

  it.each([
    { version: '1.2.3', prerelease: 'weird' },
    { version: '1.2.3', metadata: 'deadbeef' },
    { version: '1.2.3', prerelease: 'dev.1.2' },
  ])('%j has no form in apk', (parts) => expect(isPortableApkVersion(apkVersion(parts))).toBe(false))

  it('keep a prerelease below its release and a patch above (pitfall 24)', () => {
    const rank = (parts: Parameters<typeof apkVersion>[0]) => apkVersion(parts)
    expect(
      compareApkVersions(
        rank({ version: '1.0', prerelease: 'rc1', release: '9' }),
        rank({ version: '1.0', release: '0' }),
      ),
    ).toBeLessThan(0)
    expect(compareApkVersions(rank({ version: '1.0', metadata: 'git1' }), rank({ version: '1.0' }))).toBeGreaterThan(0)
  })
})
