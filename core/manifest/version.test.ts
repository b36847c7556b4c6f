import { describe, expect, it } from 'vitest'
import { splitVersion } from './version.ts'

const split = (version: string, more: object = {}) => splitVersion({ version, schema: 'semver', ...more })

describe('a semver version', () => {
  it.each([
    ['v1.2.3', { version: '1.2.3' }],
    ['1.2.3-rc1+meta.5', { version: '1.2.3', prerelease: 'rc1', metadata: 'meta.5' }],
    ['v1', { version: '1.0.0' }],
    ['1.2', { version: '1.2.0' }],
    ['2024.01.05', { version: '2024.1.5' }],
    ['1.2.3-0.1.b1+git.abcdefgh', { version: '1.2.3', prerelease: '0.1.b1', metadata: 'git.abcdefgh' }],
  ])('%s is taken apart', (written, parts) => {
    expect(split(written)).toEqual(parts)
  })

  it.each(['1.2.3.4', '1.0.0-01', 'this.is.it', '1.0_beta', '99999999999999999999.0.0', ''])(
    '%s is none, and stays as it was written',
    (written) => {
      expect(split(written)).toEqual({ version: written })
    },
  )

  it('gives way to the keys of the manifest', () => {
    expect(split('v1.0.0-1+xdg2', { prerelease: 'beta1', metadata: 'git', release: '2', epoch: 3 })).toEqual({
      version: '1.0.0',
      prerelease: 'beta1',
      metadata: 'git',
      release: '2',
      epoch: 3,
    })
  })
})

it('a version without a schema is not touched', () => {
  expect(splitVersion({ version: 'v1.0.0-rc1', schema: 'none', prerelease: 'x' })).toEqual({
    version: 'v1.0.0-rc1',
    prerelease: 'x',
  })
})
