// `distropack packages`, `yank`, `unyank` and `delete`: what is published, and taking it back.
import type { Artifact } from '@distropack/core/contract/client.ts'
import { findMeant } from '@distropack/core/packages/meant.ts'
import { FORMATS } from '@distropack/core/registry.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type { Project } from '../new-project.ts'
import { clientTrouble, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import { type Environment, openProject, type ServerFlags } from '../settings.ts'
import type { Terminal } from '../terminal.ts'

const readAll = async (project: Project): Promise<Result<readonly Artifact[], Trouble>> => {
  const items: Artifact[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await project.artifacts(cursor)
    if (!page.ok) return clientTrouble(page.error)
    items.push(...page.value.items)
    if (page.value.nextCursor === null) return ok(items)
    cursor = page.value.nextCursor
  }
}

const describe = ({ id, fileName, channels, yankedFrom }: Artifact): string =>
  `${id}  ${fileName}  ${channels.join(',') || '-'}${yankedFrom.length > 0 ? `  (yanked from ${yankedFrom.join(',')})` : ''}`

export const packages = async (flags: ServerFlags, env: Environment): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const found = await readAll(project.value)
  return found.ok ? ok({ document: { packages: found.value }, lines: found.value.map(describe) }) : found
}

export interface WithdrawFlags extends ServerFlags {
  readonly channel?: string
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean
  /** Of `delete`: do not ask. */
  readonly yes?: boolean
}

interface Change {
  /** `yank` … as the command is called, and as it is said afterwards. */
  readonly verb: string
  readonly done: string
  /** Channels of a file that it would change. Absent: it is of the file and of no channel. */
  readonly channels?: (artifact: Artifact) => readonly string[]
  readonly isFinal?: true
  readonly run: (
    project: Project,
    artifact: Artifact,
    channel: string | undefined,
  ) => Promise<Result<unknown, Parameters<typeof clientTrouble>[0]>>
}

const YANK: Change = {
  verb: 'yank',
  done: 'yanked',
  channels: ({ channels }) => channels,
  run: (project, { id }, channel) => project.yank(id, channel),
}
const UNYANK: Change = {
  verb: 'unyank',
  done: 'offered again',
  channels: ({ yankedFrom }) => yankedFrom,
  run: (project, { id }, channel) => project.unyank(id, channel),
}
const DELETE: Change = {
  verb: 'delete',
  done: 'deleted',
  isFinal: true,
  run: (project, { id }) => project.deleteArtifact(id),
}

/** Those of the files that the change would do anything to; trouble when there is none. */
const changeable = (
  meant: readonly Artifact[],
  word: string,
  { verb, channels }: Change,
  channel: string | undefined,
): Result<readonly Artifact[], Trouble> => {
  if (!channels) return ok(meant)
  const some = meant.filter((artifact) => {
    const offered = channels(artifact)
    return channel === undefined ? offered.length > 0 : offered.includes(channel)
  })
  if (some.length > 0) return ok(some)
  const state = verb === 'yank' ? 'offered' : 'yanked'
  const place = channel === undefined ? `${state} nowhere` : `not ${state} in the channel "${channel}"`
  const elsewhere = [...new Set(meant.flatMap(channels))]
  const hint = elsewhere.length > 0 ? ` It is in: ${elsewhere.join(', ')}.` : ''
  return usageTrouble(`"${word}" is ${place}: there is nothing to ${verb}.${hint}`)
}

const fileLine = (artifact: Artifact, { channels }: Change, channel: string | undefined): string => {
  const where = channel ?? channels?.(artifact).join(', ')
  return `  ${artifact.fileName}${where ? `  (${where})` : ''}`
}

/** Whoever cannot be asked must have said so. */
const confirm = async (
  files: readonly Artifact[],
  { verb, isFinal }: Change,
  { yes }: WithdrawFlags,
  terminal: Terminal,
): Promise<Result<void, Trouble>> => {
  if (!isFinal || yes) return ok(undefined)
  const answer = await terminal.ask(
    `They cannot be brought back, and their versions stay taken. Really ${verb} ${files.length}? [y/N] `,
  )
  if (answer === undefined) return usageTrouble(`Nothing was done: say --yes to ${verb} them.`)
  return /^y(es)?$/i.test(answer.trim()) ? ok(undefined) : usageTrouble('Nothing was done.')
}

const runChange = async (
  word: string,
  flags: WithdrawFlags,
  env: Environment,
  terminal: Terminal,
  change: Change,
): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const all = await readAll(project.value)
  if (!all.ok) return all
  const meant = findMeant(all.value, word, FORMATS)
  if (!meant.ok) return usageTrouble(meant.error)
  const files = changeable(meant.value, word, change, flags.channel)
  if (!files.ok) return files
  const lines = files.value.map((artifact) => fileLine(artifact, change, flags.channel))
  terminal.say(`to ${change.verb}:`)
  for (const line of lines) terminal.say(line)
  if (flags.dryRun)
    return ok({ document: { dryRun: true, packages: files.value }, lines: ['Nothing was done: --dry-run.'] })
  const confirmed = await confirm(files.value, change, flags, terminal)
  if (!confirmed.ok) return confirmed
  for (const artifact of files.value) {
    const changed = await change.run(project.value, artifact, flags.channel)
    if (!changed.ok) return clientTrouble(changed.error)
  }
  return ok({
    document: { packages: files.value },
    lines: files.value.map(({ fileName }) => `${change.done} ${fileName}`),
  })
}

export const yank = (word: string, flags: WithdrawFlags, env: Environment, terminal: Terminal): Promise<Outcome> =>
  runChange(word, flags, env, terminal, YANK)

export const unyank = (word: string, flags: WithdrawFlags, env: Environment, terminal: Terminal): Promise<Outcome> =>
  runChange(word, flags, env, terminal, UNYANK)

export const remove = (word: string, flags: WithdrawFlags, env: Environment, terminal: Terminal): Promise<Outcome> =>
  runChange(word, flags, env, terminal, DELETE)
