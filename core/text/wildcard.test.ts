import { describe, expect, it } from 'vitest'
import { createBudget, REQUEST_LIMITS } from '../budget.ts'
import { StreamFault } from '../bytes/stream-fault.ts'
import { matchesWildcard } from './wildcard.ts'

const budget = () => createBudget(REQUEST_LIMITS)
const matches = (pattern: string, text: string): boolean => matchesWildcard(pattern, text, budget())

/** What it means, in a way that may take for ever. */
const expected = (pattern: string, text: string): boolean => {
  const source = pattern
    .split('**')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*'))
    .join('.*')
  return new RegExp(`^${source}$`, 's').test(text)
}

const words = (alphabet: string, length: number): readonly string[] =>
  length === 0 ? [''] : words(alphabet, length - 1).flatMap((word) => ['', ...alphabet].map((letter) => word + letter))

describe('a pattern of stars', () => {
  it('means what its regular expression means, for every short pattern and text', () => {
    const texts = [...new Set(words('a/b', 4))]
    const patterns = [...new Set(words('a/*', 4))]
    const different = patterns.flatMap((pattern) =>
      texts
        .filter((text) => matches(pattern, text) !== expected(pattern, text))
        .map((text) => `${pattern} against ${text}`),
    )
    expect(patterns.length * texts.length).toBeGreaterThan(10_000)
    expect(different).toEqual([])
  })

  it('takes no letter for another', () => {
    expect(matches('a.c', 'abc')).toBe(false)
    expect(matches('[a]', 'a')).toBe(false)
    expect(matches('*', 'line\nbreak')).toBe(true)
  })

  it('tries nothing twice: more stars cost more places, and no more tries', () => {
    let steps = 0
    const step = (count: number): void => {
      steps += count
    }
    const counting = { ...budget(), step }
    expect(matchesWildcard(`${'**a'.repeat(100)}b`, 'a'.repeat(10_000), counting)).toBe(false)
    expect(steps).toBeLessThan(10_000 * 202)
  })

  it('ends with the budget, and says whose pattern it was', () => {
    const small = createBudget({ ...REQUEST_LIMITS, steps: 1_000 })
    expect(() => matchesWildcard('**a**b', 'a'.repeat(1_000), small)).toThrow(StreamFault)
    expect(() => matchesWildcard('**a**b', 'a'.repeat(1_000), small)).toThrow(/\*\*a\*\*b/)
  })
})
