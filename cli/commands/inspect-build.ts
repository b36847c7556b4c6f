// `distropack status` and `distropack logs`: what a build came to, and what it said.
import type { ApiClient } from '@distropack/core/contract/client.ts'
import { ok } from '@distropack/core/result.ts'
import { clientTrouble, type Outcome, usageTrouble } from '../outcome.ts'
import { type Environment, openProject, type ServerFlags } from '../settings.ts'

type Project = ReturnType<ApiClient['inProject']>

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
  return ok({ document: { build }, lines: [`${build.id}  ${build.state}  channel ${build.channel}`, ...lines] })
}

interface LogLine {
  readonly target: string
  readonly atMs: number
  readonly line: string
}

const readJobLog = async (project: Project, buildId: string, job: { id: string; target: string }) => {
  const lines: LogLine[] = []
  let cursor: string | undefined
  for (;;) {
    const page = await project.jobLog(buildId, job.id, cursor)
    if (!page.ok) return page
    lines.push(...page.value.lines.map((line) => ({ target: job.target, ...line })))
    // The last page may name itself, so that later lines can be asked for.
    if (page.value.lines.length === 0 || page.value.nextCursor === null || page.value.nextCursor === cursor)
      return ok(lines)
    cursor = page.value.nextCursor
  }
}

export interface LogFlags extends ServerFlags {
  readonly target?: string
}

export const logs = async (buildId: string, flags: LogFlags, env: Environment): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const asked = await project.value.build(buildId)
  if (!asked.ok) return clientTrouble(asked.error)
  const jobs = asked.value.jobs.filter(({ target }) => flags.target === undefined || target === flags.target)
  if (jobs.length === 0) {
    const targets = asked.value.jobs.map(({ target }) => target).join(', ')
    return usageTrouble(`The build ${buildId} has no target ${flags.target}; it has ${targets}.`)
  }
  const lines: LogLine[] = []
  for (const job of jobs) {
    const read = await readJobLog(project.value, buildId, job)
    if (!read.ok) return clientTrouble(read.error)
    lines.push(...read.value)
  }
  return ok({
    document: { build: buildId, lines },
    lines: lines.map(({ target, atMs, line }) => `${new Date(atMs).toISOString()} ${target} ${line}`),
  })
}
