// The bundles of this checkout's own programs.
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bundleProgram } from './bundle.ts'

const PROGRAM = 'containers/packager/server.ts'

const label = (file: string): { readonly inputs: readonly string[] } =>
  JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1)?.slice(3) ?? '')

describe('a bundled program', () => {
  it('is bundled once, and runs', async () => {
    const program = await bundleProgram(PROGRAM)
    const { ino } = statSync(program)
    expect(await bundleProgram(PROGRAM)).toBe(program)
    expect(statSync(program).ino).toBe(ino)
    execFileSync(process.execPath, ['--check', program])
  })

  it('knows every source it is made of', async () => {
    const { inputs } = label(await bundleProgram(PROGRAM))
    expect(inputs).toEqual(
      expect.arrayContaining([
        'containers/packager/package.json',
        'containers/packager/server.ts',
        'core/package.json',
        'core/registry.ts',
        'node_modules/zod/package.json',
        'node_modules/zod/v4/classic/schemas.js',
        'node_modules/.package-lock.json',
        'scripts/platform/bundle.ts',
        'tsconfig.json',
      ]),
    )
    const absent = inputs.filter((input) => !statSync(input, { throwIfNoEntry: false }))
    expect(absent.filter((input) => !/\/(package|tsconfig)\.json$/.test(input))).toEqual([])
  })
})
