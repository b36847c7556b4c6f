// Every reader of strangers' packages works within one budget: what unpacks to too much, has too many names or too
// long ones ends as a fault that says so, in bounded memory, and with its caller. The decoders are the packager's own.
import { gzipSync } from 'node:zlib'
import { createBudget, packageLimits } from '@distropack/core/budget.ts'
import { AR_MAGIC, arMember } from '@distropack/core/bytes/ar.ts'
import { concatBytes, sourceOf, utf8 } from '@distropack/core/bytes/arrays.ts'
import { StreamFault } from '@distropack/core/bytes/stream-fault.ts'
import type { Fault } from '@distropack/core/fault.ts'
import { entryFault } from '@distropack/core/model/entry.ts'
import { FORMATS, findFormat, parseFileName } from '@distropack/core/registry.ts'
import type { Codec, InspectTools } from '@distropack/core/tools.ts'
import { unheard } from '@distropack/core/warning.ts'
import { inspectToolsFor as hostTools } from '@distropack/packager/host/build-package.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildTools, memoryFile, memorySink } from '../support/core-host.ts'
import { apkOf, archTarOf, debOf, gzipped, ipkOf, longLink, pack, tarOf, zerosTar, zipOf } from '../support/hostile.ts'
import { rpmOf } from '../support/hostile-rpm.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { helloSpec, settle } from '../support/specs.ts'

beforeAll(() => requirePrograms('bzip2', 'xz', 'zstd'))

const inspectToolsFor = (sizeBytes: number, signal?: AbortSignal): InspectTools =>
  hostTools(sizeBytes, { warn: unheard, signal })

const inspect = async (fileName: string, bytes: Uint8Array, tools?: InspectTools): Promise<Fault | 'read'> => {
  const format = parseFileName(fileName)
  if (!format.ok) throw new Error(format.error.message)
  const read = await format.value.inspect(memoryFile(bytes, 65_536), tools ?? inspectToolsFor(bytes.length))
  return read.ok ? 'read' : read.error
}

/** More than a small package may unpack to. */
const BOMB = Buffer.concat([...zerosTar(17)])
const SMALL = tarOf([['./usr/bin/a', utf8('a')]])

const expectLimit = (found: Fault | 'read', words: RegExp): void => {
  expect(found).toMatchObject({ code: 'limit_exceeded', message: expect.stringMatching(words) })
}

const CODECS = [
  ['gzip', 'gz'],
  ['xz', 'xz'],
  ['zstd', 'zst'],
  ['bzip2', 'bz2'],
] as const

describe.each(CODECS)('%s', (codec, packing) => {
  it('of a package may unpack to so much and no more', async () => {
    expect(await inspect('a.deb', debOf(`data.tar.${packing}`, pack(packing, SMALL)))).toBe('read')
    expectLimit(
      await inspect('a.deb', debOf(`data.tar.${packing}`, pack(packing, BOMB))),
      /data\.tar.*16,777,216 bytes/,
    )
  })

  it('may unpack to more where the package is larger', async () => {
    const more = arMember('more', new Uint8Array(400_000), 0)
    expect(await inspect('a.deb', concatBytes([debOf(`data.tar.${packing}`, pack(packing, BOMB)), more]))).toBe('read')
  })

  it('gives its bytes in small pieces, and others a turn between them', async () => {
    const tools = inspectToolsFor(0)
    let turns = 0
    let isDone = false
    const tick = (): void => {
      turns += 1
      if (!isDone) setImmediate(tick)
    }
    setImmediate(tick)
    let largest = 0
    let sizeBytes = 0
    async function* source() {
      yield pack(packing, BOMB)
    }
    for await (const { length } of tools.decompress(codec as Codec, source())) {
      largest = Math.max(largest, length)
      sizeBytes += length
    }
    isDone = true
    expect(sizeBytes).toBe(BOMB.length)
    expect(largest).toBeLessThanOrEqual(4 * 1024 * 1024)
    expect(turns).toBeGreaterThan(3)
  })

  it('stops when nobody waits any more', async () => {
    const abort = new AbortController()
    const bytes = debOf(`data.tar.${packing}`, pack(packing, BOMB))
    const tools = inspectToolsFor(1e9, abort.signal)
    const reading = inspect('a.deb', bytes, tools)
    setImmediate(() => abort.abort(new Error('the caller has left')))
    await expect(reading).rejects.toThrow('the caller has left')
  })
})

