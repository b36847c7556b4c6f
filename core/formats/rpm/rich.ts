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

const readGroup = (tokens: Tokens, depth: number): boolean => {
  if (depth > MAX_DEPTH || tokens.next() !== '(') return false
  let before: Operator | undefined
  for (;;) {
    const isRead = tokens.peek() === '(' ? readGroup(tokens, depth + 1) : readSimple(tokens)
    if (!isRead) return false
    const word = tokens.next()
    if (word === ')') return true
    const operator = OPERATORS.find((each) => each === word)
    if (!operator || !mayFollow(operator, before)) return false
    before = operator
  }
}

export const isRichDependency = (text: string): boolean => {
  if (!/^[ -~]{1,1024}$/.test(text)) return false
  const tokens = tokenize(text)
  return readGroup(tokens, 0) && tokens.peek() === undefined
}
