// What may stand in a line: nothing that begins another.
import { describe, expect, it } from 'vitest'
import { blockValue, foldedText, parseStanza, renderFields, singleLine } from './deb822.ts'
import { pairValue, parsePairs, renderPairs } from './key-value.ts'
import { manyLines } from './line.ts'

const HOSTILE = ['a\nInjected: yes', 'a\r\nb', 'a\rb', 'a\u0000b', 'a\u0085b', 'a\u2028b', 'a\u001bb', 'a\tb']

describe('a single line', () => {
  it.each(HOSTILE)('refuses %j and names the key', (text) => {
    const line = singleLine(text, 'maintainer')
    expect(line.ok).toBe(false)
    if (!line.ok) expect([line.error.code, line.error.where?.key]).toEqual(['field_invalid', 'maintainer'])
    expect(pairValue(text, 'url').ok).toBe(false)
  })

  it('is trimmed', () =>
    expect(singleLine('  Jane <j@example.com>\n', 'maintainer')).toEqual({ ok: true, value: 'Jane <j@example.com>' }))
})

describe('folded text', () => {
  it('marks empty lines and keeps indented ones', () => {
    expect(foldedText('Synopsis\n\nText\n  * item\n.dot\n\tTab\n', 'description')).toEqual({
      ok: true,
      value: 'Synopsis\n .\n Text\n   * item\n  .dot\n  Tab',
    })
  })

  it('turns a text that imitates a field or ends the stanza into continuation lines', () => {
    const text = foldedText('a\nInjected: yes\n\n\nPackage: evil', 'description')
    if (!text.ok) throw new Error(text.error.message)
    const stanza = renderFields([
      ['Package', 'good'],
      ['Description', text.value],
    ])
    const read = parseStanza(stanza, { comments: false })
    expect(read.ok && read.value.fields.map(([name]) => name)).toEqual(['Package', 'Description'])
    expect(stanza).not.toContain('\n\n')
  })

  it('refuses other control characters', () => expect(manyLines('a\nb\u0000', 'description').ok).toBe(false))
})

describe('a stanza', () => {
  it('cannot be rendered from a value that breaks out: that is a bug', () => {
    expect(() => renderFields([['A', 'x\nB: y']])).toThrow()
    expect(() => renderFields([['A', 'x\n\n y']])).toThrow()
    expect(() => renderFields([['A', 'x\n \n y']])).toThrow()
    expect(() => renderFields([['A b', 'x']])).toThrow()
    expect(() => renderFields([['#A', 'x']])).toThrow()
  })

  it('has lists below their field', () => {
    expect(
      renderFields([
        ['SHA256', blockValue(['aa 1 x', 'bb 2 y'])],
        ['Key', blockValue(['begin', '', 'end'])],
      ]),
    ).toBe('SHA256:\n aa 1 x\n bb 2 y\nKey:\n begin\n .\n end\n')
  })

  it.each([
    ...[
      'no colon\n',
      ' starts with a continuation\n',
      'A: 1\nA: 2\n',
      'A: 1\na: 2\n',
      'A: 1\n\nB: 2\n',
      'A: 1\rB: 2\n',
    ],
    ...[
      '# hi\nA: 1\n',
      'A: 1\n# hi\n',
      'A: 1',
      'A: 1\n \n',
      'A: 1\n\r\n',
      'A: 1\n \n b\n',
      'A: a\0\n',
      'A: 1\n\x1a\n',
      '',
    ],
  ])('is not read from %j', (text) => {
    expect(parseStanza(text, { comments: false }).ok).toBe(false)
  })

  it('is read with its order, its folded lines and without comments', () => {
    expect(parseStanza('# hi\nPackage: a\nDescription : b\n c\n .\n d\n\n', { comments: true })).toEqual({
      ok: true,
      value: {
        hadWindowsLineEnds: false,
        fields: [
          ['Package', 'a'],
          ['Description', 'b\n c\n .\n d'],
        ],
      },
    })
  })
})

describe('key = value lines', () => {
  it('go there and back, repeated keys in order', () => {
    const pairs = [
      ['pkgname', 'a'],
      ['depend', 'b>=1'],
      ['depend', '!c'],
      ['pkgdesc', 'x = y'],
    ] as const
    expect(parsePairs(renderPairs(pairs))).toEqual({ ok: true, value: pairs })
  })

  it('cannot hold a value that breaks out: that is a bug', () => {
    expect(() => renderPairs([['a', 'x\ndatahash = 00']])).toThrow()
  })
})