/** An rpm of a file of zeros, as ours are. */
const rpmOfZeros = async (): Promise<Uint8Array> => {
  const source = { sizeBytes: BOMB.length, open: () => sourceOf(new Uint8Array(BOMB.length)) }
  const owned = { path: '/srv/zeros', mode: 0o644, owner: 'root', group: 'root', mtimeSeconds: 1 }
  const sink = memorySink()
  const items = settle([{ ...owned, kind: 'file', source }])
  const built = await findFormat('rpm')!.build(helloSpec({ items }), sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}

const bombs = async (): Promise<readonly (readonly [fileName: string, bytes: Uint8Array])[]> => {
  const data = await gzipped([BOMB])
  return [
    ['control.deb', debOf('data.tar.gz', gzipSync(SMALL), data)],
    ['data.ipk', ipkOf(data)],
    ['outer.ipk', data],
    ['data.apk', apkOf(data)],
    ['signatures.apk', gzipSync(concatBytes([tarOf([['.SIGN.RSA.x', new Uint8Array(9 * 1024 * 1024)]])]))],
    ['payload.pkg.tar.zst', pack('zst', concatBytes([...archTarOf([BOMB])]))],
    ['payload.rpm', await rpmOfZeros()],
    ['whole.tar.gz', data],
    ['whole.tar.xz', pack('xz', BOMB)],
    ['whole.tar.zst', pack('zst', BOMB)],
  ]
}

it('holds in every part of every format', async () => {
  for (const [fileName, bytes] of await bombs()) {
    const found = await inspect(fileName, bytes)
    expect([fileName, found]).toMatchObject([fileName, { message: expect.stringMatching(/bytes/) }])
  }
})

it('reads no more signatures of an apk than a package has', async () => {
  const signature = gzipSync(tarOf([['.SIGN.RSA.a', utf8('x')]]).subarray(0, 1024))
  const many = concatBytes([...Array.from({ length: 17 }, () => signature), apkOf(gzipSync(SMALL))])
  expectLimit(await inspect('a.apk', many), /16 signatures/)
})

/** Packages of every format with these names in them. */
const packagesWith = (names: readonly string[]): readonly (readonly [fileName: string, bytes: Uint8Array])[] => {
  // Folders: files of an apk need checksums.
  const tar = tarOf(names.map((name) => [`./${name}/`] as const))
  const data = gzipSync(tar)
  return [
    ['a.deb', debOf('data.tar.gz', data)],
    ['a.ipk', ipkOf(data)],
    ['a.apk', apkOf(data)],
    ['a.pkg.tar.gz', gzipSync(concatBytes([...archTarOf([tar])]))],
    ['a.tar.gz', data],
    ['a.zip', zipOf(names)],
    ['a.rpm', rpmOf(names.map((name) => `/${name}`))],
  ]
}

describe('names', () => {
  it('of more than 4,096 bytes are refused by every format', async () => {
    for (const [fileName, bytes] of packagesWith(['é'.repeat(2_049)])) {
      const found = await inspect(fileName, bytes)
      expect([fileName, found]).toMatchObject([fileName, { code: 'limit_exceeded', message: /./ }])
      expectLimit(found, /4,1\d\d bytes; 4,096 are allowed|4,09[89] bytes; 4,096/)
    }
  })

  it('of more than 256 folders are refused by every format', async () => {
    for (const [fileName, bytes] of packagesWith(['a/'.repeat(260).concat('b')])) {
      expectLimit(await inspect(fileName, bytes), /256 folders/)
    }
  })

  it('may have so many bytes in all, and the name that is too much is named', async () => {
    const names = Array.from({ length: 300 }, (_, at) => `${'x'.repeat(4_000)}${at}`)
    for (const [fileName, bytes] of packagesWith(names)) {
      const budget = createBudget({ ...packageLimits(0), pathBytes: 1024 * 1024 })
      const found = await inspect(fileName, bytes, { ...inspectToolsFor(0), budget })
      expectLimit(found, /1,048,576 bytes in all; "[^"]*xxx/)
    }
    expect(packageLimits(1e6).pathBytes).toBe(16 * 1024 * 1024)
  })

  it('of links count too', async () => {
    const tar = concatBytes([longLink(5_000), tarOf([])])
    expectLimit(await inspect('a.deb', debOf('data.tar.gz', gzipSync(tar))), /5,000 bytes/)
  })

  it('are counted: 250,000 and no more', () => {
    const budget = createBudget(packageLimits(0))
    for (let at = 0; at < 250_000; at++) budget.entry('/a')
    expect(() => budget.entry('/one')).toThrow(/250,000 files and folders; "\/one"/)
  })

  it('of an rpm stand in its header once and in every path: the paths are counted', async () => {
    // 40 KB of header, 40 MB of paths.
    const found = await inspect(
      'a.rpm',
      rpmOf(Array.from({ length: 10_000 }, (_, at) => `/${'d'.repeat(4_000)}/${at}`)),
    )
    expectLimit(found, /bytes in all/)
  })
})

