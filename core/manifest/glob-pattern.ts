// Glob patterns as nFPM's matcher (gobwas/glob with separator `/`) reads them, which differ from a shell's:
// `**` crosses slashes anywhere, `a/**/b` needs both slashes, `*` matches a leading dot, `{a,b}` and `[!a-z]`
// work, `\` escapes. Matching never tries anything twice (glob-machine.ts) and spends from a budget.
import type { Budget } from '../budget.ts'
import { openMachine, type State } from './glob-machine.ts'
import { clean } from './paths.ts'

type Step =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'any' } // `*`
  | { readonly kind: 'super' } // `**`
  | { readonly kind: 'single' } // `?`
  | { readonly kind: 'set'; readonly isNegated: boolean; readonly has: (character: string) => boolean }
  | { readonly kind: 'either'; readonly branches: readonly (readonly Step[])[] }

export interface GlobPattern {
  /** `what` names whose pattern it is, for the fault of a spent budget. */
  matches(path: string, budget: Budget, what: string): boolean
  /** The text, when there is nothing to match: no wildcard, no braces. */
  readonly literal: string | undefined
  /** Folders in front of the first wildcard; '.' when there are none. */
  readonly staticPrefix: string
}

export type Dialect =
  /** gobwas/glob */
  | 'glob'
  /** Go's filepath.Match: `**` is `*`, `^` negates, braces are text. */
  | 'match'

export class PatternError extends Error {}

const MAX_PATTERN_CHARACTERS = 4096
const MAX_BRACE_DEPTH = 16

class PatternReader {
  private position = 0
  private readonly characters: readonly string[]
  private readonly dialect: Dialect

  constructor(pattern: string, dialect: Dialect) {
    this.characters = [...pattern]
    this.dialect = dialect
  }

  steps(depth: number): readonly Step[] {
    if (depth > MAX_BRACE_DEPTH) throw new PatternError('braces are nested too deeply')
    const steps: Step[] = []
    let text = ''
    const flush = () => {
      if (text !== '') steps.push({ kind: 'text', text })
      text = ''
    }
    while (this.position < this.characters.length) {
      const character = this.characters[this.position]!
      if (depth > 0 && (character === ',' || character === '}')) break
      this.position += 1
      if (character === '\\') {
        text += this.characters[this.position++] ?? ''
        continue
      }
      const step = this.special(character, depth)
      if (!step) text += character
      else {
        flush()
        steps.push(step)
      }
    }
    flush()
    return steps
  }

  private special(character: string, depth: number): Step | undefined {
    if (character === '?') return { kind: 'single' }
    if (character === '[') return this.set()
    if (character === '{' && this.dialect === 'glob') return this.either(depth)
    if (character !== '*') return undefined
    if (this.dialect === 'match' || this.characters[this.position] !== '*') return { kind: 'any' }
    this.position += 1
    return { kind: 'super' }
  }

  private either(depth: number): Step {
    const branches: (readonly Step[])[] = []
    for (;;) {
      branches.push(this.steps(depth + 1))
      const end = this.characters[this.position++]
      if (end === '}') return { kind: 'either', branches }
      if (end === undefined) throw new PatternError('a { has no }')
    }
  }

  private setCharacter(): string {
    const character = this.characters[this.position++]
    const meant = character === '\\' ? this.characters[this.position++] : character
    if (meant === undefined) throw new PatternError('a [ has no ]')
    return meant
  }

  private range(): readonly [string, string] {
    const low = this.setCharacter()
    if (this.characters[this.position] !== '-' || this.characters[this.position + 1] === ']') return [low, low]
    this.position += 1
    const high = this.setCharacter()
    if (high < low) throw new PatternError(`the range ${low}-${high} is upside down`)
    return [low, high]
  }

  private set(): Step {
    const negation = this.dialect === 'glob' ? '!' : '^'
    const isNegated = this.characters[this.position] === negation
    if (isNegated) this.position += 1
    const ranges: (readonly [string, string])[] = []
    while (this.characters[this.position] !== ']' || ranges.length === 0) ranges.push(this.range())
    this.position += 1
    const has = (character: string) => ranges.some(([low, high]) => character >= low && character <= high)
    return { kind: 'set', isNegated, has }
  }
}

const compile = (steps: readonly Step[]): readonly State[] => {
  const states: State[] = []
  const add = (read: State['read']): number => states.push({ read, next: [] }) - 1
  const chain = (list: readonly Step[], start: number): number => list.reduce((from, step) => link(step, from), start)
  const reader = (read: NonNullable<State['read']>, from: number): number => {
    const state = add(read)
    states[from]!.next.push(state)
    const after = add(undefined)
    states[state]!.next.push(after)
    return after
  }
  const link = (step: Step, from: number): number => {
    if (step.kind === 'text') return [...step.text].reduce((at, wanted) => reader((c) => c === wanted, at), from)
    if (step.kind === 'single') return reader((c) => c !== '/', from)
    if (step.kind === 'set') return reader((c) => step.has(c) !== step.isNegated, from)
    if (step.kind === 'either') {
      const end = add(undefined)
      for (const branch of step.branches) {
        const start = add(undefined)
        states[from]!.next.push(start)
        states[chain(branch, start)]!.next.push(end)
      }
      return end
    }
    const after = add(undefined)
    const loop = add(step.kind === 'super' ? () => true : (c) => c !== '/')
    states[loop]!.next.push(after)
    states[after]!.next.push(loop)
    states[from]!.next.push(after)
    return after
  }
  const start = add(undefined)
  const end = chain(steps, start)
  // The accepting state is the last one.
  states.push({ read: undefined, next: [] })
  states[end]!.next.push(states.length - 1)
  return states
}

const literalOf = (steps: readonly Step[]): string | undefined => {
  let text = ''
  for (const step of steps) {
    if (step.kind !== 'text') return undefined
    text += step.text
  }
  return text
}

const readSteps = (pattern: string, dialect: Dialect): readonly Step[] => new PatternReader(pattern, dialect).steps(0)

/** Whole folders up to the first one with a wildcard, as fileglob's staticPrefix splits them. */
const staticPrefixOf = (pattern: string, dialect: Dialect): string => {
  const prefix: string[] = []
  for (const part of pattern.split('/').filter((piece) => piece !== '')) {
    let literal: string | undefined
    try {
      literal = literalOf(readSteps(part, dialect))
    } catch (error) {
      // A brace that spans a slash is no pattern in its parts: the prefix ends before it.
      if (!(error instanceof PatternError)) throw error
    }
    if (literal === undefined) break
    prefix.push(literal)
  }
  return (pattern.startsWith('/') ? '/' : '') + prefix.join('/') || '.'
}

/** Throws PatternError for an unfinished bracket or brace. */
export const parsePattern = (pattern: string, dialect: Dialect = 'glob'): GlobPattern => {
  if (pattern.length > MAX_PATTERN_CHARACTERS) throw new PatternError('the pattern is too long')
  const steps = readSteps(pattern, dialect)
  const machine = openMachine(compile(steps))
  return {
    literal: literalOf(steps),
    staticPrefix: staticPrefixOf(pattern, dialect),
    matches: machine.matches,
  }
}

/** A pattern that matches this very text: every special character escaped. */
export const literalPattern = (text: string): GlobPattern => ({
  literal: text,
  staticPrefix: clean(text),
  matches: (path) => path === text,
})
