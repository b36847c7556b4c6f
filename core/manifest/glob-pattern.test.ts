import { describe, expect, it } from 'vitest'
import { type Dialect, PatternError, parsePattern } from './glob-pattern.ts'
import { openWork } from './work.ts'

const matches = (pattern: string, path: string, dialect?: Dialect): boolean =>
  parsePattern(pattern, dialect).matches(path, openWork().budget, pattern)

describe('a pattern', () => {
  // What gobwas/glob with the separator `/` answers.
  it.each([
    ['*', 'abc'],
    ['*', '.hidden'],
    ['a*c', 'ac'],
    ['a/**/b', 'a/x/y/b'],
    ['**', 'a/b/c'],
    ['a**z', 'a/b/z'],
    ['?at', 'cat'],
    ['{abc,abcd}a', 'abcda'],
    ['{a,ab}{bc,f}', 'abc'],
    ['a/{b,c/*}/d', 'a/c/x/d'],
    ['{a,[0-9]b}.txt', '1b.txt'],
    ['[!bc]', 'a'],
    ['[abc]', 'c'],
    ['\\*', '*'],
    ['\\{a,b\\}', '{a,b}'],
    ['{,*.}example', 'www.example'],
    ['a}b', 'a}b'],
  ])('%s matches %s', (pattern, path) => {
    expect(matches(pattern, path)).toBe(true)
  })

  it.each([
    ['*', 'a/b'],
    ['a/**/b', 'a/b'],
    ['?', '/'],
    ['?at', 'at'],
    ['[!bc]', 'b'],
    ['{*,**}{a,b}', 'ac'],
    ['abc', 'abcd'],
    ['', 'b'],
    ['\\*', 'a'],
  ])('%s does not match %s', (pattern, path) => {
    expect(matches(pattern, path)).toBe(false)
  })

  it.each(['[a', '{a', 'a[', '[z-a]', `${'{'.repeat(40)}a${'}'.repeat(40)}`])('%s is none', (pattern) => {
    expect(() => parsePattern(pattern)).toThrow(PatternError)
  })

  it('answers at once where a backtracking matcher would not end', () => {
    const pattern = `${'**a'.repeat(200)}b`
    expect(matches(pattern, 'a'.repeat(4000))).toBe(false)
  })

  it('knows the folders before its first wildcard', () => {
    expect(parsePattern('a/b/*.c').staticPrefix).toBe('a/b')
    expect(parsePattern('a/b{c,d}/e').staticPrefix).toBe('a')
    expect(parsePattern('*.c').staticPrefix).toBe('.')
    expect(parsePattern('/etc/*').staticPrefix).toBe('/etc')
    expect(parsePattern('a/\\{b\\}/c').literal).toBe('a/{b}/c')
  })
})

describe('a pattern of filepath.Match', () => {
  it('knows neither ** nor braces, and negates with ^', () => {
    expect(matches('/opt/**', '/opt/a', 'match')).toBe(true)
    expect(matches('/opt/**', '/opt/a/b', 'match')).toBe(false)
    expect(matches('{a,b}', '{a,b}', 'match')).toBe(true)
    expect(matches('[^a]', 'b', 'match')).toBe(true)
  })
})
