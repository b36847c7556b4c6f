// The grammar of rich dependencies, `(a and (b or c >= 2))`, by the rules of rpm's parser (lib/rpmds.cc,
// rpmrichParseInternal). One it cannot parse makes a package that never installs.

import { isCapability, isComparable } from './capability.ts'

const OPERATORS = ['and', 'or', 'if', 'unless', 'else', 'with', 'without'] as const
type Operator = (typeof OPERATORS)[number]

/** These may follow one another: `a and b and c`. */
const CHAINS: ReadonlySet<Operator> = new Set(['and', 'or', 'with'])
const COMPARISON = /^(?:<|<=|=<|=|==|=>|>=|>)$/
/** Deeper nesting than any package has; the parser recurses. */
const MAX_DEPTH = 16

interface Tokens {
  peek(): string | undefined
  next(): string | undefined
}

/** Up to white space, or to a parenthesis that closes what was opened before the word: `foo(x86-64)` is one word. */
const wordAt = (text: string, start: number): string => {
  let depth = 0
  let end = start
  for (; end < text.length && text[end] !== ' '; end++) {
    if (text[end] === '(') depth += 1
    else if (text[end] === ')' && depth-- === 0) break
  }
  return text.slice(start, end)
}

const tokenize = (text: string): Tokens => {
  const words: string[] = []
  for (let from = 0; from < text.length; ) {
    const character = text[from]!
    const word = /[ ()]/.test(character) ? character : wordAt(text, from)
    if (word !== ' ') words.push(word)
    from += word.length
  }
  let at = 0
  return { peek: () => words[at], next: () => words[at++] }
}

const readSimple = (tokens: Tokens): boolean => {
  const name = tokens.next() ?? ''
  if (!isCapability(name)) return false
  if (!COMPARISON.test(tokens.peek() ?? '')) return true
  tokens.next()
  return isComparable(name, tokens.next() ?? '')
}

const mayFollow = (operator: Operator, before: Operator | undefined): boolean => {
  if (before === undefined) return operator !== 'else'
  if (operator === 'else') return before === 'if' || before === 'unless'
  return operator === before && CHAINS.has(operator)
}

/** What may no longer stand around a part: an `if` says nothing below an `or`, an `unless` nothing below an `and`. */
interface Bans {
  readonly and: boolean
  readonly or: boolean
  readonly with: boolean
}
const NOTHING: Bans = { and: false, or: false, with: false }

const either = (a: Bans, b: Bans): Bans => ({ and: a.and || b.and, or: a.or || b.or, with: a.with || b.with })

/** Is this operator forbidden around parts with these bans? */
const isBanned = (operator: Operator | undefined, bans: Bans): boolean => {
  if (operator === 'with' || operator === 'without') return bans.with
  if (operator === 'and' || operator === 'if') return bans.and
  return (operator === 'or' || operator === 'unless') && bans.or
}

/** What a group of these operators forbids around itself. */
const bansOf = (inside: Bans, first: Operator | undefined, last: Operator | undefined): Bans => {
  const isNeutral = last === 'and' || last === 'or'
  return {
    and: !isNeutral && (inside.and || first === 'unless'),
    or: !isNeutral && (inside.or || first === 'if'),
    with: inside.with || (last !== undefined && last !== 'with' && last !== 'without' && last !== 'or'),
  }
}

const readPart = (tokens: Tokens, depth: number, before: Operator | undefined): Bans | undefined => {
  if (tokens.peek() !== '(') return readSimple(tokens) ? NOTHING : undefined
  const bans = readGroup(tokens, depth + 1)
  // The condition of an `if` may be anything.
  const isCondition = before === 'if' || before === 'unless'
  return bans && isCondition ? { ...bans, and: false, or: false } : bans
}

/** Undefined when it cannot be parsed; the reader stands behind the group. */
const readGroup = (tokens: Tokens, depth: number): Bans | undefined => {
  if (depth > MAX_DEPTH || tokens.next() !== '(') return undefined
  let first: Operator | undefined
  let before: Operator | undefined
  let bans = NOTHING
  for (;;) {
    const part = readPart(tokens, depth, before)
    if (!part) return undefined
    bans = either(bans, part)
    const word = tokens.next()
    if (word === ')') return isBanned(first, bans) ? undefined : bansOf(bans, first, before)
    const operator = OPERATORS.find((each) => each === word)
    if (!operator || !mayFollow(operator, before)) return undefined
    first ??= operator
    before = operator
  }
}

/** A conflict is met when any part is, all other relations when all are (rpmrichParseForTag). */
export const isRichDependency = (text: string, kind: 'requirement' | 'conflict' = 'requirement'): boolean => {
  if (!/^[ -~]{1,1024}$/.test(text)) return false
  const tokens = tokenize(text)
  const bans = readGroup(tokens, 0)
  if (!bans || tokens.peek() !== undefined) return false
  return !isBanned(kind === 'conflict' ? 'or' : 'and', bans)
}
