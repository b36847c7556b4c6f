import { describe, expect, it } from 'vitest'
import { ARCHITECTURES, parseArchitecture } from './arch.ts'

describe('the word for an architecture', () => {
  it.each(ARCHITECTURES)('%s means itself', (word) => {
    expect(parseArchitecture(word)).toBe(word)
  })

  it.each([
    ['x86_64', 'amd64'],
    ['i386', '386'],
    ['i686', '386'],
    ['aarch64', 'arm64'],
    ['armv7hl', 'arm7'],
    ['armel', 'arm5'],
    ['ppc64el', 'ppc64le'],
    ['s390', 's390x'],
    ['loongarch64', 'loong64'],
    ['mipsel', 'mipsle'],
    ['noarch', 'all'],
    ['any', 'all'],
  ])('%s is %s', (word, architecture) => {
    expect(parseArchitecture(word)).toBe(architecture)
  })

  it.each(['', 'arm', 'AMD64', 'sparc', 'toString'])('%j is nobody knows which', (word) => {
    expect(parseArchitecture(word)).toBeUndefined()
  })
})
