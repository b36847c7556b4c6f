// YAML as go-yaml reads it, and what a hostile text costs.
import { describe, expect, it } from 'vitest'
import { parseManifest } from './parse.ts'
import { MANIFEST_LIMITS, readYaml } from './yaml.ts'

const read = (text: string): unknown => {
  const file = readYaml(text, 'f.yaml', MANIFEST_LIMITS)
  return file.ok ? file.value.value : file.error.map(({ message }) => message)
}

describe('what go-yaml reads and the standard does not', () => {
  // Each right side is what go-yaml v3 (nFPM's reader) makes of it.
  it.each([
    ['a double-quoted text that goes on at column 0', 'a: "one\ntwo"\nb: 1\n', { a: 'one two', b: '1' }],
    ['a single-quoted one', "a: 'one\ntwo'\nb: 1\n", { a: 'one two', b: '1' }],
    ['one below the indentation of its map', 'a:\n  b: "x\ny"\n  c: 1\n', { a: { b: 'x y', c: '1' } }],
    ['one in a list', 'l:\n- "one\ntwo"\n- b\n', { l: ['one two', 'b'] }],
    ['a list in brackets', 'a: [\nx,\ny\n]\nb: 1\n', { a: ['x', 'y'], b: '1' }],
    ['a map in braces', 'a: {\nk: v,\nl: w}\nb: 2\n', { a: { k: 'v', l: 'w' }, b: '2' }],
    ['a plain text in brackets', 'a: [x\ny, z]\nb: 1\n', { a: ['x y', 'z'], b: '1' }],
    ['empty lines and an escaped line end', 'a: "one\n\n\ntwo\\\nthree"\n', { a: 'one\n\ntwothree' }],
  ])('is read: %s', (_what, text, value) => expect(read(text)).toEqual(value))

  it.each([
    ['a plain text at column 0', 'a: plain\nmore\nb: 1\n'],
    ['the mark of a document in quotes', 'a: "one\n---\ntwo"\n'],
    ['a quote without an end', "a: 'x\nb: 1\n"],
    ['a bracket without an end', 'a: [x\nb: 1\n'],
  ])('is no licence for %s', (_what, text) => {
    const file = readYaml(text, 'f.yaml', MANIFEST_LIMITS)
    expect(file.ok ? 'read' : file.error[0]?.where?.file).toBe('f.yaml')
  })

  it('is located by line and column all the same', () => {
    const file = readYaml('a: "one\ntwo"\nb:\n  c: 1\n', 'f.yaml', MANIFEST_LIMITS)
    if (!file.ok) throw new Error('refused')
    expect(file.value.where(['b', 'c'])).toEqual({ file: 'f.yaml', line: 4, column: 3, key: 'b.c' })
  })

  it('begins with a byte order mark, or without', () => expect(read('\ufeffa: 1\n')).toEqual({ a: '1' }))
})

describe('a key that is there twice', () => {
  it('is refused with its own line, every one of them', () => {
    expect(read('a: 1\nb: {c: 1, c: 2}\n"a": 2\n')).toEqual([
      'f.yaml:2:11: the key "c" is there twice in one map',
      'f.yaml:3:1: the key "a" is there twice in one map',
    ])
  })

  it('is none where maps of one list have it, or a merged map', () => {
    expect(read('l:\n- {a: 1}\n- {a: 2}\n')).toEqual({ l: [{ a: '1' }, { a: '2' }] })
    expect(read('x: &x {a: 1}\ny:\n  <<: *x\n  a: 2\n')).toEqual({ x: { a: '1' }, y: { a: '2' } })
  })
})

describe('a text of a million characters', () => {
  // Each took half a minute or did not end where two keys, or an error and all others, were compared.
  it.each([
    ['of keys', `name: h\n${Array.from({ length: 90_000 }, (_, at) => `k${at}: 1\n`).join('')}`],
    ['of one key', 'a: 1\n'.repeat(200_000)],
    ['of small maps', 'a: {b: [c, "d"]}\n'.repeat(60_000)],
    ['of brackets', '['.repeat(1_000_000)],
    ['of dashes', '- '.repeat(500_000)],
    ['of commas', `a: [${','.repeat(1_000_000)}]`],
    ['of quotes', '"'.repeat(1_000_000)],
    ['of anchors', '- &a b\n'.repeat(140_000)],
    ['of merges', `x: &x {a: 1}\ny:\n${'  <<: *x\n'.repeat(110_000)}`],
    ['of documents', '---\n'.repeat(250_000)],
  ])('%s ends soon, with few words', (_what, text) => {
    const manifest = parseManifest(text.slice(0, 1024 * 1024))
    if (manifest.ok) throw new Error('it is no manifest')
    expect(manifest.error.length).toBeLessThanOrEqual(51)
    expect(JSON.stringify(manifest.error).length).toBeLessThan(50_000)
  })

  it('says how many more problems there are', () => {
    const keys = Array.from({ length: 20_000 }, (_, at) => `k${at}: 1\n`).join('')
    const manifest = parseManifest(`name: h\narch: amd64\nversion: 1.0.0\n${keys}`)
    if (manifest.ok) throw new Error('it is no manifest')
    expect(manifest.error).toHaveLength(51)
    expect(manifest.error[0]?.message).toContain('`k0`')
    expect(manifest.error[50]?.message).toContain('19,950 more')
  })

  it('in one key is shown in part', () => {
    const manifest = parseManifest(`name: h\n${'k'.repeat(1000)}: 1\n? "${'x'.repeat(500_000)}"\n: 1\n`)
    if (manifest.ok) throw new Error('it is no manifest')
    expect(JSON.stringify(manifest.error).length).toBeLessThan(10_000)
  })
})
