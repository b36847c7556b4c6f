// Packages of many small files, and of middle size: the whole command and a warm packager beside the distribution's own
// tools, both sides in turn on the same files. Also how time and memory grow from 20,000 to 100,000 files.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../scripts/platform/root.ts'
import { type Measured, median, runMeasured } from './measure.ts'
import { type ReferenceRoom, referenceTools } from './reference-tools.ts'

export interface BuildRow {
  readonly payload: string
  readonly what: string
  /** Wall and CPU seconds of ours and of the reference, medians; the peak is ours. */
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakRssMb: number
  readonly reference: string
  readonly referenceSeconds: number
  readonly referenceCpuSeconds: number
  /** Of wall seconds, and of CPU seconds, which other work on the machine disturbs less. */
  readonly ratio: number
  readonly cpuRatio: number
}

export interface BuildOptions {
  readonly rounds: number
  /** Counts of small files; the first is compared with the reference tools, the others show growth. */
  readonly counts: readonly number[]
  readonly middleMb: number
}

const LINUX = ['deb', 'rpm', 'apk', 'arch'] as const

const manifestOf = (debCompression: string): string => `name: bench
version: 1.0.0
arch: amd64
license: MIT
maintainer: Bench <bench@example.com>
description: Many files
contents:
  - src: files
    dst: /opt/bench/
    type: tree
deb:
  compression: ${debCompression}
rpm:
  compression: zstd
`

/** xorshift32 (Marsaglia 2003): the same bytes on every machine. */
const randomWords = (seed: number) => {
  let state = seed
  return (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** Some 200 bytes a file, in folders of a hundred. */
const writeSmallFiles = (folder: string, count: number): void => {
  const next = randomWords(1)
  for (let at = 0; at < count; at++) {
    const place = join(folder, `d${Math.floor(at / 100)}`)
    if (at % 100 === 0) mkdirSync(place, { recursive: true })
    const words = Array.from({ length: 24 }, () => next().toString(36))
    writeFileSync(join(place, `file-${at}.txt`), `${words.join(' ')}\n`)
  }
}

const MIDDLE_FILES = 500

/** Text and noise by turns: compresses to about half, as programs with their resources do. */
const writeMiddleFiles = (folder: string, megabytes: number): void => {
  const next = randomWords(2)
  const bytesEach = Math.floor((megabytes * 1024 * 1024) / MIDDLE_FILES)
  for (let at = 0; at < MIDDLE_FILES; at++) {
    const bytes = Buffer.alloc(bytesEach)
    for (let offset = 0; offset + 4 <= bytesEach; offset += 4) {
      const isNoise = (offset >> 10) % 3 === 0
      bytes.writeUInt32LE(isNoise ? next() : 0x61626364 + (next() & 0x0f0f), offset)
    }
    const place = join(folder, `d${at % 20}`)
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, `file-${at}.bin`), bytes)
  }
}

const CLI = join(ROOT, 'cli/bin/distropack.mjs')
const WARM = join(ROOT, 'bench/warm-build.ts')

const wholeCommand = (room: string, formats: readonly string[], file: string): Promise<Measured> => {
  const targets = formats.map((format) => `${format}/amd64`)
  return runMeasured(process.execPath, [CLI, 'build', '-f', file, '-t', ...targets, '-o', join(room, 'out')], room)
}

type Run = () => Promise<Measured>

/** By turns, so that what else the machine does falls on both; the first of each only fills caches. */
const inTurn = async (runs: readonly Run[], rounds: number): Promise<readonly Measured[]> => {
  const measured: Measured[][] = runs.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [at, run] of runs.entries()) {
      const one = await run()
      if (round > 0) measured[at]!.push(one)
    }
  }
  return measured.map((all) => ({
    seconds: median(all.map(({ seconds }) => seconds)),
    cpuSeconds: median(all.map(({ cpuSeconds }) => cpuSeconds)),
    peakRssMb: Math.max(...all.map(({ peakRssMb }) => peakRssMb)),
  }))
}

interface Side {
  readonly name: string
  readonly run: Run
}

const compare = async (payload: string, ours: Side, reference: Side, rounds: number): Promise<BuildRow> => {
  const [mine, theirs] = await inTurn([ours.run, reference.run], rounds)
  return {
    payload,
    what: ours.name,
    seconds: mine!.seconds,
    cpuSeconds: mine!.cpuSeconds,
    peakRssMb: mine!.peakRssMb,
    reference: reference.name,
    referenceSeconds: theirs!.seconds,
    referenceCpuSeconds: theirs!.cpuSeconds,
    ratio: mine!.seconds / theirs!.seconds,
    cpuRatio: mine!.cpuSeconds / theirs!.cpuSeconds,
  }
}

