// `npm run bench`: figures behind what we claim, beside reference tools on the same machine in the same run. A table for
// people, JSON for programs (bench/results/). Only ratios within one run mean anything.
// BENCH_FORMATS (all), BENCH_PAYLOAD_MB (500; 0 leaves it out), BENCH_REPOSITORY_SIZES (100,1000,10000; empty leaves it out),
// BENCH_SIGN_IN (0 leaves it out), BENCH_START_UP (0 leaves it out).
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { FORMATS } from '@distropack/core/registry.ts'
import { benchPayload } from './payload.ts'
import { benchRepository, type RepositoryRow } from './repository.ts'
import { benchSignIn } from './sign-in.ts'
import { benchStartUp } from './start-up.ts'

const payloadMb = Number(process.env.BENCH_PAYLOAD_MB ?? 500)
const sizes = (process.env.BENCH_REPOSITORY_SIZES ?? '100,1000,10000').split(',').filter(Boolean).map(Number)

const machine = {
  processor: cpus()[0]?.model ?? '',
  cores: cpus().length,
  loadBefore: loadavg()[0],
  node: process.version,
}
const payload = payloadMb > 0 ? await benchPayload(payloadMb) : []
const signIn = process.env.BENCH_SIGN_IN === '0' ? [] : await benchSignIn()
const startUp = process.env.BENCH_START_UP === '0' ? [] : await benchStartUp()
const formats = (process.env.BENCH_FORMATS ?? FORMATS.map(({ id }) => id).join(',')).split(',').filter(Boolean)
const repository: RepositoryRow[] = []
if (sizes.length > 0) for (const id of formats) repository.push(...(await benchRepository(id, sizes)))

console.log(
  `${machine.processor}, ${machine.cores} cores, load ${machine.loadBefore?.toFixed(1)}, Node ${machine.node}`,
)
if (payload.length > 0) console.table(payload)
if (repository.length > 0) console.table(repository)
if (signIn.length > 0) console.table(signIn)
if (startUp.length > 0) console.table(startUp)

const folder = join(import.meta.dirname, 'results')
mkdirSync(folder, { recursive: true })
const file = join(folder, `${new Date().toISOString().replaceAll(':', '-')}.json`)
writeFileSync(file, `${JSON.stringify({ machine, payload, repository, signIn, startUp }, null, 2)}\n`)
console.log(file)
