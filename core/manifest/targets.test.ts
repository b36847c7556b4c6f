import { expect, it } from 'vitest'
import { formatTarget } from '../registry.ts'
import { parseManifest } from './parse.ts'
import { planTargets } from './targets.ts'

const plan = (lines: string, asked?: readonly string[]): readonly string[] => {
  const manifest = parseManifest(`name: x\nversion: 1.0.0\n${lines}`, 'nfpm.yaml')
  if (!manifest.ok) throw new Error(manifest.error[0]?.message)
  const planned = planTargets({ manifest: manifest.value, asked, variables: {} })
  return planned.ok ? planned.value.map(formatTarget) : planned.error.map(({ message }) => message)
}

it('a format alone is of the manifest’s own architecture', () => {
  expect(plan('arch: arm64', ['deb', 'rpm', 'archlinux'])).toEqual(['deb/arm64', 'rpm/arm64', 'arch/arm64'])
  expect(plan('arch: x86_64\ntargets: [apk, deb/386]')).toEqual(['apk/amd64', 'deb/386'])
  expect(plan('', ['deb'])).toEqual(['deb/amd64'])
})

it('one target asked for twice is built once', () => {
  expect(plan('arch: amd64', ['deb', 'deb/amd64', 'deb/x86_64'])).toEqual(['deb/amd64'])
})

it('every wrong one is named with its place', () => {
  expect(plan('arch: amd64\ntargets: [deb/vax, flatpak]')).toEqual([
    expect.stringMatching(/^nfpm\.yaml:4:\d+: "deb\/vax" is not a target/),
    expect.stringMatching(/^nfpm\.yaml:4:\d+: "flatpak" is not a target/),
  ])
  expect(plan('arch: vax', ['deb'])).toEqual([expect.stringMatching(/^nfpm\.yaml:3:\d+: arch "vax" is unknown/)])
})
