// The dearest input that is accepted, beside an honest one of the same size: what a budget (core/budget.ts) is worth.
// CPU of this process, which reads as a packager or plans as the web Worker does; least of several runs.
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createBudget, packageLimits } from '@distropack/core/budget.ts'
import { concatBytes } from '@distropack/core/bytes/arrays.ts'
import type { SourceRecord } from '@distropack/core/contract/sources.ts'
import { parseManifest } from '@distropack/core/manifest/parse.ts'
import { recordTree } from '@distropack/core/manifest/record-tree.ts'
import { listSources } from '@distropack/core/manifest/sources.ts'
import { planTargets } from '@distropack/core/manifest/targets.ts'
import { openWork } from '@distropack/core/manifest/work.ts'
import { matchesWildcard } from '@distropack/core/text/wildcard.ts'
import { unheard } from '@distropack/core/warning.ts'
import { runOrder } from '../containers/packager/run-order.ts'
import { apkOf, archTarOf, debOf, ipkOf, type Packing, pack, tarOf, zerosTar } from '../test/support/hostile.ts'
import { rpmOf } from '../test/support/hostile-rpm.ts'
import { CLAIM_LIMITS } from '../workers/web/services/ci/claims.ts'

const RUNS = 5
const MIB = 1024 * 1024

/** Least CPU milliseconds. Throws when the input is not accepted: then it is not the dearest that is. */
const leastCpuMs = async (work: () => Promise<string> | string): Promise<number> => {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run <= RUNS; run++) {
    const before = process.cpuUsage()
    const refused = await work()
    if (refused !== '') throw new Error(refused)
    const { user, system } = process.cpuUsage(before)
    if (run > 0) least = Math.min(least, (user + system) / 1000)
  }
  return least
}

/** A whole order of a packager, over a platform that has the file and takes the entry. */
const readPackage = (fileName: string, bytes: Uint8Array) => async (): Promise<string> => {
  const file = { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length }
  const fetch = async (_: unknown, init: RequestInit = {}): Promise<Response> =>
    (init.method ?? 'GET') === 'GET'
      ? new Response(bytes as Uint8Array<ArrayBuffer>)
      : new Response('{}', { status: 201 })
  const about = { kind: 'inspect', jobId: 'bench', blobsUrl: 'http://bench.invalid/blobs', token: 'x' } as const
  const context = { fetch: fetch as typeof globalThis.fetch, signal: new AbortController().signal, log: () => {} }
  const last = await runOrder({ ...about, fileName, file }, context)
  return last.type === 'failed' ? `${fileName}: ${last.faults[0]?.message}` : ''
}

/** Programs as they are installed: this one, in files of 64 KiB. */
const honestTar = (bytes: number): Uint8Array => {
  const program = readFileSync(process.execPath)
  const names = Array.from({ length: Math.ceil(bytes / 65_536) }, (_, at) => at)
  return tarOf(
    names.map((at) => [`./usr/lib/bench/${at}`, program.subarray(8 * MIB + at * 65_536, 8 * MIB + (at + 1) * 65_536)]),
  )
}

type Wrap = (data: Uint8Array) => Uint8Array

/** Zeros up to the limit of the honest one's size, and noise up to that size. */
const dearest = (packing: Packing, packedBytes: number, wrap: Wrap): Uint8Array => {
  // What is in a package of packages counts twice.
  const megabytes = Math.floor((packageLimits(packedBytes).unpackedBytes - 3 * packedBytes) / MIB) - 1
  const bomb = [...zerosTar(megabytes)]
  const withNoise = (bytes: number): Uint8Array =>
    wrap(pack(packing, concatBytes([...bomb.slice(0, -1), tarOf([['./noise', randomBytes(bytes)]])])))
  return withNoise(packedBytes - withNoise(0).length)
}

interface Kind {
  readonly fileName: string
  readonly packing: Packing
  readonly wrap: Wrap
}

const KINDS: readonly Kind[] = [
  { fileName: 'a.deb', packing: 'gz', wrap: (data) => debOf('data.tar.gz', data) },
  { fileName: 'a.deb', packing: 'xz', wrap: (data) => debOf('data.tar.xz', data) },
  { fileName: 'a.deb', packing: 'zst', wrap: (data) => debOf('data.tar.zst', data) },
  { fileName: 'a.deb', packing: 'bz2', wrap: (data) => debOf('data.tar.bz2', data) },
  { fileName: 'a.ipk', packing: 'gz', wrap: ipkOf },
]

export interface BudgetRow {
  readonly what: string
  readonly bytes: number
  readonly honestMs: number
  readonly dearestMs: number
  readonly times: number
}

const rowOf = async (
  what: string,
  bytes: number,
  [honest, dear]: readonly [() => Promise<string> | string, () => Promise<string> | string],
): Promise<BudgetRow> => {
  const honestMs = await leastCpuMs(honest)
  const dearestMs = await leastCpuMs(dear)
  return { what, bytes, honestMs, dearestMs, times: dearestMs / honestMs }
}

const packageRows = async (unpackedBytes: number): Promise<BudgetRow[]> => {
  const rows: BudgetRow[] = []
  for (const { fileName, packing, wrap } of KINDS) {
    const honest = wrap(pack(packing, honestTar(unpackedBytes)))
    const dear = dearest(packing, honest.length, wrap)
    const reads = [readPackage(fileName, honest), readPackage(fileName, dear)] as const
    rows.push(await rowOf(`unpack ${fileName} ${packing}`, honest.length, reads))
  }
  return rows
}

