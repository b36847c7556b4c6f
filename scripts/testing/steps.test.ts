// What stands at the end of `npm test`, which is all that many a log shows.
import { afterEach, expect, it, vi } from 'vitest'
import { notRun, summarize } from './steps.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const said = (...outcomes: Parameters<typeof summarize>[0]): string => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  summarize(outcomes, 61)
  return log.mock.calls.flat().join('\n')
}

it('says every failure again, before the sums', () => {
  const failures = [{ name: 'test/a.test.ts > a > fails', message: 'expected 1 to be 2\n- 2\n+ 1' }]
  const text = said({ title: 'unit', passed: 3, failed: 1, seconds: 2, failures })
  expect(text).toMatch(
    /✗ test\/a\.test\.ts > a > fails\n {2}expected 1 to be 2\n {2}- 2\n {2}\+ 1\n[\s\S]*3 passed, 1 failed$/,
  )
})

it('cuts a message that would push the others out of sight', () => {
  const failures = [{ name: 'types', message: Array.from({ length: 100 }, (_, i) => `line ${i}`).join('\n') }]
  const text = said({ title: 'types', passed: 0, failed: 1, seconds: 2, failures })
  expect(text).toContain('line 29\n  … 70 lines more, above')
  expect(text).not.toContain('line 30\n')
})

it('says what did not run, and why, and counts it where it had to', () => {
  expect(said(notRun('install', 'overlay mounts need root', false))).toMatch(/did not run .* overlay mounts need root/)
  vi.restoreAllMocks()
  expect(said(notRun('install', 'overlay mounts need root', true))).toMatch(/0 passed, 1 failed$/)
})
