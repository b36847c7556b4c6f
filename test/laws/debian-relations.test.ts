// What an index may hold of a stranger's control file is what dpkg and apt both read, asked of dpkg and apt themselves:
// relations made from a fixed seed, and every accepted form in one list. One relation apt cannot read ends every apt
// command of its reader's machine.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8 } from '@distropack/core/bytes/arrays.ts'
import { entryOf } from '@distropack/core/formats/deb/entry.ts'
import { deb } from '@distropack/core/formats/deb/format.ts'
import { debRelations } from '@distropack/core/formats/deb/relations.ts'
import { renderFields } from '@distropack/core/text/deb822.ts'
import { collectWarnings, unheard } from '@distropack/core/warning.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDice } from '../support/generate.ts'
import { GOOD_RELATIONS, HEAD, stanzaOf, TAIL } from '../support/relation-forms.ts'
import { requirePrograms } from '../support/required-programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'distropack-relations-'))
beforeAll(() => requirePrograms('dpkg-deb', 'apt-get'))
afterAll(() => rmSync(folder, { recursive: true }))

/** dpkg's own parser of a package's control file, as an installation runs it. */
const dpkgTrouble = (control: string): string | undefined => {
  const room = join(folder, 'package')
  mkdirSync(join(room, 'DEBIAN'), { recursive: true })
  writeFileSync(join(room, 'DEBIAN/control'), control)
  const made = spawnSync('dpkg-deb', ['-Znone', '--root-owner-group', '-b', room, join(folder, 'x.deb')], {
    encoding: 'utf8',
  })
  return made.status === 0 ? undefined : made.stderr
}

/** apt over one list that has these stanzas and nothing of this machine. */
const aptTrouble = (stanzas: readonly string[]): string | undefined => {
  const status = join(folder, 'status')
  const installed = (stanza: string) => stanza.replace('\n', '\nStatus: install ok installed\n')
  writeFileSync(status, stanzas.map((stanza) => `${installed(stanza)}\n`).join(''))
  const settings = {
    'Dir::State::status': status,
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
  }
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const read = spawnSync('apt-cache', [...options, 'stats'], { encoding: 'utf8' })
  return read.status === 0 && !/^[EW]:/m.test(read.stderr) ? undefined : read.stderr
}

const FIELDS = ['Depends', 'Recommends', 'Conflicts', 'Breaks', 'Replaces', 'Provides', 'Enhances', 'Pre-Depends']

const BAD_NEEDS = [
  ...['libc6 >= 2.17', 'foo bar', 'a <!x>', 'libc6 [amd64]', 'libc6,, bash', 'libc6,', ',', 'a |', '| a', 'a || b'],
  ...['foo (>= )', 'foo ()', 'foo (>= 1', 'foo >= 1)', 'foo (>= 1) (<< 2)', 'foo (=> 1)', 'foo (!= 1)', 'foo (== 1)'],
  ...['foo (>= v1)', 'foo (>= 1_2)', 'foo (>= 1-)', 'foo (>= :1)', 'foo (>= a:1)', 'foo (>= 1 2)', 'foo:', 'foo:(1)'],
  ...['-foo', '(>= 1)', '$x', 'fóo', 'foo (<> 1)', 'foo (>= 99999999999:1)', 'foo (>= 1.0))', 'foo;bar', '\n foo'],
]
const BAD: readonly (readonly [field: string, value: string])[] = [
  ...BAD_NEEDS.map((value) => ['Depends', value] as const),
  ['Provides', 'foo (>= 1)'],
  ['Provides', 'foo | bar'],
  ['Conflicts', 'foo | bar'],
  ['Breaks', 'a (<< 1) | b'],
  ['Replaces', 'a | b'],
]

/** The stanza as the index has it; undefined when it is refused. */
const indexed = (control: string): string | undefined => {
  const entry = entryOf({ controlText: control, paths: [], estimatedKib: 1 }, unheard)
  return entry.ok ? `${renderFields(entry.value.control)}` : undefined
}

it.each(GOOD_RELATIONS)('takes %s: %j, as dpkg does', (field, value) => {
  expect(debRelations(field, value)?.ok).toBe(true)
  expect(dpkgTrouble(stanzaOf(field, value))).toBeUndefined()
})

it.each(BAD)('refuses %s: %j, as dpkg or apt does', (field, value) => {
  expect(debRelations(field, value)?.ok).toBe(false)
  const stanza = stanzaOf(field, value)
  expect(dpkgTrouble(stanza) ?? aptTrouble([stanza])).toBeDefined()
})

