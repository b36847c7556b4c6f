// What somebody sends: nothing in it is ignored. A misspelt key would otherwise make a public project of a private
// one, or a token that never ends.
import * as z from 'zod'
import { suggest } from '../text/suggest.ts'

/** More unknown keys than this are echoes of the first ones. */
const MAX_KEYS_NAMED = 5

const quoted = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(', ')

const unknownKey = (key: string, known: readonly string[]): string => {
  const near = suggest(key, known)
  const shown = key.length > 64 ? `${key.slice(0, 64)}…` : key
  if (near !== undefined) return `unknown key "${shown}"; did you mean "${near}"?`
  return known.length > 0
    ? `unknown key "${shown}"; known keys: ${quoted(known)}`
    : `unknown key "${shown}"; none is taken here`
}

const explain = (keys: readonly string[], known: readonly string[]): string => {
  const named = keys.slice(0, MAX_KEYS_NAMED).map((key) => unknownKey(key, known))
  const more = keys.length > MAX_KEYS_NAMED ? [`and ${keys.length - MAX_KEYS_NAMED} more unknown keys`] : []
  return [...named, ...more].join('; ')
}

/** The shape that refused, which an extended schema brings anew. */
const shapeOf = (inst: unknown): readonly string[] =>
  Object.keys((inst as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def?.shape ?? {})

/** An object of a request body or a query: a key that is not in `shape` is refused, with the nearest one that is. */
export const requestObject = <Shape extends z.core.$ZodShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? explain(issue.keys as readonly string[], shapeOf(issue.inst)) : undefined,
  })

/** A map whose keys the sender chooses. `__proto__` is refused: JavaScript's maps, and zod's, would lose it silently. */
export const requestRecord = <Key extends z.ZodType<string, string>, Value extends z.ZodType>(key: Key, value: Value) =>
  z.preprocess(
    (given, context) => {
      if (typeof given === 'object' && given !== null && Object.hasOwn(given, '__proto__'))
        context.addIssue({ code: 'custom', path: ['__proto__'], message: '"__proto__" cannot be a key' })
      return given as Readonly<Record<string, z.input<Value>>>
    },
    z.record(key, value),
  )
