// Laws every format keeps about single packages: round trip, repeatability, injection safety, order of versions.
import { isDeepStrictEqual } from 'node:util'
import type { Format } from '@distropack/core/format.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { FORMATS } from '@distropack/core/registry.ts'
import { describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { createDice, randomSpec } from '../support/generate.ts'
import { COUNT_RECORDS } from '../support/index-readers.ts'
import { sealed } from '../support/publisher.ts'
import { testSigner } from '../support/signers.ts'
import { helloSpec } from '../support/specs.ts'

const SEEDS = Array.from({ length: 25 }, (_, at) => at + 1)

const build = async (format: Format, spec: PackageSpec) => {
  const sink = memorySink()
  const built = await format.build(spec, sink, buildTools)
  if (!built.ok) throw new Error(`${built.error.code}: ${built.error.message}`)
  return { entry: built.value, bytes: sink.bytes() }
}

/** Values that end a line, a stanza, a paragraph, an element or an archive's idea of a path. */
const HOSTILE = [
  'x\nPackage: evil',
  'x\n\nPackage: evil\nVersion: 1',
  'x\r\nP:evil',
  'x\ny = z',
  'x\u0000y',
  'x\u2028P:evil',
  'x"><evil/>',
  'x\ndatahash = 00',
  '../../x',
  '$(id)',
  'x\n .\nFilename: y',
  ' ',
  '\n',
  '\u001b[2J',
]

const TEXT_FIELDS = [
  'name',
  'maintainer',
  'description',
  'homepage',
  'licence',
  'section',
  'priority',
  'vendor',
  'platform',
  'architectureOverride',
] as const
const RELATIONS = ['depends', 'recommends', 'suggests', 'conflicts', 'replaces', 'provides'] as const
const VERSION_PARTS = ['version', 'prerelease', 'metadata', 'release'] as const

const hostileSpecs = (value: string): readonly (readonly [string, PackageSpec])[] => {
  const base = helloSpec()
  return [
    ...TEXT_FIELDS.map((field) => [field, helloSpec({ [field]: value })] as const),
    ...RELATIONS.map((field) => [field, helloSpec({ relations: { ...base.relations, [field]: [value] } })] as const),
    ...VERSION_PARTS.map(
      (part) => [`version.${part}`, helloSpec({ version: { version: '1', [part]: value } })] as const,
    ),
    [
      'changelog',
      helloSpec({ changelog: [{ version: value, dateSeconds: 1, packager: value, changes: [value] }] }),
    ] as const,
    [
      'path',
      helloSpec({
        items: [{ kind: 'dir', path: `/a${value}`, mode: 0o755, owner: 'root', group: 'root', mtimeSeconds: 1 }],
      }),
    ] as const,
    [
      'owner',
      helloSpec({ items: [{ kind: 'dir', path: '/a', mode: 0o755, owner: value, group: value, mtimeSeconds: 1 }] }),
    ] as const,
  ]
}

describe.each(FORMATS.map((format) => [format.id, format] as const))('%s', (_, format) => {
  it.each(SEEDS)('round trip: inspecting what was built gives the entry build gave (seed %i)', async (seed) => {
    const spec = randomSpec(seed)
    expect(format.check(spec)).toEqual([])
    const { entry, bytes } = await build(format, spec)
    expect(await format.inspect(memoryFile(bytes, 1 + ((seed * 997) % 5000)), inspectTools)).toEqual({
      ok: true,
      value: entry,
    })
    expect(format.entrySchema.parse(JSON.parse(JSON.stringify(entry)))).toEqual(entry)
    expect(entry).toMatchObject({ format: format.id, fileName: format.fileName(spec), sizeBytes: bytes.length })
    const signed = await sealed(format, bytes, await testSigner())
    const read = await format.inspect(memoryFile(signed.bytes), inspectTools)
    if (!read.ok) throw new Error(read.error.message)
    // What a companion holds is in no file that `inspect` could read.
    if (signed.companions.length === 0) expect(read.value).toEqual(signed.entry)
    else expect(signed.entry).toMatchObject(read.value)
    expect(format.entrySchema.parse(JSON.parse(JSON.stringify(signed.entry)))).toEqual(signed.entry)
  })

  it.each(SEEDS.slice(0, 8))('repeatability: the same spec gives the same bytes (seed %i)', async (seed) => {
    const [first, second] = [await build(format, randomSpec(seed)), await build(format, randomSpec(seed))]
    expect(Buffer.from(first.bytes).equals(Buffer.from(second.bytes))).toBe(true)
    expect(first.entry.sha256).toBe(second.entry.sha256)
  })

  it.each(HOSTILE)(
    'injection safety: %j in any text is refused or stays inside its field',
    async (value) => {
      for (const [field, spec] of hostileSpecs(value)) {
        if (format.check(spec).length > 0) {
          const refused = await format.build(spec, memorySink(), buildTools)
          expect(refused.ok, `${field}: check refuses what build takes`).toBe(false)
          continue
        }
        const { entry, bytes } = await build(format, spec)
        const read = await format.inspect(memoryFile(bytes), inspectTools)
        expect(read.ok && isDeepStrictEqual(read.value, entry), field).toBe(true)
        expect(JSON.stringify(entry), field).not.toContain('"evil"')
        const rows = format.repository.rows(entry, format.repository.baseStreams, 'stable')
        for (const row of rows.filter(({ group }) => group === undefined)) {
          expect(COUNT_RECORDS[format.id]!(new TextDecoder().decode(row.bytes)), field).toBe(1)
        }
        expect(format.repository.packagePath(entry, 'stable')).toMatch(/^[a-z][!-~]*$/)
        expect(format.repository.packagePath(entry, 'stable').split('/')).not.toContain('..')
      }
    },
    30_000,
  )

  it('check and build agree: a spec without faults is built', async () => {
    for (let seed = 100; seed < 110; seed++)
      expect((await build(format, randomSpec(seed))).bytes.length).toBeGreaterThan(0)
  })

  it('version order: it is a total order, and a prerelease is below its release (pitfall 24)', async () => {
    const versions: string[] = []
    for (let seed = 200; seed < 230; seed++)
      versions.push((await build(format, helloSpec({ version: randomSpec(seed).version, items: [] }))).entry.version)
    const sorted = [...versions].sort(format.compareVersions)
    for (const [at, version] of sorted.entries()) {
      expect(format.compareVersions(version, version)).toBe(0)
      for (const later of sorted.slice(at)) {
        expect(format.compareVersions(version, later)).toBeLessThanOrEqual(0)
        expect(Math.sign(format.compareVersions(later, version))).toBe(
          -Math.sign(format.compareVersions(version, later)) || 0,
        )
      }
    }
    const versionOf = async (version: PackageSpec['version']) =>
      (await build(format, helloSpec({ version, items: [] }))).entry.version
    expect(
      format.compareVersions(
        await versionOf({ version: '1.0.0', prerelease: 'rc1' }),
        await versionOf({ version: '1.0.0' }),
      ),
    ).toBeLessThan(0)
  })

  it('streams: a large file passes through without being held', async () => {
    const dice = createDice(5)
    const chunk = Uint8Array.from({ length: 1 << 16 }, () => dice.roll(256))
    const count = 200
    let alive = 0
    let most = 0
    async function* open() {
      for (let at = 0; at < count; at++) {
        alive++
        most = Math.max(most, alive)
        yield chunk
        alive--
      }
    }
    const source = { sizeBytes: chunk.length * count, open }
    const items = [
      { kind: 'file', path: '/big', mode: 0o644, owner: 'root', group: 'root', mtimeSeconds: 1, source },
    ] as const
    const built = await format.build(
      helloSpec({ items }),
      { write: async () => {} },
      { ...buildTools, compress: (_codec, bytes) => bytes },
    )
    expect(built.ok).toBe(true)
    expect(most).toBe(1)
  })
})
