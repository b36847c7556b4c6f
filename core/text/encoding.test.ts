import { describe, expect, it } from 'vitest'
import { utf8 } from '../bytes/arrays.ts'
import { decodeText, findNotUtf8 } from './encoding.ts'

const told = (bytes: readonly number[] | Uint8Array): string => {
  const text = decodeText(Uint8Array.from(bytes), 'nfpm.yaml')
  return text.ok ? `text ${text.value}` : `${text.error.code} ${text.error.message}`
}

const latin1 = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0))
const utf16 = (text: string): number[] => [...text].flatMap((letter) => [letter.charCodeAt(0), 0])

describe('a text file', () => {
  it('is UTF-8, of one to four bytes a character', () => {
    expect(told(utf8('aé日😀'))).toBe('text aé日😀')
    expect(told([])).toBe('text ')
  })

  it('in Latin-1 is refused with the byte and its place', () => {
    expect(told(latin1('name: a\nvendor: Jos\u00e9\n'))).toBe(
      'encoding_invalid nfpm.yaml:2:12: byte 19 (0xe9) is no UTF-8; the file may be Latin-1. Save it as UTF-8.',
    )
  })

  it.each([
    ['with its mark', [0xff, 0xfe, ...utf16('name: a')]],
    ['with its mark, big end first', [0xfe, 0xff, 0, 0x6e]],
    ['without a mark', utf16('name: a')],
    ['without a mark, big end first', [0, ...utf16('name: a')]],
  ])('in UTF-16 %s is called that', (_how, bytes) => {
    expect(told(bytes)).toBe('encoding_invalid nfpm.yaml is UTF-16. Save it as UTF-8.')
  })

  it('keeps a byte order mark of UTF-8, which its reader knows', () => {
    expect(told([0xef, 0xbb, 0xbf, 0x61])).toBe('text \ufeffa')
  })

  it.each([
    ['a byte that begins nothing', [0x61, 0x80], 1],
    ['an overlong slash', [0xc0, 0xaf], 0],
    ['an overlong three', [0xe0, 0x80, 0xaf], 0],
    ['a surrogate', [0x61, 0xed, 0xa0, 0x80], 1],
    ['what is beyond Unicode', [0xf4, 0x90, 0x80, 0x80], 0],
    ['a character that is cut off', [0x61, 0xf0, 0x9f, 0x98], 1],
    ['a character that is broken off', [0xe2, 0x82, 0x61], 0],
  ])('with %s says where, as the decoder does', (_what, bytes, offset) => {
    expect(findNotUtf8(Uint8Array.from(bytes))).toBe(offset)
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes))).toThrow()
  })

  it('is judged as the decoder judges it, whatever two bytes stand in it', () => {
    const fatal = new TextDecoder('utf-8', { fatal: true })
    for (let pair = 0; pair < 65_536; pair++) {
      const bytes = Uint8Array.of(0x61, pair >> 8, pair & 0xff, 0xbf, 0x61)
      let isText = true
      try {
        fatal.decode(bytes)
      } catch {
        isText = false
      }
      if ((findNotUtf8(bytes) === undefined) !== isText) expect.fail(`${(pair >> 8).toString(16)} ${pair & 0xff}`)
    }
  })
})
