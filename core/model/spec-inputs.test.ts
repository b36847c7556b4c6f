import { describe, expect, it } from 'vitest'
import { helloSpec } from '../../test/support/specs.ts'
import type { PackageSpec } from './spec.ts'
import { describeInputs } from './spec-inputs.ts'

const hashed = (changes: Partial<PackageSpec> = {}): PackageSpec => {
  const spec = helloSpec(changes)
  const items = spec.items.map((item) =>
    'source' in item ? { ...item, source: { ...item.source, sha256: 'a'.repeat(64) } } : item,
  )
  return { ...spec, items }
}

const plain = describeInputs(hashed())

describe('what a package is made of', () => {
  it('is the same whenever it is built and its files were written', () => {
    const later = hashed({ mtimeSeconds: 5 })
    expect(describeInputs({ ...later, items: later.items.map((item) => ({ ...item, mtimeSeconds: 7 })) })).toBe(plain)
  })

  it('is the same in whatever order code set its keys', () => {
    const spec = hashed({ block: { b: 1, a: { d: 1, c: 2 } } })
    const turned = Object.fromEntries(Object.entries(hashed({ block: { a: { c: 2, d: 1 }, b: 1 } })).reverse())
    expect(describeInputs(turned as unknown as PackageSpec)).toBe(describeInputs(spec))
  })

  const [first, ...rest] = hashed().items
  it.each<[string, Partial<PackageSpec>]>([
    ['a word', { description: 'Says goodbye' }],
    ['a script', { scripts: { postinstall: new Uint8Array([1]) } }],
    ['a script of other bytes', { scripts: { postinstall: new Uint8Array([16]) } }],
    ['its version', { version: { version: '1.2.3', release: '2' } }],
    ['an item’s mode', { items: [{ ...first!, mode: 0o700 }, ...rest] }],
    ['an item less', { items: rest }],
    ['the format’s own block', { block: { compression: 'xz' } }],
    ['the order of relations', { relations: { ...hashed().relations, depends: ['b', 'a'] } }],
  ])('is another with %s', (_, changes) => {
    expect(describeInputs({ ...hashed(), ...changes })).not.toBe(plain)
  })

  it('is another with a file of other bytes', () => {
    const spec = hashed()
    const items = spec.items.map((item) =>
      item.path === '/usr/bin/hello' && 'source' in item
        ? { ...item, source: { ...item.source, sha256: 'b'.repeat(64) } }
        : item,
    )
    expect(describeInputs({ ...spec, items })).not.toBe(plain)
  })
})
