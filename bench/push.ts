// Many tiny packages into an empty repository: one `distropack push`, from the command to what readers are shown, read,
// sent, inspected, attested, indexed and signed; beside `reprepro includedeb` of the same files in one call, which signs its
// index. Both in turn, each round with a repository of its own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestPlatform, type TestPlatform } from '../test/support/platform.ts'
import { buildMany } from './fill.ts'
import { cpuSecondsOf, isInstalled, median, runMeasured } from './measure.ts'

const ROUNDS = 3

export interface PushRow {
  readonly packages: number
  readonly pushSeconds: number
  /** Of workerd alone: the simulated stores and the Workers. */
  readonly workerdCpuSeconds: number
  readonly repreproSeconds: number
  readonly repreproCpuSeconds: number
  readonly ratio: number
}

const makeKey = async (home: string): Promise<void> => {
  mkdirSync(home, { mode: 0o700 })
  const key = ['--quick-gen-key', 'bench@example.com', 'rsa4096', 'sign', 'never']
  await runMeasured('gpg', ['--homedir', home, '--batch', '--quiet', '--passphrase', '', ...key])
}

const includeAll = (base: string, home: string, files: readonly string[]) => {
  mkdirSync(join(base, 'conf'), { recursive: true })
  const distribution = 'Codename: stable\nComponents: main\nArchitectures: amd64 arm64\nSignWith: yes\n'
  writeFileSync(join(base, 'conf/distributions'), distribution)
  const options = ['-b', base, '--gnupghome', home, '--section', 'misc', '--priority', 'optional']
  return runMeasured('reprepro', [...options, 'includedeb', 'stable', ...files])
}

const pushAll = async (platform: TestPlatform, token: string, project: string, files: readonly string[]) => {
  const cpuBefore = cpuSecondsOf('workerd')
  const startedAtMs = performance.now()
  const { status, stderr } = await platform.cli(token, ['push', ...files, '--project', project])
  if (status !== 0) throw new Error(stderr)
  return { seconds: (performance.now() - startedAtMs) / 1000, cpuSeconds: cpuSecondsOf('workerd') - cpuBefore }
}

export const benchPush = async (sizes: readonly number[]): Promise<readonly PushRow[]> => {
  if (sizes.length === 0 || !(await isInstalled('reprepro'))) return []
  const folder = mkdtempSync(join(tmpdir(), 'distropack-bench-'))
  const home = join(folder, 'gnupg')
  const platform = await startTestPlatform()
  const rows: PushRow[] = []
  try {
    await makeKey(home)
    const token = await platform.organization('bench')
    const most = Math.max(...sizes)
    const built = (await buildMany(join(folder, 'debs'), 'deb', 0, most)).map(({ path }) => path)
    // A project's keys take seconds to make: they are there before.
    for (const packages of sizes) {
      for (let round = 0; round < ROUNDS; round++)
        await platform.cli(token, ['push', built[0] ?? '', '--project', `bench/p${packages}-${round}`, '--public'])
      const files = built.slice(0, packages)
      const ours: { seconds: number; cpuSeconds: number }[] = []
      const theirs: { seconds: number; cpuSeconds: number }[] = []
      for (let round = 0; round < ROUNDS; round++) {
        theirs.push(await includeAll(join(folder, `reprepro-${packages}-${round}`), home, files))
        ours.push(await pushAll(platform, token, `bench/p${packages}-${round}`, files))
      }
      const pushSeconds = median(ours.map(({ seconds }) => seconds))
      const repreproSeconds = median(theirs.map(({ seconds }) => seconds))
      rows.push({
        ...{ packages, pushSeconds, repreproSeconds },
        workerdCpuSeconds: median(ours.map(({ cpuSeconds }) => cpuSeconds)),
        repreproCpuSeconds: median(theirs.map(({ cpuSeconds }) => cpuSeconds)),
        ratio: pushSeconds / repreproSeconds,
      })
    }
    return rows
  } finally {
    await platform.stop()
    await runMeasured('gpgconf', ['--homedir', home, '--kill', 'all'])
    rmSync(folder, { recursive: true })
  }
}