it('apt reads a list of every accepted form', () => {
  const stanzas = GOOD_RELATIONS.map(([field, value], at) => stanzaOf(field, value).replace('hostile', `hostile${at}`))
  expect(aptTrouble(stanzas.map((stanza) => indexed(stanza) ?? 'refused'))).toBeUndefined()
})

describe('a fuzz of relations', () => {
  const PIECES = ['foo', 'Bar', ':any', ' ', ', ', ' | ', '(', ')', ' (>= 1.2)', ' (= 1:2-3)', '>=', '<<', '=', '<']
  const MORE = ['1.0', '2~rc1-1', '-', '+', ' [amd64]', ' <!nocheck>', ',', '|', '_', '.', '\n ', '$', ':', '\t', 'é']
  const { roll, pick } = createDice(20261128)
  const word = (): string =>
    `${pick(['foo', 'Bar9', 'libc6', 'g++'])}${pick(['', '', ':any', ' (>= 1.2)', '(=1:2-3)', ' (<< 2~)'])}`
  /** A good one of several words, in half of the cases with a piece put in or taken out somewhere. */
  const relation = (): string => {
    let text = word()
    for (let more = roll(3); more > 0; more--) text += pick([', ', ',', ' | ', ',\n ']) + word()
    const at = roll(text.length + 1)
    if (roll(2) === 0) return text
    const piece = roll(3) > 0 ? pick([...PIECES, ...MORE]) : ''
    return text.slice(0, at) + piece + text.slice(piece === '' ? at + 1 : at)
  }
  const cases = Array.from({ length: 160 }, () => [pick(FIELDS), relation().trim()] as const)

  it('has both kinds in plenty', () => {
    const accepted = cases.filter(([field, text]) => debRelations(field, text)?.ok)
    expect(accepted.length).toBeGreaterThan(40)
    expect(cases.length - accepted.length).toBeGreaterThan(40)
  })

  it('what is taken, dpkg takes and apt reads as it is indexed; what is refused, one of them refuses', () => {
    const disagreed: string[] = []
    const taken: string[] = []
    for (const [field, text] of cases) {
      const control = stanzaOf(field, text)
      const stanza = indexed(control)
      const trouble = dpkgTrouble(control)
      if (stanza) taken.push(stanza.replace('hostile', `hostile${taken.length}`))
      if (stanza && trouble) disagreed.push(`taken: ${field}: ${JSON.stringify(text)}: ${trouble}`)
      if (!stanza && !trouble && !aptTrouble([control])) disagreed.push(`refused: ${field}: ${JSON.stringify(text)}`)
    }
    expect(disagreed).toEqual([])
    expect(aptTrouble(taken)).toBeUndefined()
  })
})

it('an entry of before this grammar cannot break a list when its index is made anew', () => {
  const entry = entryOf({ controlText: HEAD + TAIL, paths: [], estimatedKib: 1 }, unheard)
  if (!entry.ok) throw new Error(entry.error.message)
  const old = { ...entry.value, control: [...entry.value.control, ['Recommends', 'libc6 >= 2.17'] as [string, string]] }
  const rows = deb.repository.rows({ ...old, sizeBytes: 1, sha256: '0'.repeat(64) }, ['packages/amd64'], 'stable')
  expect(fromUtf8(rows[0]!.bytes)).not.toContain('Recommends')
})

it('a digest of the description that is none is not repeated: apt would read no list', () => {
  const bad = `${HEAD}Description-md5: zz\n${TAIL}`
  expect(dpkgTrouble(bad)).toBeUndefined()
  expect(aptTrouble([bad])).toContain('Malformed Description-md5')
  const entry = entryOf({ controlText: bad, paths: [], estimatedKib: 1 }, unheard)
  if (!entry.ok) throw new Error(entry.error.message)
  const rows = deb.repository.rows(
    { ...entry.value, sizeBytes: 1, sha256: '0'.repeat(64) },
    ['packages/amd64'],
    'stable',
  )
  expect(aptTrouble([fromUtf8(rows[0]!.bytes)])).toBeUndefined()
})

it('the longest control file that is taken is one apt reads, and a longer one is refused', () => {
  const described = (lines: number): string => HEAD + TAIL + ` ${'a'.repeat(1022)}\n`.repeat(lines)
  const longest = indexed(described(899)) ?? 'refused'
  expect(aptTrouble([longest, longest.replace('hostile', 'hostile2')])).toBeUndefined()
  const long = described(1024)
  expect(aptTrouble([long])).toBeDefined()
  expect(indexed(long)).toBeUndefined()
})

