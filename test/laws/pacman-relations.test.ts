// A relation that is taken says to pacman what it says to us, and one that is refused makepkg refuses, too: relations made
// from a fixed seed, asked of pacman itself (`pacman -T` over lists of installed packages) and of makepkg's own checks.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isPackageName } from '@distropack/core/formats/arch/names.ts'
import { archProvision, archRelation, archWordTrouble } from '@distropack/core/formats/arch/relations.ts'
import { compareArchVersions, isArchVersion } from '@distropack/core/formats/arch/version.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDice, spoil } from '../support/generate.ts'
import { requirePrograms } from '../support/required-programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'distropack-pacman-relations-'))
beforeAll(() => requirePrograms('bash', 'makepkg', 'pacman'))
afterAll(() => rmSync(folder, { recursive: true }))

const NAMES = ['foo', 'lib32-x_y', 'libz.so', 'G2+', 'ttf@x', '_a', '7zip']
const OPERATORS = ['=', '>=', '<=', '<', '>'] as const
const VERSIONS = [
  '1',
  '1.2',
  '1.2-3',
  '2:0.1',
  '1:1.2-1',
  '1.2rc1',
  '1-64',
  '20240101',
  '1.2.3.r4.gabc',
  '0',
  'A.b',
  '1~x',
  '_1',
]
const ODD_OPERATORS = ['==', '=<', '=>', '<<', '>>', '<>', '!=', '~', '~=', ' = ', '>= ', '=-']
const PIECES = [
  ...[
    '<',
    '>',
    '=',
    '!',
    ' ',
    ': ',
    ':',
    '/',
    '-',
    '.',
    '@',
    '+',
    '_',
    '~',
    '(',
    ')',
    '|',
    ',',
    '%',
    '"',
    '$',
    "'",
    '[',
  ],
  ...['é', '日', '\t', '\u0001', '\u0085', '\u200b', 'a', '0', '*'],
]
const dice = createDice(20261129)
const { roll, pick } = dice

interface Word {
  readonly name: string
  readonly operator: string
  readonly version: string
}
const draw = (): Word => {
  const operator = roll(4) === 0 ? '' : pick(OPERATORS)
  return { name: pick(NAMES), operator, version: operator === '' ? '' : pick(VERSIONS) }
}
const written = ({ name, operator, version }: Word): string => `${name}${operator}${version}`
const draws = Array.from({ length: 400 }, draw)
const fuzz = Array.from({ length: 900 }, () => {
  const { name, version } = draw()
  const text = roll(3) === 0 ? `${name}${pick(ODD_OPERATORS)}${version || '1'}` : written(draw())
  return (roll(3) === 0 ? text : spoil(text, PIECES, dice)).trim()
})
const cases = [...new Set([...draws.map(written), ...fuzz])].filter((text) => text !== '')

/** Every name at this version. */
const installed = (version: string): string => {
  const place = mkdtempSync(join(folder, 'db-'))
  for (const name of NAMES) {
    const release = version.includes('-') ? version : `${version}-1`
    mkdirSync(join(place, 'local', `${name}-${release}`), { recursive: true })
    const desc = `%NAME%\n${name}\n\n%VERSION%\n${release}\n\n%ARCH%\nany\n\n`
    writeFileSync(join(place, 'local', `${name}-${release}`, 'desc'), desc)
    writeFileSync(join(place, 'local', `${name}-${release}`, 'files'), '%FILES%\n')
  }
  writeFileSync(join(place, 'local', 'ALPM_DB_VERSION'), '9\n')
  return place
}

/** Those that pacman says nothing installed answers. */
const unanswered = (place: string, words: readonly string[]): ReadonlySet<string> => {
  const asked = spawnSync('pacman', ['--config', '/dev/null', '--dbpath', place, '-T', '--', ...words], {
    encoding: 'utf8',
  })
  if (asked.status !== 0 && asked.status !== 127) throw new Error(asked.stderr)
  return new Set(asked.stdout.split('\n'))
}

const HOLDS: Readonly<Record<string, (order: number) => boolean>> = {
  '': () => true,
  '=': (order) => order === 0,
  '>=': (order) => order >= 0,
  '<=': (order) => order <= 0,
  '<': (order) => order < 0,
  '>': (order) => order > 0,
}

/** A word's three parts, as it was meant. */
const partsOf = (text: string): Word => {
  const [, name = '', operator = '', version = ''] = /^([^<>=]*)([<>=]*)(.*)$/s.exec(text) ?? []
  return { name, operator, version }
}

