// What somebody who watches sees, and a log does not.
import { stderr } from 'node:process'
import { afterEach, expect, it, vi } from 'vitest'
import { openTerminal } from './terminal.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** What is drawn while something of 4 MB is sent in steps, half a second each. */
const drawn = (isTTY: boolean, ...doneBytes: readonly number[]): string => {
  let written = ''
  let nowMs = 1_000_000
  vi.spyOn(Date, 'now').mockImplementation(() => nowMs)
  vi.spyOn(stderr, 'write').mockImplementation((text) => {
    written += text
    return true
  })
  const before = Object.getOwnPropertyDescriptor(stderr, 'isTTY')
  Object.defineProperty(stderr, 'isTTY', { value: isTTY, configurable: true })
  try {
    const terminal = openTerminal()
    for (const done of doneBytes) {
      terminal.progress('sending', done, 4_000_000)
      nowMs += 500
    }
  } finally {
    if (before) Object.defineProperty(stderr, 'isTTY', before)
    else Reflect.deleteProperty(stderr, 'isTTY')
  }
  return written
}

it('a bar grows in one line, which the last piece ends', () => {
  const lines = drawn(true, 1_000_000, 2_000_000, 4_000_000).split('\r')
  expect(lines).toEqual([
    '',
    'sending [######..................] 1.0 MB of 4.0 MB\u001b[K',
    'sending [############............] 2.0 MB of 4.0 MB\u001b[K',
    'sending [########################] 4.0 MB of 4.0 MB\u001b[K\n',
  ])
})

it('nothing is drawn where nobody watches', () => {
  expect(drawn(false, 1_000_000, 4_000_000)).toBe('')
})