it('a control file of many fields is read in the time of its size', () => {
  const many = (count: number): string => Array.from({ length: count }, (_, at) => `X-${at}: y\n`).join('')
  const read = entryOf({ controlText: HEAD + many(60_000) + TAIL, paths: [], estimatedKib: 1 }, unheard)
  expect(read.ok && read.value.control).toHaveLength(60_005)
})

describe('a control file', () => {
  const lines = HEAD + TAIL
  it.each([
    ['Status', `${HEAD}Status: install ok installed\n${TAIL}`],
    ['an empty Status', `${HEAD}Status:\n${TAIL}`],
    ['Config-Version', `${HEAD}Config-Version: 1\n${TAIL}`],
    ['Triggers-Pending', `${HEAD}Triggers-Pending: x\n${TAIL}`],
    ['a comment at its start', `# comment\n${lines}`],
    ['a comment within', `${HEAD}# comment\n${TAIL}`],
    ['no line end at its end', lines.trimEnd()],
    ['a line of blanks', `${HEAD} \n${TAIL}`],
    ['an empty line of Windows', `${lines}\r\n`],
    ['a second paragraph', `${lines}\nPackage: other\n`],
    ['a field twice', `${HEAD}Version: 2\n${TAIL}`],
    ['a field of its own twice', `${HEAD}X-A: 2\nx-a: 3\n${TAIL}`],
    ['a field of one letter', `${HEAD}X: 2\n${TAIL}`],
    ['a field without a name', `${HEAD}: 2\n${TAIL}`],
    ['a field that begins with a hyphen', `${HEAD}-X: 2\n${TAIL}`],
    ['a line without a colon', `${HEAD}hello\n${TAIL}`],
    ['blanks at its start', ` ${lines}`],
    ['Essential: maybe', `${HEAD}Essential: maybe\n${TAIL}`],
    ['Multi-Arch: both', `${HEAD}Multi-Arch: both\n${TAIL}`],
    ['Multi-Arch: same for all', `${HEAD.replace('amd64', 'all')}Multi-Arch: same\n${TAIL}`],
    ['an empty Filename', `${HEAD}Filename:\n${TAIL}`],
    ['no version', lines.replace('Version: 1.0\n', '')],
    ['an empty version', lines.replace('Version: 1.0', 'Version:')],
    ['a version of letters', lines.replace('Version: 1.0', 'Version: v1')],
    ['a version with an underscore', lines.replace('Version: 1.0', 'Version: 1_0')],
    ['a version without a revision', lines.replace('Version: 1.0', 'Version: 1.0-')],
    ['a name with a blank', lines.replace('hostile', 'hos tile')],
    ['Ctrl-Z', `${HEAD}\x1a${TAIL}`],
  ])('with %s is refused, as dpkg refuses it', (_what, control) => {
    expect(indexed(control)).toBeUndefined()
    expect(dpkgTrouble(control)).toBeDefined()
  })

  it.each([
    ['an empty relation', `${HEAD}Provides:\n${TAIL}`, lines],
    ['an empty field of its own', `${HEAD}X-A: \t\n${TAIL}`, lines],
    ['Windows line ends', lines.replaceAll('\n', '\r\n'), lines],
    ['empty lines around it', `\n\n${lines}\n\n`, lines],
    ['a blank before the colon', lines.replace('Version:', 'Version  :'), lines],
    ['a folded relation', `${HEAD}Depends: a,\n b\n${TAIL}`, `${HEAD}Depends: a, b\n${TAIL}`],
    ['another case in a word', `${HEAD}Multi-Arch: Foreign\n${TAIL}`, `${HEAD}Multi-Arch: foreign\n${TAIL}`],
  ])('with %s is read as dpkg reads it', (_what, control, expected) => {
    expect(indexed(control)).toBe(expected)
    expect(dpkgTrouble(control)).toBeUndefined()
    expect(aptTrouble([expected])).toBeUndefined()
  })

  it.each(['any', 'linux-any', 'any-amd64', 'source', 'none'])('of the architecture %s is refused', (arch) => {
    expect(indexed(lines.replace('amd64', arch))).toBeUndefined()
  })

  it('that has a name in capitals is indexed as dpkg installs it, with a warning', () => {
    const { warn, warnings } = collectWarnings()
    const controlText = lines.replace('hostile', 'Hostile')
    const entry = entryOf({ controlText, paths: [], estimatedKib: 1 }, warn)
    expect(entry).toMatchObject({ ok: true, value: { name: 'hostile', fileName: 'hostile_1.0_amd64.deb' } })
    expect(warnings().map(({ code }) => code)).toEqual(['field_repaired'])
  })
})
