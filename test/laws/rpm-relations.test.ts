// What a manifest may say of other packages is what rpm's own parser reads, and reads as the same name, comparison and
// version: relations made from a fixed seed, asked of rpmspec; and createrepo_c lists them as our index does.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { fromUtf8 } from '@distropack/core/bytes/arrays.ts'
import { rpmEntrySchema } from '@distropack/core/formats/rpm/entry.ts'
import { rpm } from '@distropack/core/formats/rpm/format.ts'
import { type Dependency, parseRelation } from '@distropack/core/formats/rpm/relations.ts'
import { COMPARISON } from '@distropack/core/formats/rpm/tags.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { createDice, spoil } from '../support/generate.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { openRpmHome, type RpmHome } from '../support/rpm.ts'
import { helloSpec } from '../support/specs.ts'
import { findChild, parseXml, type XmlNode } from '../support/xml.ts'

let home: RpmHome
beforeAll(() => {
  requirePrograms('createrepo_c', 'rpmspec')
  home = openRpmHome()
})
afterAll(() => home.close())

const NAMES = [
  ...['foo', 'libc.so.6(GLIBC_2.4)(64bit)', 'perl(Foo::Bar)', '/usr/bin/env', 'config(x)', 'g++', 'foo(x86-64)'],
  ...['font(:lang=de)', 'python3.12dist(x[y])', '_a', '7zip', 'pkgconfig(gtk+-3.0)', 'rpmlib(X)', 'user(u)'],
]
const OPERATORS = ['=', '>=', '<=', '<', '>', '==', '=<', '=>'] as const
const ODD_OPERATORS = ['<>', '!=', '~', '===', '> =', '&', ':', '=!']
const VERSIONS = [
  ...['1', '1.2', '1.2-3', '2:0.1', '1:1.2-1', '1.2~rc1', '1.2^git1', '20240101', '0', 'A.b', '1_2', '1+2', '1.2-3-4'],
  ...['1:2:3', ':1', '1-', '-1', 'é', '1/2', '1,2', '(1)', '1!', '1.2-3.fc40', '99999999999:1', 'a:1', '1.2..3'],
]
const RICH = [
  ...['(a or b)', '(a and (b or c >= 2))', '(a if b else c)', '(a with b >= 1 with b < 2)', '(a without b)', '(a)'],
  ...['(foo(x86-64) or bar)', '( a or b )', '(a unless b)', '((a or b) and (c or d))', '(a if (b or (c and d)))'],
]
const PIECES = [
  ...['<', '>', '=', ' ', '(', ')', ',', '!', ':', '/', '-', '.', '@', '+', '_', '~', '^', '|', '$', '"', "'", '['],
  ...[' or ', ' and ', ' if ', ' with ', 'é', '日', '*', '?', '\\', '&', ';', '#', 'a', '0', '\t'],
]
const dice = createDice(4)
const { roll, pick } = dice

const relation = (): string => {
  if (roll(4) === 0) return pick(RICH)
  if (roll(3) === 0) return pick(NAMES)
  const gap = pick(['', ' ', ' ', '  '])
  return `${pick(NAMES)}${gap}${roll(5) === 0 ? pick(ODD_OPERATORS) : pick(OPERATORS)}${gap}${pick(VERSIONS)}`
}
/** A manifest's items are trimmed. In a spec file a percent sign begins a macro, so none is drawn. */
const cases = [
  ...new Set(Array.from({ length: 900 }, () => (roll(2) === 0 ? relation() : spoil(relation(), PIECES, dice)).trim())),
].filter((text) => text !== '')

const tripleOf = ({ name, sense, version }: Dependency): string => `${name}\t${sense & COMPARISON}\t${version}`

/** What rpm makes of each, as one package's requirement; undefined when its parser refuses the line. */
const rpmReads = (relations: readonly string[]): readonly (readonly string[] | undefined)[] => {
  const files = relations.map((text, at) =>
    home.write(
      `r${at}.spec`,
      `Name: r${at}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nRequires: ${text}\n%description\nx\n%files\n`,
    ),
  )
  const format = '[%{=NAME}\t%{REQUIRENAME}\t%{REQUIREFLAGS}\t%{REQUIREVERSION}\n]%{NAME}\n'
  const asked = home.spawn('rpmspec', '-q', '--qf', format, ...files)
  const read = new Map<string, string[]>()
  for (const line of asked.stdout.split('\n').filter((each) => each !== '')) {
    const [package_ = '', name, flags, version = ''] = line.split('\t')
    const found = read.get(package_) ?? []
    read.set(package_, found)
    if (name !== undefined) found.push(`${name}\t${Number(flags) & COMPARISON}\t${version}`)
  }
  return relations.map((_, at) => read.get(`r${at}`))
}

