// `npm run bench`: figures behind what we claim, beside reference tools on the same machine in the same run. A table for
// people, JSON for programs (bench/results/). Only ratios within one run mean anything.
// BENCH_PAYLOAD_MB (1,100,500; empty leaves it out) with BENCH_PAYLOAD_TARGETS (two alone, and four in one publish, joined
// by +) and BENCH_PAYLOAD_COMPRESSION (gzip) of the .deb; BENCH_REPOSITORY_SIZES (100,1000,10000; empty leaves it out)
// with BENCH_FORMATS (all); BENCH_BUILD_FILES (20000,100000; empty leaves builds out) with BENCH_BUILD_MB (33, of 500 files;
// 0 leaves it out) and BENCH_BUILD_ROUNDS (7); BENCH_PUSH (90,1000; empty leaves it out); BENCH_SIGN_IN, BENCH_START_UP,
// BENCH_READS and BENCH_BUDGET (0 leaves it out).
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { FORMATS } from '@distropack/core/registry.ts'
import { benchBudget } from './budget.ts'
import { benchBuilds } from './many-files.ts'
import { benchPayload } from './payload.ts'
import { benchPush } from './push.ts'
import { benchReads } from './reads.ts'
import { benchRepository, type RepositoryRow } from './repository.ts'
import { benchSignIn } from './sign-in.ts'
import { benchStartUp } from './start-up.ts'

const listOf = (variable: string, otherwise: string): string[] =>
  (process.env[variable] ?? otherwise).split(',').filter(Boolean)

const sizes = listOf('BENCH_REPOSITORY_SIZES', '100,1000,10000').map(Number)

const machine = {
  processor: cpus()[0]?.model ?? '',
  cores: cpus().length,
  loadBefore: loadavg()[0],
  node: process.version,
}
const { payload, worker } = await benchPayload({
  sizesMb: listOf('BENCH_PAYLOAD_MB', '1,100,500').map(Number).filter(Boolean),
  targets: listOf('BENCH_PAYLOAD_TARGETS', 'deb/amd64,arch/x86_64,deb/amd64+rpm/amd64+arch/amd64+apk/amd64'),
  compression: process.env.BENCH_PAYLOAD_COMPRESSION ?? 'gzip',
})
const counts = listOf('BENCH_BUILD_FILES', '20000,100000').map(Number)
const builds =
  counts.length === 0
    ? []
    : await benchBuilds({
        rounds: Number(process.env.BENCH_BUILD_ROUNDS ?? 7),
        counts,
        middleMb: Number(process.env.BENCH_BUILD_MB ?? 33),
      })
const signIn = process.env.BENCH_SIGN_IN === '0' ? [] : await benchSignIn()
const startUp = process.env.BENCH_START_UP === '0' ? [] : await benchStartUp()
const push = await benchPush(listOf('BENCH_PUSH', '90,1000').map(Number))
const reads = process.env.BENCH_READS === '0' ? [] : await benchReads()
const budget = process.env.BENCH_BUDGET === '0' ? [] : await benchBudget()
const formats = listOf('BENCH_FORMATS', FORMATS.map(({ id }) => id).join(','))
const repository: RepositoryRow[] = []
if (sizes.length > 0) for (const id of formats) repository.push(...(await benchRepository(id, sizes)))

console.log(
  `${machine.processor}, ${machine.cores} cores, load ${machine.loadBefore?.toFixed(1)}, Node ${machine.node}`,
)
/** Enough to read; the JSON keeps all digits. */
const roundedTo = (parts: number) => (rows: readonly object[]) =>
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === 'number' ? Math.round(value * parts) / parts : value,
      ]),
    ),
  )
const rounded = roundedTo(10)
const hundredths = roundedTo(100)
if (payload.length > 0) console.table(rounded(payload))
if (worker.length > 0) console.table(rounded(worker))
if (builds.length > 0) console.table(hundredths(builds))
if (repository.length > 0) console.table(repository)
if (signIn.length > 0) console.table(signIn)
if (startUp.length > 0) console.table(startUp)
if (push.length > 0) console.table(rounded(push))
if (reads.length > 0) console.table(reads)
if (budget.length > 0) console.table(rounded(budget))

const folder = join(import.meta.dirname, 'results')
mkdirSync(folder, { recursive: true })
const file = join(folder, `${new Date().toISOString().replaceAll(':', '-')}.json`)
writeFileSync(
  file,
  `${JSON.stringify({ machine, payload, worker, builds, repository, signIn, startUp, push, reads, budget }, null, 2)}
`,
)
console.log(file)
