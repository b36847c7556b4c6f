import { expect, it } from 'vitest'
import { utf8 } from '../bytes/arrays.ts'
import { isNestedDeeper } from './json-depth.ts'

const isDeep = (text: string): boolean => isNestedDeeper(utf8(text), 3)

it.each(['[[[1]]]', '{"a":[{"b":1}]}', '[[],[],[],[],[]]', '"[[[[[["', '{"\\"[[[[":1}', '["\\\\",[["x"]]]', ''])(
  '%s is not deeper than three',
  (text) => expect(isDeep(text)).toBe(false),
)

it.each(['[[[[1]]]]', '{"a":{"b":{"c":{}}}}', '["\\\\",[[["x"]]]]', '[[[['])('%s is deeper than three', (text) =>
  expect(isDeep(text)).toBe(true),
)

it('reads a text of backslashes once', () => {
  expect(isDeep(`"${'\\\\'.repeat(2_000_000)}"`)).toBe(false)
  expect(isDeep(`"${'\\"'.repeat(2_000_000)}"`)).toBe(false)
})
