import { describe, expect, it } from 'vitest'
import { splitVersion } from '../manifest/version.ts'
import type { SpecVersion } from '../model/spec.ts'
import { FORMATS } from '../registry.ts'
import { findMeant, type PackageFile } from './meant.ts'

const fileOf = (name: string, format: string, version: string): PackageFile => ({
  id: `art_${name}-${format}-${version}`,
  format,
  name,
  version,
  fileName: `${name}-${version}.${format}`,
})

/** One version of a program as every format spells it. */
const everyFormat = (name: string, parts: SpecVersion): readonly PackageFile[] =>
  FORMATS.map(({ id, spellVersion }) => fileOf(name, id, spellVersion(parts)))

const semver = (version: string, more: Partial<SpecVersion> = {}): SpecVersion => ({
  ...splitVersion({ version, schema: 'semver' }),
  ...more,
})

const meant = (files: readonly PackageFile[], word: string): readonly PackageFile[] | string => {
  const found = findMeant(files, word, FORMATS)
  return found.ok ? found.value : found.error
}

const CASES: readonly (readonly [word: string, of: SpecVersion])[] = [
  ['2.2.6', semver('2.2.6')],
  ['v2.2.6', semver('2.2.6')],
  ['2.2', semver('2.2')],
  ['2.2.6', semver('2.2.6', { release: '3' })],
  ['2.2.6-3', semver('2.2.6', { release: '3' })],
  ['2.2.6-r3', semver('2.2.6', { release: '3' })],
  ['2.2.6', semver('2.2.6', { epoch: 2 })],
  ['1.0.0-rc1', semver('1.0.0-rc1')],
  ['1.0.0-rc.1', semver('1.0.0-rc.1')],
  ['1.0.0-beta2', semver('1.0.0-beta2', { release: '2' })],
  ['1.0.0+git.abc', semver('1.0.0+git.abc')],
  ['1.0.0-rc.1+git.5', semver('1.0.0-rc.1+git.5', { release: '4' })],
]

describe('a word for package files', () => {
  it.each(CASES)('"%s" means the version %j in every format, and nothing of its neighbours', (word, parts) => {
    const files = everyFormat('tool', parts)
    const neighbours = [
      ...everyFormat('tool', semver('2.2.60')),
      ...everyFormat('tool', semver('12.2.6')),
      ...everyFormat('tool', semver('1.0.0-rc2')),
      ...everyFormat('tool', semver('1.0.1')),
      ...everyFormat('other', parts),
    ]
    const all = [...neighbours, ...files]
    expect(meant(all, `tool@${word}`)).toEqual(files)
    expect(meant(files, word)).toEqual(files)
  })

  it('means a release, where one is there by that name, and not the prerelease of SemVer', () => {
    const released = everyFormat('tool', semver('2.2.6', { release: '1' }))
    const prereleased = everyFormat('tool', semver('2.2.6-1')).filter(({ format }) => format === 'deb')
    expect(meant([...released, ...prereleased], 'tool@2.2.6-1')).toEqual(released)
    expect(meant(prereleased, 'tool@2.2.6-1')).toEqual(prereleased)
  })

  it('may be what an index spells, to the letter, and then means that alone', () => {
    const files = everyFormat('tool', semver('1.0.0-rc1', { release: '2', epoch: 1 }))
    for (const file of files) {
      expect(meant(files, file.id)).toEqual([file])
      expect(meant(files, file.fileName)).toEqual([file])
      expect(meant(files, `tool@${file.version}`)).toContainEqual(file)
    }
  })

  it('means every version of a package that has this name, though an @ is in it', () => {
    const files = [...everyFormat('tool', semver('1.0.0')), ...everyFormat('tool', semver('2.0.0'))]
    expect(meant([...files, ...everyFormat('other', semver('1.0.0'))], 'tool')).toEqual(files)
    const scoped = everyFormat('scope@tool', semver('1.0.0'))
    expect(meant(scoped, 'scope@tool')).toEqual(scoped)
    expect(meant(scoped, 'scope@tool@1.0.0')).toEqual(scoped)
  })

  it('is refused with what could be meant, where several packages have the version', () => {
    const files = [...everyFormat('tool', semver('1.0.0')), ...everyFormat('other', semver('1.0.0'))]
    expect(meant(files, '1.0.0')).toBe('2 packages have the version "1.0.0". Write which: other@1.0.0, tool@1.0.0.')
  })

  it('is refused where it is a name and a version', () => {
    const files = [fileOf('7', 'deb', '1.0'), fileOf('tool', 'deb', '7')]
    expect(meant(files, '7')).toBe('"7" is a package and a version here. Write NAME@VERSION.')
  })

  it('is refused where it means nothing, with what there is', () => {
    const files = everyFormat('tool', semver('1.0.0')).filter(({ format }) => format === 'deb')
    expect(meant(files, 'tool@2.0.0')).toBe('"tool" has no version "2.0.0" here. It has 1.0.0.')
    expect(meant(files, 'toool')).toMatch(
      /^No package here has the id, file name, name or version "toool"\. There are tool/,
    )
    expect(meant([], 'x')).toMatch(/Nothing is published here/)
  })
})
