import { expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../bytes/arrays.ts'
import { readScript } from './script.ts'

const read = (bytes: Uint8Array): string => {
  const script = readScript(bytes)
  if (!script.ok) return `refused: it ${script.error}`
  return `${script.value.isConverted ? 'converted ' : ''}${JSON.stringify(fromUtf8(script.value.bytes))}`
}

it.each([
  ['as it is', '#!/bin/sh\nset -e\n', '"#!/bin/sh\\nset -e\\n"'],
  ['empty', '', '""'],
  ['of Windows', '#!/bin/sh\r\nset -e\r\n', 'converted "#!/bin/sh\\nset -e\\n"'],
  ['with one line of Windows', '#!/bin/sh\nset -e\r\nexit 0\n', 'converted "#!/bin/sh\\nset -e\\nexit 0\\n"'],
  ['with a carriage return within a line', "printf 'a\rb'\n", '"printf \'a\\rb\'\\n"'],
  ['a program', '\x7fELF\0\r\n', '"\x7fELF\\u0000\\r\\n"'],
])('a script %s', (_what, text, expected) => expect(read(utf8(text))).toBe(expected))

it.each([
  ['a UTF-8 mark', [0xef, 0xbb, 0xbf, 0x23, 0x21], 'a UTF-8 byte order mark'],
  ['a UTF-16 mark', [0xff, 0xfe, 0x23, 0, 0x21, 0], 'the byte order mark of UTF-16'],
  ['a UTF-16 mark, big end first', [0xfe, 0xff, 0, 0x23], 'the byte order mark of UTF-16'],
  ['UTF-16 without a mark', [0x23, 0, 0x21, 0, 0x2f, 0], 'is UTF-16'],
  ['UTF-16 without a mark, big end first', [0, 0x23, 0, 0x21, 0, 0x2f], 'is UTF-16'],
  ['UTF-16 without a mark and without #!', [0x65, 0, 0x63, 0], 'is UTF-16'],
  ['line ends of old Macs', [...utf8('#!/bin/sh\rexit 0\r')], 'the line ends of old Macs'],
])('a script with %s is refused, and told why', (_what, bytes, why) => {
  expect(read(Uint8Array.from(bytes))).toContain(why)
})