/** The second of two builds in one process, which says itself what that took. */
const warm = async (room: string, format: string): Promise<Measured> => {
  const { stdout, ...rest } = await runMeasured(process.execPath, [WARM, `${format}/amd64`], room)
  return { ...rest, ...(JSON.parse(stdout) as { readonly seconds: number; readonly cpuSeconds: number }) }
}

const makeRoom = (write: (files: string) => void): ReferenceRoom & { remove(): void } => {
  const room = mkdtempSync(join(tmpdir(), 'distropack-bench-'))
  mkdirSync(join(room, 'out'))
  mkdirSync(join(room, 'files'))
  write(join(room, 'files'))
  for (const codec of ['zstd', 'gzip', 'xz']) writeFileSync(join(room, `${codec}.yaml`), manifestOf(codec))
  mkdirSync(join(room, 'root/opt'), { recursive: true })
  cpSync(join(room, 'files'), join(room, 'root/opt/bench'), { recursive: true })
  return { room, root: join(room, 'root'), remove: () => rmSync(room, { recursive: true }) }
}

const smallFiles = async (count: number, rounds: number): Promise<BuildRow[]> => {
  const made = makeRoom((files) => writeSmallFiles(files, count))
  const tools = referenceTools(made)
  const rows: BuildRow[] = []
  try {
    for (const format of LINUX) {
      const ours = { name: `build ${format}`, run: () => wholeCommand(made.room, [format], 'zstd.yaml') }
      rows.push(await compare(`${count} files`, ours, tools[format], rounds))
      const packager = { name: `packager ${format}`, run: () => warm(made.room, format) }
      rows.push(await compare(`${count} files`, packager, tools[format], rounds))
    }
  } finally {
    made.remove()
  }
  return rows
}

/** The same of many more, once, beside our own row of the fewer: the ratio is how time grows, and the peak how memory does. */
const growth = async (count: number, fewer: readonly BuildRow[]): Promise<BuildRow[]> => {
  const made = makeRoom((files) => writeSmallFiles(files, count))
  try {
    const rows: BuildRow[] = []
    for (const format of LINUX) {
      const what = `build ${format}`
      const base = fewer.find((row) => row.what === what)
      if (!base) throw new Error(`nothing to hold ${what} against`)
      const { seconds, cpuSeconds, peakRssMb } = await wholeCommand(made.room, [format], 'zstd.yaml')
      rows.push({
        payload: `${count} files`,
        what,
        seconds,
        cpuSeconds,
        peakRssMb,
        reference: `the same of ${base.payload}`,
        referenceSeconds: base.seconds,
        referenceCpuSeconds: base.cpuSeconds,
        ratio: seconds / base.seconds,
        cpuRatio: cpuSeconds / base.cpuSeconds,
      })
    }
    return rows
  } finally {
    made.remove()
  }
}

const middleFiles = async (megabytes: number, rounds: number): Promise<BuildRow[]> => {
  const made = makeRoom((files) => writeMiddleFiles(files, megabytes))
  const tools = referenceTools(made)
  const payload = `${megabytes} MB`
  try {
    const command = (codec: string): Side => ({
      name: `build deb, ${codec}`,
      run: () => wholeCommand(made.room, ['deb'], `${codec}.yaml`),
    })
    const four = { name: 'build deb rpm apk arch', run: () => wholeCommand(made.room, LINUX, 'zstd.yaml') }
    return [
      await compare(payload, command('zstd'), tools.deb, rounds),
      await compare(payload, { name: 'packager deb, zstd', run: () => warm(made.room, 'deb') }, tools.deb, rounds),
      await compare(payload, command('gzip'), tools.debGzip, Math.min(3, rounds)),
      await compare(payload, command('xz'), tools.debXz, 1),
      await compare(payload, four, tools.all, rounds),
    ]
  } finally {
    made.remove()
  }
}

export const benchBuilds = async ({ rounds, counts, middleMb }: BuildOptions): Promise<BuildRow[]> => {
  const [first = 0, ...more] = counts
  const rows = await smallFiles(first, rounds)
  for (const count of more) rows.push(...(await growth(count, rows)))
  if (middleMb > 0) rows.push(...(await middleFiles(middleMb, rounds)))
  return rows
}