it('counts what is read of an rpm’s header, however often a tag repeats what another has', async () => {
  const bytes = rpmOf(['/a'], { sharedStrings: 100_000 })
  expect(await inspect('a.rpm', bytes)).toBe('read')
  const budget = createBudget({ ...packageLimits(0), steps: 5_000_000 })
  expectLimit(await inspect('a.rpm', bytes, { ...inspectToolsFor(0), budget }), /tag \d+ of the header takes more work/)
})

it('holds no debian-binary that is larger than its line', async () => {
  const bytes = concatBytes([AR_MAGIC, arMember('debian-binary', new Uint8Array(2_000), 0)])
  expect(await inspect('a.deb', bytes)).toMatchObject({
    code: 'package_corrupt',
    message: expect.stringMatching(/debian-binary/),
  })
})

describe('a budget', () => {
  it('looks at the clock it is given, and names its end', () => {
    let now = 0
    const budget = createBudget(packageLimits(0), { nowMs: () => now })
    budget.check()
    now = 10 * 60 * 1000 + 1
    expect(() => budget.check()).toThrow(StreamFault)
    expect(() => budget.check()).toThrow(/600 seconds/)
  })

  it('is one for all packages of a request where work is counted, and anew for each where names are', () => {
    const limits = { ...packageLimits(0), steps: 10, entries: 1 }
    const budget = createBudget(limits)
    const [first, second] = [budget.forPackage(), budget.forPackage()]
    first.entry('/a')
    second.entry('/a')
    first.step(6, 'contents.1')
    expect(() => second.step(6, 'contents.2')).toThrow(/contents\.2/)
  })
})

it('refuses an entry whose words no index can carry', () => {
  const format = findFormat('deb')
  expect(format).toBeDefined()
  const entry = {
    format: 'deb',
    name: 'a',
    version: '1',
    arch: 'all',
    summary: '',
    fileName: 'a_1_all.deb',
    sizeBytes: 1,
    sha256: '0'.repeat(64),
    installedSizeBytes: 1,
    paths: [],
  }
  expect(entryFault(entry)).toBeUndefined()
  expect(entryFault({ ...entry, version: '1'.repeat(256) })).toMatchObject({ code: 'limit_exceeded' })
  expect(entryFault({ ...entry, summary: 'x'.repeat(9 * 1024 * 1024) })).toMatchObject({ code: 'limit_exceeded' })
})

describe('a word of 300,000 characters', () => {
  const N = 300_000
  // Each took minutes, or did not end, where an expression could divide it in many ways.
  const words: readonly (readonly [string, string])[] = [
    ['of blanks', `a (>= 1${' '.repeat(N)}x)`],
    ['of parentheses', `a ${'('.repeat(N)}`],
    ['of commas', 'a, '.repeat(N / 3)],
    ['of alternatives', 'a | '.repeat(N / 4)],
    ['of comparisons', 'a <'.repeat(N / 3)],
    ['of digits and dots', `a (>= ${'1.'.repeat(N / 2)})`],
    ['of slashes', `${'/'.repeat(N)}x`],
    ['of suffixes', `a>=1${'_alpha'.repeat(N / 6)}!`],
  ]
  it.each(words)('%s is read once by every format, as a relation and as a version', (_what, word) => {
    for (const format of FORMATS) {
      const spec = helloSpec()
      const relations = Object.fromEntries(Object.keys(spec.relations).map((name) => [name, [word]]))
      const version = { version: word }
      const faults = format.check({ ...spec, version, relations: { ...spec.relations, ...relations } })
      expect([format.id, faults.length > 0]).toEqual([format.id, true])
    }
  })
})
