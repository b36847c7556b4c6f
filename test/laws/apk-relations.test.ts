// What an index may hold of a stranger's .PKGINFO is what apk 2.14 and 3 both read, and read alike: relations made from a
// fixed seed, held against a second reading of apk's grammar (support/apk-grammar.ts), for there is no apk to ask.
import { fromUtf8 } from '@distropack/core/bytes/arrays.ts'
import { apkRows } from '@distropack/core/formats/apk/apkindex.ts'
import { apkEntrySchema, entryOf } from '@distropack/core/formats/apk/entry.ts'
import { pkginfoText } from '@distropack/core/formats/apk/pkginfo.ts'
import { apkRelation } from '@distropack/core/formats/apk/relations.ts'
import { describe, expect, it } from 'vitest'
import { type ApkReading, type ApkWord, isApkDependencyName, readByApk2, readByApk3 } from '../support/apk-grammar.ts'
import { createDice, spoil } from '../support/generate.ts'
import { helloSpec } from '../support/specs.ts'

const NAMES = ['foo', 'so:libz.so.1', 'cmd:[', 'pc:gtk+-3.0', '/bin/sh', '.hidden', 'py3.12:x', 'lib_x-dev+', 'G2']
const SIGNS = ['=', '>=', '<=', '<', '>', '~', '~=', '==', '><', '<>', '=>', '<<', '<=>', '>~', '<~', '=~']
const VERSIONS = [
  ...['1', '1.2', '1.2.3-r4', '1.2a', '1.2_rc1', '1_git20240101-r0', '1~abc', '1.2_p', '0.1', '1.00', '1.2a3', '1..2'],
  ...['1-r', '1-r1-r2', '1.2_pre1_p2', '1_foo', '1:2', '1'.repeat(17), '1'.repeat(18), '1_git1234567890123456789'],
  ...['1-r123456789012345678', '1a_rc', '1.0ab', '1.0_rc1a', 'v1', '1.2+git', '1.2-beta', '1.', '_rc1', '1_'],
]
const PIECES = [
  ...['!', '@', '@edge', '<', '=', '>', '~', '_', '.', '-', '-r', 'a', 'Z', '0', '+', '(', ')', '|', ',', 'é', '['],
  ...['"', ':', '/', '\t', '$', '\u0000', '\u0085', '\u200b', ' ', '\r', '日'],
]

const dice = createDice(20261128)
const { roll, pick } = dice

const word = (): string => {
  const plain = `${pick(['', '', '', '!'])}${pick(NAMES)}`
  return roll(4) === 0 ? plain : `${plain}${pick(SIGNS)}${pick(VERSIONS)}`
}
const relation = (): string => {
  let text = word()
  for (let more = roll(8) - 5; more > 0; more--) text += ` ${word()}`
  return roll(2) === 0 ? text : spoil(text, PIECES, dice)
}
/** A file's lines are trimmed before anybody reads a word. */
const cases = [...new Set(Array.from({ length: 4000 }, () => relation().trim()))].filter((text) => text !== '')

const entryWith = (key: string, value: string) =>
  entryOf({
    pkginfo: `pkgname = a\npkgver = 1.0-r0\narch = x86_64\n${key} = ${value}\ndatahash = ${'0'.repeat(64)}\n`,
    paths: [],
    controlSha1: '0'.repeat(40),
    controlOffset: 0,
    controlSizeBytes: 1,
  })

/** Nothing of the index: neither apk refuses it, they read the same, and something can be called so. */
const isUsable = (text: string): boolean => {
  const two = readByApk2(text)
  const three = readByApk3(text)
  if (two === 'refused' || three === 'refused') return false
  return JSON.stringify(two) === JSON.stringify(three) && isApkDependencyName(two.name) && !isSpoilt(two)
}

/** What apk 2.14 cannot write down again (apk_version_op_string), and what asks for a checksum in place of a version. */
const isSpoilt = ({ signs }: ApkWord): boolean => /[<>]/.test(signs) && (signs.includes('~') || /<.*>/.test(signs))

