// The bundles of this checkout's own programs.
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bundleProgram } from './bundle.ts'

const label = (file: string): { readonly inputs: readonly string[] } =>
  JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1)?.slice(3) ?? '')

describe('a bundled program', () => {
  it('does what its source does, and is bundled once', async () => {
    const program = await bundleProgram('cli/bin/distropack.mjs')
    const run = (file: string): string =>
      execFileSync(process.execPath, [file, 'publish', '--help'], { encoding: 'utf8' })
    expect(run(program)).toBe(run('cli/bin/distropack.mjs'))
    const { ino } = statSync(program)
    expect(await bundleProgram('cli/bin/distropack.mjs')).toBe(program)
    expect(statSync(program).ino).toBe(ino)
  })

  it('knows every source it is made of', async () => {
    const { inputs } = label(await bundleProgram('cli/bin/distropack.mjs'))
    expect(inputs).toEqual(
      expect.arrayContaining([
        'cli/main.ts',
        'cli/package.json',
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
