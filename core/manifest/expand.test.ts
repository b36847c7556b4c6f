// biome-ignore-all lint/suspicious/noTemplateCurlyInString: manifests write their variables so
import { describe, expect, it } from 'vitest'
import { ExpansionTrouble, expand, expandManifest, variableNames } from './expand.ts'
import { parseManifest } from './parse.ts'
import type { ManifestValues } from './schema.ts'

const VARIABLES: Readonly<Record<string, string>> = { A: 'apple', B_2: 'bee', '1': 'one' }
const lookup = (name: string): string => VARIABLES[name] ?? ''

const values = (text: string): ManifestValues => {
  const parsed = parseManifest(text)
  if (!parsed.ok) throw new Error(parsed.error[0]?.message)
  return parsed.value.values
}

describe('expand', () => {
  // Each right side is what Go's os.Expand gives.
  it.each([
    ['$A', 'apple'],
    ['${A}', 'apple'],
    ['x${A}y$B_2.z', 'xappleybee.z'],
    ['$UNSET|', '|'],
    ['a$', 'a$'],
    ['$.a', '$.a'],
    ['$1$10', 'oneone0'],
    ['${}', ''],
    ['${A', 'A'],
    ['$$A', 'A'],
    ['cost: 5$ each', 'cost: 5$ each'],
  ])('reads %s as %s', (written, expected) => {
    expect(expand(written, lookup)).toBe(expected)
  })
})

describe('a manifest’s variables', () => {
  it('are expanded in the fields nFPM expands', () => {
    const text =
      'name: $A\nversion: v$1\nmaintainer: ${B_2}\ndescription: $A\ndeb: {fields: {Bugs: $A}, predepends: [$B_2]}'
    expect(expandManifest(values(text), lookup)).toMatchObject({
      name: 'apple',
      version: 'vone',
      maintainer: 'bee',
      description: 'apple',
      deb: { fields: { Bugs: 'apple' }, predepends: ['bee'] },
    })
  })

  it('stay as they are in the fields nFPM leaves alone', () => {
    const text = 'name: a\nlicense: $A\nepoch: $A\nchangelog: $A\nscripts: {preinstall: $A}\ndeb: {breaks: [$A]}'
    const written = values(text)
    expect(expandManifest(written, lookup)).toMatchObject(written)
  })

  it('reach contents only where they ask for it', () => {
    const text = 'name: a\ncontents:\n  - {src: $A, dst: /$A, expand: true}\n  - {src: $A, dst: /$A}\n'
    expect(expandManifest(values(text), lookup).contents).toEqual([
      { src: 'apple', dst: '/apple', expand: true },
      { src: '$A', dst: '/$A' },
    ])
  })

  it('drop the list items that become empty, in overrides too', () => {
    const text =
      'name: a\ndepends: [$UNSET, " $A "]\noverrides: {rpm: {depends: [$UNSET], rpm: {requires: {post: [$A, $UNSET]}}}}'
    const expanded = expandManifest(values(text), lookup)
    expect(expanded.depends).toEqual(['apple'])
    expect(expanded.overrides?.rpm?.depends).toEqual([])
    expect(expanded.overrides?.rpm?.rpm?.requires?.post).toEqual(['apple'])
  })

  it('are known by name, and only those that are used', () => {
    const text =
      'name: a\nversion: ${VERSION}\ncontents: [{src: "$FILE", dst: /x, expand: true}, {src: $NOT_THIS, dst: /y}]'
    expect(variableNames(values(text))).toEqual(['FILE', 'VERSION'])
  })
})

describe('what variables may make of a manifest', () => {
  const grown = (text: string, value: string): string => {
    try {
      expandManifest(values(text), () => value)
      return 'expanded'
    } catch (error) {
      if (!(error instanceof ExpansionTrouble)) throw error
      return `${error.key.join('.')} ${error.message}`
    }
  }

  it('is 65,536 characters a field, and the field is named', () => {
    expect(grown('name: a\ndescription: "$A$A"', 'x'.repeat(32_768))).toBe('expanded')
    expect(grown('name: a\ndescription: "$A$A."', 'x'.repeat(32_768))).toMatch(/^description has more than 65,536/)
    expect(grown(`name: a\ndescription: "${'$A '.repeat(10_000)}"`, 'x'.repeat(10_000))).toMatch(/^description /)
  })

  it('is 4,096 characters a relation or a path', () => {
    expect(grown('name: a\ndepends: [b, $A]', 'x'.repeat(4_097))).toMatch(/^depends\.1 has more than 4,096/)
    expect(grown('name: a\ncontents: [{src: $A, dst: /a, expand: true}]', 'x'.repeat(4_097))).toMatch(
      /^contents\.0\.src /,
    )
    expect(grown('name: a\noverrides: {deb: {depends: [$A]}}', 'x'.repeat(4_097))).toMatch(/^overrides\.deb\.depends/)
  })

  it('is a million characters in all', () => {
    const depends = Array.from({ length: 300 }, () => '$A').join(', ')
    expect(grown(`name: a\ndepends: [${depends}]`, 'x'.repeat(4_000))).toMatch(/^depends\.262 is one too many/)
  })

  it('stops before the memory is there, however often it is asked for', () => {
    let asked = 0
    const long = (): string => {
      asked += 1
      return 'x'.repeat(1000)
    }
    expect(expand('$A'.repeat(1_000_000), long, 65_536).length).toBeLessThan(10_000_000)
    expect(asked).toBeLessThan(100)
  })

  it('reads a million open braces once', () => {
    expect(expand('${'.repeat(500_000), lookup)).toBe('')
  })
})