/** Words of one line: apk parts them at blanks and at line ends alone. */
const wordsOf = (text: string): readonly string[] => text.split(' ').filter((each) => each !== '')

/** Control characters end lines, and a name that begins with these no package or provider has. */
const isPlain = (text: string): boolean => !/[\p{Cc}\u2028\u2029]/u.test(text)
const beginsWell = (text: string): boolean => /^!?[A-Za-z0-9_./]/.test(text)

describe('a fuzz of relations in a finished package', () => {
  it('has both kinds in plenty', () => {
    const accepted = cases.filter((text) => entryWith('depend', text).ok)
    expect(accepted.length).toBeGreaterThan(500)
    expect(cases.length - accepted.length).toBeGreaterThan(500)
  })

  it('is taken exactly where both versions of apk read every word, and alike', () => {
    const disagreed = cases.filter((text) => {
      const isGood = isPlain(text) && wordsOf(text).every((each) => isUsable(each) && beginsWell(each))
      return entryWith('depend', text).ok !== isGood
    })
    expect(disagreed).toEqual([])
  })

  it.each([
    ['depend', 'D'],
    ['provides', 'p'],
    ['install_if', 'i'],
  ])('what is taken as %s stands in the index word by word', (key, letter) => {
    for (const text of cases.slice(0, 800)) {
      const entry = entryWith(key, text)
      if (!entry.ok) continue
      const whole = apkEntrySchema.parse({ ...entry.value, sizeBytes: 1, sha256: '0'.repeat(64) })
      const record = fromUtf8(apkRows(whole, ['apkindex/x86_64'])[0]!.bytes)
      const line = record.split('\n').find((each) => each.startsWith(`${letter}:`)) ?? ''
      expect(wordsOf(line.slice(2))).toEqual(wordsOf(text))
    }
  })
})

describe('a fuzz of relations in a manifest', () => {
  const OPERATORS = [
    ['=', '='],
    ['>=', '=>'],
    ['<=', '<='],
    ['<', '<'],
    ['>', '>'],
    ['<<', '<'],
    ['>>', '>'],
    ['~', '=~'],
  ] as const
  const both = (text: string): readonly ApkReading[] => [readByApk2(text), readByApk3(text)]

  it('every spelling of a name, an operator and a version is read by apk as these three', () => {
    for (let count = 0; count < 1500; count++) {
      const [name, [operator, signs], version] = [pick(NAMES), pick(OPERATORS), pick(VERSIONS)]
      const isConflict = roll(4) === 0
      const start = `${isConflict ? '!' : ''}${name}`
      const text = pick([
        `${start}${operator}${version}`,
        `${start} ${operator} ${version}`,
        `${start} (${operator} ${version})`,
        ` ${start}(${operator}${version}) `,
      ])
      const relation = apkRelation(text, 'depends.0')
      const isReadable = isUsable(`${name}${operator}${version}`)
      expect([text, relation.ok]).toEqual([text, isReadable])
      const expected = { name, isConflict, signs, version }
      if (relation.ok) expect(both(relation.value)).toEqual([expected, expected])
    }
  })

  it('a conflict is a dependency on absence, and says so once', () => {
    const fieldsOf = (conflicts: readonly string[]) =>
      pkginfoText(helloSpec({ relations: { ...helloSpec().relations, conflicts } }), {
        installedSizeBytes: 1,
        dataHash: '',
      })
    const made = fieldsOf(['bar', 'baz<2'])
    expect(made.ok && made.value).toContain('depend = !bar\ndepend = !baz<2\n')
    expect(fieldsOf(['!bar'])).toMatchObject({ ok: false, error: [{ code: 'field_invalid' }] })
    for (const key of ['provides.0', 'replaces.0']) expect(apkRelation('!bar', key).ok).toBe(false)
  })

  it('what is taken of anything is one word that both read', () => {
    for (const text of cases) {
      const relation = apkRelation(text, 'depends.0')
      if (relation.ok)
        expect([text, relation.value.includes(' '), isUsable(relation.value)]).toEqual([text, false, true])
    }
  })
})
