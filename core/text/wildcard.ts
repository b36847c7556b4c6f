// Patterns of two signs: `*` is any run of characters but `/`, `**` any run. All ways to match are followed at once,
// one step for each character and each place of the pattern that is alive: nothing is ever tried again.
import type { Budget } from '../budget.ts'

type Token = string | typeof WITHIN | typeof ACROSS
const WITHIN = Symbol('*')
const ACROSS = Symbol('**')

const tokensOf = (pattern: string): readonly Token[] => {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] !== '*') tokens.push(pattern[at]!)
    else if (pattern[at + 1] !== '*') tokens.push(WITHIN)
    else {
      tokens.push(ACROSS)
      at += 1
    }
  }
  return tokens
}

/** Does the whole text match? */
export const matchesWildcard = (pattern: string, text: string, budget: Budget): boolean => {
  const tokens = tokensOf(pattern)
  // Places of the pattern that the text so far leads to, in order and each once: a star is also behind itself.
  let alive: number[] = []
  const reach = (places: number[], place: number): void => {
    for (let at = place; (places.at(-1) ?? -1) < at; at++) {
      places.push(at)
      if (typeof tokens[at] !== 'symbol') return
    }
  }
  reach(alive, 0)
  for (const character of text.split('')) {
    budget.step(alive.length + 1, `Matching the pattern ${JSON.stringify(pattern.slice(0, 80))}`)
    const next: number[] = []
    for (const place of alive) {
      const token = tokens[place]
      if (token === character) reach(next, place + 1)
      else if (token === ACROSS || (token === WITHIN && character !== '/')) reach(next, place)
    }
    if (next.length === 0) return false
    alive = next
  }
  return alive.at(-1) === tokens.length
}
