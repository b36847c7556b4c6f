// GitHub runs action/dist as it stands in the repository, so it must be what the sources make.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { bundleAction } from './bundle.mjs'

const read = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8')

describe('the committed action', () => {
  it('is what the sources make: `npm run action` writes it anew', async () => {
    const files = await bundleAction()
    expect(readdirSync(join(import.meta.dirname, 'dist')).sort()).toEqual(Object.keys(files).sort())
    for (const [name, text] of Object.entries(files)) {
      // Not `toBe`: nobody wants to read a megabyte of difference.
      expect(read(`dist/${name}`) === text, name).toBe(true)
    }
  })

  it('says what it takes and gives, and uses no other action', () => {
    const action = parse(read('action.yml'))
    expect(action.runs).toEqual({ using: 'node24', main: 'dist/index.mjs', post: 'dist/index.mjs' })
    const code = ['inputs.ts', 'main.ts', 'report.ts'].map(read).join('\n')
    const asked = [...code.matchAll(/(?:getInput|flag|seconds)\('([\w-]+)'\)/g)].map(([, name]) => name)
    expect(new Set([...asked, 'cli-version'])).toEqual(new Set(Object.keys(action.inputs)))
    const set = [...code.matchAll(/setOutput\(\s*'([\w-]+)'/g)].map(([, name]) => name)
    expect(new Set(set)).toEqual(new Set(Object.keys(action.outputs)))
  })
})