const SIGNS: Readonly<Record<number, string>> = { 2: '<', 4: '>', 8: '=', 10: '<=', 12: '>=' }
const spell = ({ name, sense, version }: Dependency): string =>
  version === '' ? name : `${name} ${SIGNS[sense & COMPARISON]} ${version}`
/** rpmbuild writes rich ones with blanks of its own. */
const plainly = (triple: string): string => (triple.startsWith('(') ? triple.replaceAll(' ', '') : triple)

/** What rpm takes and nothing answers: a sign in a name, letters of other scripts, commas, an empty or huge epoch. */
const isOdd = (text: string): boolean => {
  const outside = text.replace(/(?<=[^\s(])\([^()\s]*\)/g, '()')
  return /[^ -~]|,|[<>=] *[:-]|\d{11,}:|-$/.test(text) || /[^\s<>=][<>=]/.test(outside)
}

describe('a fuzz of relations in a manifest', () => {
  const taken = cases.filter((text) => parseRelation(text, 'depends.0').ok)

  it('has both kinds in plenty', () => {
    expect(taken.length).toBeGreaterThan(200)
    expect(cases.length - taken.length).toBeGreaterThan(200)
  })

  it('what is taken, rpm reads as the same one relation in its own spelling', () => {
    const ours = taken.map((text) => {
      const relation = parseRelation(text, 'depends.0')
      if (!relation.ok) throw new Error(text)
      return relation.value
    })
    const theirs = rpmReads(ours.map(spell))
    const disagreed = taken.filter((_, at) => theirs[at]?.map(plainly).join() !== plainly(tripleOf(ours[at]!)))
    expect(disagreed).toEqual([])
  })

  it('what is refused, rpm refuses, or reads as several, as a name that nothing has, or as a version without a number', () => {
    const refused = cases.filter((text) => !parseRelation(text, 'depends.0').ok)
    const theirs = rpmReads(refused)
    const disagreed = refused.flatMap((text, at) => {
      const read = theirs[at]
      return read?.length === 1 && !isOdd(text) ? [[text, ...read]] : []
    })
    expect(disagreed).toEqual([])
  })
})

const listsOf = (document: XmlNode): Readonly<Record<string, readonly unknown[]>> => {
  const format = findChild(findChild(document, 'package'), 'format')
  const lists = format.children.filter(({ name }) =>
    /^rpm:(?:provides|requires|conflicts|obsoletes|suggests|recommends)$/.test(name),
  )
  return Object.fromEntries(lists.map((list) => [list.name, list.children.map(({ attributes }) => attributes)]))
}

it('createrepo_c lists what is taken as our index does', async () => {
  const items = cases.filter((text) => parseRelation(text, 'depends.0').ok)
  const plain = items.filter((text) => !text.startsWith('('))
  const conflicts = items.filter((text) => parseRelation(text, 'conflicts.0').ok)
  const relations = { depends: items, recommends: items, suggests: items, conflicts, replaces: plain, provides: plain }
  const sink = memorySink()
  const built = await rpm.build(helloSpec({ relations }), sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  const entry = await rpm.inspect(memoryFile(sink.bytes()), inspectTools)
  if (!entry.ok) throw new Error(entry.error.message)
  const [primary] = rpm.repository.rows(rpmEntrySchema.parse(entry.value), ['primary'], 'stable')
  const folder = join(home.folder, 'repository')
  mkdirSync(folder)
  writeFileSync(join(folder, 'x.rpm'), sink.bytes())
  home.run('createrepo_c', '--no-database', '--compress-type=gz', '--quiet', folder)
  const name = readdirSync(join(folder, 'repodata')).find((file) => file.endsWith('primary.xml.gz'))!
  const theirs = listsOf(parseXml(gunzipSync(readFileSync(join(folder, 'repodata', name))).toString('utf8')))
  expect(Object.keys(theirs)).toHaveLength(6)
  expect(listsOf(parseXml(`<metadata>${fromUtf8(primary!.bytes)}</metadata>`))).toEqual(theirs)
})
