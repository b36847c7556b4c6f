// The lock, for machines of other kinds than the one it was written on.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly resolved?: string
}

const read = (path: string): Readonly<Record<string, Locked>> =>
  JSON.parse(readFileSync(join(import.meta.dirname, '..', path), 'utf8')).packages

describe.each(['package-lock.json', 'scripts/node24/package-lock.json'])('%s', (path) => {
  const packages = read(path)

  // npm that finds a node_modules while it writes a lock leaves out what this machine has not installed.
  it('has the native parts of every platform', () => {
    const missing = Object.entries(packages).flatMap(([folder, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !packages[`${folder}/node_modules/${name}`] && !packages[`node_modules/${name}`])
        .map((name) => `${folder} wants ${name}`),
    )
    expect(missing).toEqual([])
  })

  it('names no registry', () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved?.includes('://'))).toEqual([])
  })
})
