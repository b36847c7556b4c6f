// One more package into a repository of N: the publisher's own time, from finished package to flipped head, signed and
// stored, beside what reference tools take to add one file on this machine in the same run (they sign nothing here).
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Access, ensureProject } from '../scripts/platform/seed.ts'
import { startTestPlatform, type TestPlatform } from '../test/support/platform.ts'
import { type BuiltFile, buildMany, publishMany } from './fill.ts'
import { cpuSecondsOf, isInstalled, median, runMeasured } from './measure.ts'

/** Measured publishes per size. */
const REPEATS = 7

export interface RepositoryRow {
  readonly format: string
  readonly tool: string
  readonly packages: number
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Medians of one package more. */
type Cost = Pick<RepositoryRow, 'seconds' | 'cpuSeconds'>

const medianCost = (costs: readonly Cost[]): Cost => ({
  seconds: median(costs.map(({ seconds }) => seconds)),
  cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
})

/** Times of the flips since a mark in the log, as the publisher reports them. */
const flipSeconds = (log: string): readonly number[] =>
  [...log.matchAll(/"event":"generation\.flipped".*?"tookMs":(\d+)/g)].map(([, ms]) => Number(ms) / 1000)

interface Bench {
  readonly platform: TestPlatform
  readonly access: Access
  readonly projectId: string
}

const publish = async ({ platform, access, projectId }: Bench, files: readonly BuiltFile[]): Promise<void> =>
  publishMany(
    {
      bindings: await platform.bindings(),
      projectId,
      wake: platform.fireSchedule,
      generation: async () => (await ensureProject(access, 'bench', 'repository')).generation,
    },
    files,
  )

const FILL_SECONDS = 4 * 3600

/** As a migration comes in: read, sent, inspected and published by one command. */
const pushFolder = async ({ platform, access }: Bench, room: string): Promise<void> => {
  const args = ['push', room, '--project', 'bench/repository', '--timeout', String(FILL_SECONDS)]
  const { status, stderr } = await platform.cli(access.token, args)
  if (status !== 0) throw new Error(stderr)
}

/**
 * One at a time, each a generation of its own. Seconds are the publisher's own; CPU is all that workerd took, D1 and R2
 * simulators and the waiting for the flip included.
 */
const measureOurs = async (bench: Bench, more: readonly BuiltFile[]): Promise<Cost> => {
  const mark = bench.platform.log().length
  const cpu: number[] = []
  for (const file of more) {
    const before = cpuSecondsOf('workerd')
    await publish(bench, [file])
    cpu.push(cpuSecondsOf('workerd') - before)
  }
  return { seconds: median(flipSeconds(bench.platform.log().slice(mark))), cpuSeconds: median(cpu) }
}

const measureReprepro = async (folder: string, files: readonly string[]): Promise<Cost> => {
  const base = join(folder, 'reprepro')
  mkdirSync(join(base, 'conf'), { recursive: true })
  writeFileSync(join(base, 'conf/distributions'), 'Codename: stable\nComponents: main\nArchitectures: amd64 arm64\n')
  const include = (...some: readonly string[]): Promise<Cost> =>
    runMeasured('reprepro', [
      '-b',
      base,
      '--section',
      'misc',
      '--priority',
      'optional',
      'includedeb',
      'stable',
      ...some,
    ])
  for (let i = REPEATS; i < files.length; i += 1000) await include(...files.slice(i, i + 1000))
  const costs: Cost[] = []
  for (const file of files.slice(0, REPEATS)) costs.push(await include(file))
  return medianCost(costs)
}

const measureFtparchive = async (folder: string): Promise<Cost> => {
  const script = 'apt-ftparchive packages pool > Packages && gzip -9nkf Packages && apt-ftparchive release . > Release'
  const costs: Cost[] = []
  for (let repeat = 0; repeat < 3; repeat++) costs.push(await runMeasured('sh', ['-c', script], folder))
  return medianCost(costs)
}

const measureCreaterepo = async (pool: string, more: readonly string[]): Promise<Cost> => {
  await runMeasured('createrepo_c', ['--quiet', '--no-database', pool])
  const costs: Cost[] = []
  for (const file of more) {
    symlinkSync(file, join(pool, basename(file)))
    costs.push(await runMeasured('createrepo_c', ['--quiet', '--no-database', '--update', pool]))
  }
  return medianCost(costs)
}

/** Each call rewrites the database; it is told of all others in one. */
const measureRepoAdd = async (pool: string, files: readonly string[]): Promise<Cost> => {
  const database = join(pool, 'bench.db.tar.gz')
  for (let i = REPEATS; i < files.length; i += 500) {
    await runMeasured('repo-add', ['-q', database, ...files.slice(i, i + 500)])
  }
  const costs: Cost[] = []
  for (const file of files.slice(0, REPEATS)) costs.push(await runMeasured('repo-add', ['-q', database, file]))
  return medianCost(costs)
}

interface Reference {
  readonly command: string
  readonly tool: string
  /** `pool` holds all files but the last REPEATS, which are to be added one by one. */
  measure(folder: string, pool: string, files: readonly string[]): Promise<Cost>
}

const REFERENCES: Readonly<Record<string, readonly Reference[]>> = {
  deb: [
    {
      command: 'reprepro',
      tool: 'reprepro includedeb (unsigned)',
      measure: (folder, _pool, files) => measureReprepro(folder, files),
    },
    {
      command: 'apt-ftparchive',
      tool: 'apt-ftparchive, all anew (unsigned)',
      measure: (folder) => measureFtparchive(folder),
    },
  ],
  rpm: [
    {
      command: 'createrepo_c',
      tool: 'createrepo_c --update (unsigned)',
      measure: (_folder, pool, files) => measureCreaterepo(pool, files.slice(-REPEATS)),
    },
  ],
  arch: [
    {
      command: 'repo-add',
      tool: 'repo-add (unsigned)',
      measure: (_folder, pool, files) => measureRepoAdd(pool, files),
    },
  ],
}

const measureReferences = async (
  formatId: string,
  files: readonly BuiltFile[],
  packages: number,
): Promise<readonly RepositoryRow[]> => {
  const rows: RepositoryRow[] = []
  for (const { command, tool, measure } of REFERENCES[formatId] ?? []) {
    if (!(await isInstalled(command))) continue
    const folder = mkdtempSync(join(tmpdir(), 'distropack-bench-'))
    try {
      const pool = join(folder, 'pool')
      mkdirSync(pool)
      const paths = files.map(({ path }) => path)
      for (const path of paths.slice(0, -REPEATS)) symlinkSync(path, join(pool, basename(path)))
      rows.push({ format: formatId, tool, packages, ...(await measure(folder, pool, paths)) })
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  return rows
}

/** One repository that grows through the sizes; before each measured publish it has that many packages. */
export const benchRepository = async (
  formatId: string,
  sizes: readonly number[],
): Promise<readonly RepositoryRow[]> => {
  const platform = await startTestPlatform()
  const folder = mkdtempSync(join(tmpdir(), 'distropack-bench-'))
  const rows: RepositoryRow[] = []
  try {
    const token = await platform.organization('bench')
    const access = { url: platform.url, token }
    const { id: projectId } = await ensureProject(access, 'bench', 'repository')
    const bench = { platform, access, projectId }
    const files: BuiltFile[] = []
    for (const packages of sizes) {
      const startedAtMs = performance.now()
      // A folder of its own: the command line is given that, and not a list that outgrows its arguments.
      const room = join(folder, String(packages))
      const fill = await buildMany(room, formatId, files.length, packages)
      await pushFolder(bench, room)
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0)
      console.error(`${formatId}: filled to ${packages} packages in ${seconds} s`)
      files.push(...fill)
      const more = await buildMany(folder, formatId, files.length, files.length + REPEATS)
      const tool = 'publisher: render, sign, store, flip'
      rows.push({ format: formatId, tool, packages, ...(await measureOurs(bench, more)) })
      files.push(...more)
      rows.push(...(await measureReferences(formatId, files, packages)))
    }
    return rows
  } finally {
    await platform.stop()
    rmSync(folder, { recursive: true })
  }
}
