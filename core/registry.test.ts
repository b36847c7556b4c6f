import { describe, expect, it } from 'vitest'
import { ALL_TARGETS, parseTarget } from './registry.ts'

describe('a target', () => {
  it('is a format and an architecture that it has packages for, the common ones first', () => {
    expect(ALL_TARGETS.slice(0, 4)).toEqual(['deb/amd64', 'deb/arm64', 'deb/arm7', 'deb/arm6'])
    for (const target of ALL_TARGETS) expect(parseTarget(target).ok, target).toBe(true)
  })

  it('may have people’s word for the architecture, and for the format', () => {
    expect(parseTarget('rpm/i686')).toMatchObject({ ok: true, value: { architecture: '386' } })
    expect(parseTarget('archlinux/amd64')).toMatchObject({ ok: true, value: { format: { id: 'arch' } } })
  })

  it('is of the manifest’s own architecture when it names none', () => {
    expect(parseTarget('deb', 'arm64')).toMatchObject({ ok: true, value: { architecture: 'arm64' } })
    expect(parseTarget('pacman', 'amd64')).toMatchObject({ ok: true, value: { format: { id: 'arch' } } })
    expect(parseTarget('apk', 'mips')).toMatchObject({ ok: false })
  })

  it.each([
    ['arch/s390x', /^"arch\/s390x" is not a target: arch has no packages for s390x\. Write one of arch\/amd64, /],
    ['apk/mips', /apk has no packages for mips\. Write one of apk\/amd64, apk\/arm64, /],
    ['deb/vax', /"vax" is no architecture\. Write one of deb\/amd64, /],
    ['deb', /Write format\/architecture/],
    ['deb/', /"" is no architecture/],
    ['flatpak/amd64', /formats are deb, rpm, apk, arch, /],
    ['deb/amd64/v3', /Write format\/architecture/],
  ])('%j is refused with what there is instead', (text, sentence) => {
    expect(parseTarget(text)).toMatchObject({
      ok: false,
      error: { code: 'target_unknown', message: expect.stringMatching(sentence) },
    })
  })
})
