// Files of `key = value` lines: apk's and pacman's .PKGINFO. A value ends at its line's end and has no escapes.
import type { Fault } from '../fault.ts'
import { ok, type Result } from '../result.ts'
import { hasControl, oneLine, quoteForMessage } from './line.ts'

export type Pair = readonly [key: string, value: string]

export const pairValue = (text: string, key: string): Result<string, Fault> => oneLine(text, key)

/** Throws for a pair whose value was not made by `pairValue`: a bug. Empty values are left out: readers split at ` = `. */
export const renderPairs = (pairs: readonly Pair[]): string => {
  let text = ''
  for (const [key, value] of pairs) {
    if (hasControl(key) || hasControl(value)) throw new Error(`the pair ${quoteForMessage(key)} is not safe`)
    if (value !== '') text += `${key} = ${value}\n`
  }
  return text
}

/** Lines that are no pair are skipped, as apk and pacman do. */
export const parsePairs = (text: string): Result<readonly Pair[], Fault> => {
  const pairs: Pair[] = []
  for (const line of text.split('\n')) {
    const cut = line.indexOf(' = ')
    if (line.startsWith('#') || cut < 1) continue
    pairs.push([line.slice(0, cut), line.slice(cut + 3).trim()])
  }
  return ok(pairs)
}
