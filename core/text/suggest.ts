// "Did you mean …": the nearest of a few known words.

/** Edits (insert, delete, replace, swap neighbours) that turn one word into another: optimal string alignment. */
export const editDistance = (a: string, b: string): number => {
  let older: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      const best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + cost)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(isSwap ? Math.min(best, older[j - 2]! + 1) : best)
    }
    older = previous
    previous = row
  }
  return previous[b.length]!
}

/** Undefined when nothing is near enough to be what was meant: at most a third of the letters, and two. */
export const suggest = (word: string, known: readonly string[]): string | undefined => {
  if (word.length > 64) return undefined
  const allowed = Math.min(2, Math.max(1, Math.floor(word.length / 3)))
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best && best.distance <= allowed ? best.candidate : undefined
}
