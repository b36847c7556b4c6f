import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { fileTrouble } from './file-trouble.ts'

const errno = (code: string): Error => Object.assign(new Error(code), { code, path: '/srv/nfpm.yaml', syscall: 'open' })

it.each([
  ['EACCES', 2, /^\/srv\/nfpm\.yaml cannot be used: you may not open it \(EACCES\)\.$/],
  ['EROFS', 2, /cannot be written to/],
  ['ENOSPC', 1, /the disk is full/],
])('%s ends with status %s and a sentence', (code, exitCode, sentence) => {
  const trouble = fileTrouble(errno(code))
  expect(trouble?.exitCode).toBe(exitCode)
  expect(trouble?.faults[0]?.message).toMatch(sentence)
})

it('is what the system really throws', async () => {
  const error = await readFile('/').catch((thrown: unknown) => thrown)
  expect(fileTrouble(error)).toMatchObject({ exitCode: 2, faults: [{ message: expect.stringContaining('folder') }] })
})

it('leaves a bug a bug', () => {
  expect(fileTrouble(new TypeError('x is not a function'))).toBeUndefined()
  expect(fileTrouble(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }))).toBeUndefined()
})
