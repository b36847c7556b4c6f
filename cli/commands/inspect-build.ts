// `distropack build list`, `show` and `logs`: the builds of a project, what each came to, and what it said.
import { setTimeout as sleep } from 'node:timers/promises'
import { API_PATHS, type Build, buildSchema, FINAL_JOB_STATES, type Job } from '@distropack/core/contract/api.ts'
import type { ApiClient, ClientTrouble } from '@distropack/core/contract/client.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { clientTrouble, EXIT, type Outcome, usageTrouble } from '../outcome.ts'
import { type Environment, openProject, type ServerFlags } from '../settings.ts'
import { print } from '../terminal.ts'
import { inProject, listed, timeOf } from './answers.ts'

type Project = ReturnType<ApiClient['inProject']>

const countsOf = (jobs: readonly Job[]): string => {
  const counts = new Map<string, number>()
  for (const { state } of jobs) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ')
}

export const listBuilds = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  inProject(flags, env, (client, params) =>
    listed(
      client,
      'builds',
      { path: API_PATHS.builds, params, schema: buildSchema },
      ({ id, state, channel, createdAtMs, jobs }) => [id, state, channel, timeOf(createdAtMs), countsOf(jobs)],
    ),
  )

/** Exits with 0 whatever became of the build: the question was answered. */
export const status = async (buildId: string, flags: ServerFlags, env: Environment): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const asked = await project.value.build(buildId)
  if (!asked.ok) return clientTrouble(asked.error)
  const build = asked.value
  const lines = build.jobs.flatMap(({ target, state, artifact, faults, warnings }) => [
    `${target}  ${state}${artifact ? `  ${artifact.url}` : ''}`,
    ...faults.map(({ message }) => `  ${message}`),
    ...warnings.map(({ message }) => `  warning: ${message}`),
  ])
  const counted = Object.entries(build.counts).filter(([, count]) => count > 0)
  const all = counted.reduce((sum, [, count]) => sum + count, 0)
  const summary =
    all > build.jobs.length ? [`${counted.map(([state, count]) => `${count} ${state}`).join(', ')}; of these:`] : []
  const head = `${build.id}  ${build.state}  channel ${build.channel}`
  return ok({ document: { build }, lines: [head, ...summary, ...lines] })
}

interface LogLine {
  readonly target: string
  readonly atMs: number
  readonly line: string
}

const textOf = ({ target, atMs, line }: LogLine): string => `${new Date(atMs).toISOString()} ${target} ${line}`

/** The lines behind `cursor`, and the cursor behind those. */
const readJobLog = async (project: Project, buildId: string, job: Job, cursor?: string) => {
  const lines: LogLine[] = []
  for (;;) {
    const page = await project.jobLog(buildId, job.id, cursor)
    if (!page.ok) return page
    lines.push(...page.value.lines.map((line) => ({ target: job.target, ...line })))
    const { nextCursor } = page.value
    // The last page may name itself, so that later lines can be asked for.
    const isLast = page.value.lines.length === 0 || nextCursor === null || nextCursor === cursor
    cursor = nextCursor ?? cursor
    if (isLast) return ok({ lines, cursor })
  }
}

export interface LogFlags extends ServerFlags {
  readonly target?: string
  /** Goes on until every job is over. */
  readonly follow?: boolean
  readonly json?: boolean
}

const jobsOf = (build: Build, target: string | undefined): readonly Job[] =>
  build.jobs.filter((job) => target === undefined || job.target === target)

const FOLLOW_MS = 1000

/** Of a log that was followed: the exit status is the build's. */
const endOfFollowed = (jobs: readonly Job[], document: Readonly<Record<string, unknown>>): Outcome => {
  const broken = jobs.filter(({ state }) => state !== 'published')
  if (broken.length === 0) return ok({ document, lines: [] })
  const faults = broken.map(({ target, state, faults: [first] }) => ({
    message: `${target}: ${first?.message ?? state}`,
  }))
  return err({ exitCode: EXIT.refused, code: 'build_failed', faults, document })
}

/** What came since the last round, of each of the jobs in question. */
const logReader = (project: Project, buildId: string) => {
  const cursors = new Map<string, string | undefined>()
  return async (jobs: readonly Job[]): Promise<Result<readonly LogLine[], ClientTrouble>> => {
    const lines: LogLine[] = []
    for (const job of jobs) {
      const read = await readJobLog(project, buildId, job, cursors.get(job.id))
      if (!read.ok) return read
      cursors.set(job.id, read.value.cursor)
      lines.push(...read.value.lines)
    }
    return ok(lines)
  }
}

export const logs = async (buildId: string, flags: LogFlags, env: Environment): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const readLines = logReader(project.value, buildId)
  const lines: LogLine[] = []
  for (;;) {
    const asked = await project.value.build(buildId)
    if (!asked.ok) return clientTrouble(asked.error)
    const jobs = jobsOf(asked.value, flags.target)
    if (jobs.length === 0) {
      const targets = asked.value.jobs.map(({ target }) => target).join(', ')
      return usageTrouble(`The build ${buildId} has no target ${flags.target}; it has ${targets}.`)
    }
    const read = await readLines(jobs)
    if (!read.ok) return clientTrouble(read.error)
    lines.push(...read.value)
    const document = { build: buildId, lines }
    if (!flags.follow) return ok({ document, lines: lines.map(textOf) })
    if (!flags.json) print(read.value.map((line) => `${textOf(line)}\n`).join(''))
    // The states were read before the lines: when they are final, no line comes behind these.
    if (jobs.every(({ state }) => FINAL_JOB_STATES.includes(state))) return endOfFollowed(jobs, document)
    await sleep(FOLLOW_MS)
  }
}
