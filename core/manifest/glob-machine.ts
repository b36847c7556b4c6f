// A pattern's states walked all at once, and what was walked remembered: from a set of states and a character to the
// next set. A text costs a step a character once its sets are known; a new set costs as many steps as it has states.
import type { Budget } from '../budget.ts'

/** What may be read to reach `next`, or jumps that read nothing. The last state of a machine accepts. */
export interface State {
  read: ((character: string) => boolean) | undefined
  next: number[]
}

const DEAD = -1
const UNKNOWN = -2
const ASCII = 128
/** Sets that are remembered; a pattern and texts that make more of them pay for each again. */
const MAX_SETS = 1_000

interface KnownSet {
  /** Of states that read, and of the accepting one. */
  readonly states: readonly number[]
  readonly accepts: boolean
  /** By character: the next set's number. */
  readonly ascii: Int32Array
  readonly others: Map<string, number>
}

export interface Machine {
  /** `what` names the entry whose pattern this is. */
  matches(text: string, budget: Budget, what: string): boolean
}

type Spend = (count: number) => void

/** Sets of the standard library, a sort, a key. */
const STEPS_A_STATE = 16

export const openMachine = (states: readonly State[]): Machine => {
  const accepting = states.length - 1
  let known: KnownSet[] = []
  let numbers = new Map<string, number>()

  /** Every state reachable without reading; only those that read on are kept. */
  const spread = (from: readonly number[], spend: Spend): number[] => {
    const reached = new Set<number>()
    const pending = [...from]
    for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
      if (reached.has(state)) continue
      reached.add(state)
      if (!states[state]!.read) pending.push(...states[state]!.next)
    }
    spend(reached.size)
    return [...reached].filter((state) => states[state]!.read || state === accepting).sort((a, b) => a - b)
  }

  const numberOf = (from: readonly number[], spend: Spend): number => {
    const set = spread(from, spend)
    if (set.length === 0) return DEAD
    const key = set.join()
    const found = numbers.get(key)
    if (found !== undefined) return found
    const ascii = new Int32Array(ASCII).fill(UNKNOWN)
    known.push({ states: set, accepts: set.at(-1) === accepting, ascii, others: new Map() })
    numbers.set(key, known.length - 1)
    spend(ASCII / 8)
    return known.length - 1
  }

  const step = ({ states: set }: KnownSet, character: string, spend: Spend): number => {
    const next: number[] = []
    for (const state of set) if (states[state]!.read?.(character)) next.push(...states[state]!.next)
    spend(set.length)
    return numberOf(next, spend)
  }

  const follow = (set: KnownSet, character: string, spend: Spend): number => {
    const code = character.charCodeAt(0)
    const found = code < ASCII ? set.ascii[code]! : (set.others.get(character) ?? UNKNOWN)
    if (found !== UNKNOWN) return found
    const next = step(set, character, spend)
    if (code < ASCII) set.ascii[code] = next
    else set.others.set(character, next)
    return next
  }

  const begin = (spend: Spend): number => {
    if (known.length > MAX_SETS) {
      known = []
      numbers = new Map()
    }
    // The first set that is made is the one every text begins with.
    return known.length === 0 ? numberOf([0], spend) : 0
  }

  return {
    matches(text, budget, what) {
      const spend: Spend = (count) => budget.step(count * STEPS_A_STATE, what)
      let at = begin(spend)
      let read = 0
      for (const character of text) {
        read += 1
        at = follow(known[at]!, character, spend)
        if (at === DEAD) break
      }
      budget.step(read, what)
      return at !== DEAD && known[at]!.accepts
    },
  }
}
