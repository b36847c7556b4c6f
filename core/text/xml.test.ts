import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { requirePrograms } from '../../test/support/required-programs.ts'
import { xmlClosing, xmlElement, xmlOpening, xmlText } from './xml.ts'

beforeAll(() => requirePrograms('python3'))

/** What Python's expat reads: attribute, text, child count. */
const read = (document: string): { attribute: string; text: string; children: number } =>
  JSON.parse(
    execFileSync(
      'python3',
      [
        '-c',
        'import sys,json,xml.etree.ElementTree as e;r=e.fromstring(sys.stdin.buffer.read());print(json.dumps({"attribute":r.get("a"),"text":r.text,"children":len(r)}))',
      ],
      { input: document, encoding: 'utf8' },
    ),
  )

describe('an XML element', () => {
  it.each([
    'a<b>&c;"quoted" \'x\'',
    ']]>',
    '<evil/>',
    '"/><evil a="',
    'tab\tand\nline\r\nand\rreturn',
    'ünï 日本 😀',
    '&amp;',
    '  spaces  ',
  ])('carries %j unchanged, as attribute and as text', (value) => {
    expect(read(xmlElement('x', { a: value }, [xmlText(value)]))).toEqual({
      attribute: value,
      text: value,
      children: 0,
    })
  })

  it.each(['\u0000', '\u0001', '\u001b', '\u000b', '\ufffe', '\uffff', '\ud800', '\udc00x'])(
    'has U+FFFD where %j cannot stand',
    (value) => {
      const document = xmlElement('x', { a: `1${value}` }, [xmlText(`2${value}`)])
      const { attribute, text } = read(document)
      expect([attribute[0], attribute[1], text[0], text[1]]).toEqual(['1', '\ufffd', '2', '\ufffd'])
    },
  )

  it('leaves out attributes that are undefined, and is empty without children', () => {
    expect(xmlElement('a:b', { c: undefined, d: 1 })).toBe('<a:b d="1"/>')
  })

  it('takes names from code only', () => {
    expect(() => xmlElement('a b')).toThrow()
    expect(() => xmlElement('a', { 'x="1" y': 1 })).toThrow()
    expect(() => xmlClosing('a>')).toThrow()
  })

  it('may be opened in one place and closed in another', () => {
    const document = `${xmlOpening('x', { a: 'v' })}${xmlElement('y')}${xmlClosing('x')}`
    expect(read(document)).toMatchObject({ attribute: 'v', children: 1 })
  })
})
