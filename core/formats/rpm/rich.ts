// The grammar of rich dependencies, `(a and (b or c >= 2))`, by the rules of rpm's parser (lib/rpmds.cc,
// rpmrichParseInternal). One it cannot parse makes a package that never installs.

const OPERATORS = ['and', 'or', 'if', 'unless', 'else', 'with', 'without'] as const
type Operator = (typeof OPERATORS)[number]

/** These may follow one another: `a and b and c`. */
const CHAINS: ReadonlySet<Operator> = new Set(['and', 'or', 'with'])
const COMPARISON = /^(?:<|<=|=|==|>=|>)$/
/** Deeper nesting than any package has; the parser recurses. */
const MAX_DEPTH = 16

interface Tokens {
  peek(): string | undefined
  next(): string | undefined
}

/** Words end at white space and at parentheses that are not part of them: `foo(x86-64)` is one word. */
const tokenize = (text: string): Tokens => {
  const words: string[] = []
  let rest = text
  for (;;) {
    rest = rest.trimStart()
    if (rest === '') break
    const word = /^[()]/.test(rest) ? rest[0]! : /^(?:[^\s()]|\([^\s()]*\))+/.exec(rest)?.[0]
    if (word === undefined) break
    words.push(word)
    rest = rest.slice(word.length)
  }
  let at = 0
  return { peek: () => words[at], next: () => words[at++] }
}

const isName = (word: string | undefined): boolean =>
  word !== undefined && /^[A-Za-z0-9_/][!-~]*$/.test(word) && !/[<>=]/.test(word)

const readSimple = (tokens: Tokens): boolean => {
  if (!isName(tokens.next())) return false
  if (!COMPARISON.test(tokens.peek() ?? '')) return true
  tokens.next()
  return /^(?:\d+:)?[A-Za-z0-9._+~^-]+$/.test(tokens.next() ?? '')
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
