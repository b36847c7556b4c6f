import { expect, it } from 'vitest'
import { utf8 } from '../bytes/arrays.ts'
import { collectWarnings } from '../warning.ts'
import { checkFinishedScript } from './finished-scripts.ts'

const judge = (text: string | Uint8Array, isSourced = false): string => {
  const { warn, warnings } = collectWarnings()
  try {
    checkFinishedScript('preinst', typeof text === 'string' ? utf8(text) : text, { warn, isSourced })
  } catch (error) {
    return (error as { code: string }).code
  }
  return warnings()
    .map(({ code }) => code)
    .join()
}

it.each([
  ['as it should be', '#!/bin/sh\nset -e\n', ''],
  ['a program', '\x7fELF\0\r\n', ''],
  ['whose first line no kernel reads', '#!/bin/sh\r\nset -e\r\n', 'package_unsupported'],
  ['with one line of Windows', '#!/bin/sh\nset -e\r\n', 'script_line_ends'],
  ['without a first line, of Windows', 'set -e\r\nexit 0\r\n', 'script_line_ends'],
])('a script %s', (_what, text, expected) => expect(judge(text)).toBe(expected))

it('with a byte order mark is refused', () => {
  expect(judge(Uint8Array.of(0xef, 0xbb, 0xbf, 0x23, 0x21))).toBe('package_unsupported')
})

it('of Windows, read into a shell, is refused: behind a brace the line end is a syntax error', () => {
  expect(judge('post_install() {\r\n  true\r\n}\r\n', true)).toBe('package_unsupported')
})