/** Long paths up to the limit, against usual ones in a file as large. */
const nameRows = async (): Promise<BudgetRow[]> => {
  const usual = (count: number) =>
    Array.from({ length: count }, (_, at) => `usr/lib/bench/${at % 97}/${randomBytes(12).toString('hex')}`)
  const long = Array.from({ length: 500 }, (_, at) => `${at}${'n'.repeat(4_000)}`)
  const folders = (names: readonly string[]): Uint8Array => tarOf(names.map((name) => [`./${name}/`]))
  const files: readonly (readonly [string, (names: readonly string[]) => Uint8Array])[] = [
    ['a.deb', (names) => debOf('data.tar.gz', pack('gz', folders(names)))],
    ['a.apk', (names) => apkOf(pack('gz', folders(names)))],
    ['a.pkg.tar.gz', (names) => pack('gz', concatBytes([...archTarOf([folders(names)])]))],
  ]
  const rows: BudgetRow[] = []
  for (const [fileName, make] of files) {
    const dear = make(long)
    const bytesEach = make(usual(1_000)).length / 1_000
    const honest = make(usual(Math.round(dear.length / bytesEach)))
    rows.push(
      await rowOf(`paths ${fileName}`, dear.length, [readPackage(fileName, honest), readPackage(fileName, dear)]),
    )
  }
  const folder = `/${'d'.repeat(4_000)}/`
  const rpm = rpmOf(Array.from({ length: 500 }, (_, at) => `${folder}${at}`))
  const usualRpm = rpmOf(usual(Math.round(rpm.length / 40)).map((name) => `/${name}`))
  rows.push(await rowOf('paths a.rpm', rpm.length, [readPackage('a.rpm', usualRpm), readPackage('a.rpm', rpm)]))
  return rows
}

const HEAD = 'name: bench\narch: amd64\nversion: 1.0.0\nmaintainer: B <b@example.com>\ndescription: b\n'
const TARGETS = ['deb/amd64', 'rpm/amd64', 'apk/amd64', 'arch/amd64']

const sourceOf = (path: string): SourceRecord => ({
  kind: 'file',
  path,
  mode: 0o644,
  mtimeSeconds: 1,
  sizeBytes: 1,
  sha256: '0'.repeat(64),
})

/** As the web Worker plans a build; `mayRefuse`: what is refused within the budget counts as well. */
const plan =
  (manifest: string, paths: readonly string[], mayRefuse = false) =>
  async (): Promise<string> => {
    const parsed = parseManifest(HEAD + manifest)
    if (!parsed.ok) return mayRefuse ? '' : (parsed.error[0]?.message ?? '')
    const work = openWork()
    const targets = planTargets({ manifest: parsed.value, asked: TARGETS, variables: {} })
    if (!targets.ok) return 'no targets'
    const nothing = async function* () {}
    const tree = recordTree(paths.map(sourceOf), nothing, work.budget)
    for (const target of targets.value) {
      const about = { manifest: parsed.value, variables: {}, tree, buildTimeSeconds: 1, warn: unheard, work }
      const listed = await listSources(about, [target])
      if (!listed.ok && !mayRefuse) return listed.error[0]?.message ?? ''
    }
    return ''
  }

const manifestRows = async (): Promise<BudgetRow[]> => {
  const entries = (pattern: (at: number) => string): string =>
    `contents:\n${Array.from({ length: 500 }, (_, at) => `- {src: "${pattern(at)}", dst: /opt/${at}/}\n`).join('')}`
  const usual = Array.from({ length: 2_000 }, (_, at) => `d/${'a'.repeat(100)}-${at % 500}-${at}.txt`)
  const hard = Array.from({ length: 2_000 }, (_, at) => `d/${'a'.repeat(100)}-${at % 500}-${at}.txt`)
  const listed = Array.from({ length: 4_000 }, (_, at) => `- {src: f${at}, dst: /opt/bench/f${at}}\n`).join('')
  const keys = Array.from({ length: 20_000 }, (_, at) => `k${at}: 1\n`).join('')
  return [
    await rowOf('500 globs over 2,000 names', usual.join().length, [
      plan(
        entries((at) => `d/*-${at}-*.txt`),
        usual,
      ),
      plan(
        entries((at) => `d/*a*a*-${at}-*`),
        hard,
        true,
      ),
    ]),
    await rowOf('YAML: 4,000 contents, 20,000 unknown keys', keys.length, [
      plan(
        `contents:\n${listed}`,
        Array.from({ length: 4_000 }, (_, at) => `f${at}`),
      ),
      plan(keys, [], true),
    ]),
  ]
}

const claimRow = (): Promise<BudgetRow> => {
  const text = `refs/heads/${'a'.repeat(300)}`
  const match = (pattern: string) => (): string => {
    for (let run = 0; run < 2_000; run++) matchesWildcard(pattern, text, createBudget(CLAIM_LIMITS))
    return ''
  }
  return rowOf('2,000 claims of 300 letters', text.length, [match('refs/heads/**'), match('**a**a**a**a**b')])
}

/** `times`: at most 10 is what is promised. */
export const benchBudget = async (): Promise<BudgetRow[]> => [
  ...(await packageRows(300_000)),
  ...(await packageRows(4_000_000)),
  ...(await nameRows()),
  ...(await manifestRows()),
  await claimRow(),
]