/**
 * makepkg's own checks (lint_pkgbuild/*.sh) over words with a NUL behind each. Without what they say to people, and without
 * the search through a PKGBUILD: for these they start several processes a word.
 */
const MAKEPKG_CHECKS = `
for name in depends provides pkgname fullpkgver epoch pkgrel pkgver; do
  eval "$(sed -e 's/$(gettext "[^"]*")//' -e 's/$(shopt -p extglob)/:/' -ne '/^[a-z_]*() {/,/^}/p' \
    "/usr/share/makepkg/lint_pkgbuild/$name.sh")"
done
get_pkgbuild_all_split_attributes() { printf -v "$2[0]" %s "$word"; }
error() { :; }
while IFS= read -r -d '' word; do
  verdict=
  lint_depends && verdict+=d
  lint_provides && verdict+=p
  echo "=$verdict"
done`

/** pacman cuts at the first `<`, or else `>`, or else `=` (deps.c), where makepkg cuts at the first of them. */
const isPossible = (text: string): boolean => {
  const sign = ['<', '>', '='].find((each) => text.includes(each))
  if (sign === undefined) return true
  const version = text.slice(text.indexOf(sign) + 1).replace(sign === '=' ? '' : /^=/, '')
  if (!isPackageName(text.slice(0, text.indexOf(sign)))) return false
  return isArchVersion(version) || isArchVersion(`${version}-1`)
}

interface Verdict {
  readonly depends: boolean
  readonly provides: boolean
}
const makepkgSays = (words: readonly string[]): readonly Verdict[] => {
  const input = words.map((word) => `${word}\0`).join('')
  const said = spawnSync('bash', ['-O', 'extglob', '-c', MAKEPKG_CHECKS], { input, encoding: 'utf8' })
  if (said.status !== 0) throw new Error(said.stderr)
  const lines = said.stdout.trim().split('\n')
  return lines.map((line) => ({ depends: line.includes('d'), provides: line.includes('p') }))
}

describe('a fuzz of relations', () => {
  const taken = cases.filter((text) => archWordTrouble('depend', text) === undefined)

  it('has both kinds in plenty', () => {
    expect(taken.length).toBeGreaterThan(300)
    expect(cases.length - taken.length).toBeGreaterThan(300)
  })

  it.each(['0-1', '1.2-3', '2:0.1-1', '9:9-9'])(
    'what is taken, pacman answers as we mean it, with %s installed',
    (version) => {
      const missing = unanswered(installed(version), taken)
      const disagreed = taken.filter((text) => {
        const { name, operator, version: wanted } = partsOf(text)
        const isAnswered = NAMES.includes(name) && HOLDS[operator]!(compareArchVersions(version, wanted))
        return isAnswered === missing.has(text)
      })
      expect(disagreed).toEqual([])
    },
  )

  it('what is refused, makepkg refuses, or pacman reads it as what no package can be', () => {
    const verdicts = makepkgSays(cases)
    expect(verdicts).toHaveLength(cases.length)
    const disagreed = cases.filter((text, at) => {
      const { depends, provides } = verdicts[at]!
      const isMeaningful = isPossible(text)
      return (
        (depends && isMeaningful && archWordTrouble('depend', text)) ||
        (provides && isMeaningful && archWordTrouble('provides', text))
      )
    })
    expect(disagreed).toEqual([])
  })

  it('what a manifest says is taken where it is a relation, in pacman’s own spelling', () => {
    for (const { name, operator, version } of draws) {
      const debian = operator === '<' || operator === '>' ? `${operator}${operator}` : operator
      const spellings = [
        `${name}${operator}${version}`,
        ` ${name} ${operator} ${version} `,
        ...(operator === '' ? [] : [`${name} (${operator} ${version})`, `${name} (${debian} ${version})`]),
      ]
      const value = written({ name, operator, version })
      for (const text of spellings) {
        expect([text, archRelation(text, 'depends.0')]).toEqual([text, { ok: true, value }])
        expect(archProvision(text, 'provides.0').ok).toBe(operator === '' || operator === '=')
      }
    }
  })

  it('what a manifest says otherwise is refused, or read as one relation that a package may have', () => {
    for (const text of cases) {
      const relation = archRelation(text, 'depends.0')
      if (relation.ok) expect([text, archWordTrouble('depend', relation.value)]).toEqual([text, undefined])
    }
  })
})
