import { expect, it } from 'vitest'
import { entryOf as apkEntryOf } from '../formats/apk/entry.ts'
import { entryOf as archEntryOf } from '../formats/arch/entry.ts'
import { entryOf as ipkEntryOf } from '../formats/ipk/entry.ts'
import { unheard } from '../warning.ts'

const DIGEST = '0'.repeat(64)
const KIB = 1024

const apk = (more: string) =>
  apkEntryOf({
    pkginfo: `pkgname = a\npkgver = 1\narch = noarch\ndatahash = ${DIGEST}\n${more}`,
    paths: [],
    controlSha1: '0'.repeat(40),
    controlOffset: 0,
    controlSizeBytes: 1,
  })
const arch = (more: string) =>
  archEntryOf({ pkginfo: `pkgname = a\npkgver = 1-1\narch = any\n${more}`, paths: [], suffix: '.pkg.tar.zst' })
const ipk = (more: string) =>
  ipkEntryOf({ controlText: `Package: a\nVersion: 1\nArchitecture: all\n${more}`, paths: [], contentBytes: 0 }, unheard)

it.each([
  ['apk', apk, `pkgdesc = ${'a'.repeat(100 * KIB)}\n`, `pkgdesc = ${'a'.repeat(130 * KIB)}\n`],
  ['apk, in many', apk, 'provides = cmd:abcdef=1\n'.repeat(6 * KIB), 'provides = cmd:abcdef=1\n'.repeat(12 * KIB)],
  ['arch', arch, `pkgdesc = ${'a'.repeat(100 * KIB)}\n`, `pkgdesc = ${'a'.repeat(600 * KIB)}\n`],
  ['ipk', ipk, `Description: ${'a'.repeat(800 * KIB)}\n`, `Description: ${'a'.repeat(1024 * KIB)}\n`],
])('%s: a record longer than its client reads is refused', (_format, entryOf, longest, longer) => {
  expect(entryOf(longest)).toMatchObject({ ok: true })
  expect(entryOf(longer)).toMatchObject({ ok: false, error: { code: 'limit_exceeded' } })
})
