// `distropack packages`, `yank`, `unyank` and `delete`: what is published, and taking it back.
import type { ApiClient, Artifact } from '@distropack/core/contract/client.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { clientTrouble, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import { type Environment, openProject, type ServerFlags } from '../settings.ts'

type Project = ReturnType<ApiClient['inProject']>

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
}

/** By id, by file name, or every file of a version. */
const isMeant = (word: string, { id, fileName, version }: Artifact): boolean =>
  word === id || word === fileName || word === version

type Change = (project: Project, artifact: Artifact) => Promise<Result<unknown, Parameters<typeof clientTrouble>[0]>>

const changeMeant = async (
  word: string,
  flags: ServerFlags,
  env: Environment,
  said: string,
  change: Change,
): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const found = await readAll(project.value)
  if (!found.ok) return found
  const meant = found.value.filter((artifact) => isMeant(word, artifact))
  if (meant.length === 0) return usageTrouble(`No package here has the id, file name or version "${word}".`)
  for (const artifact of meant) {
    const changed = await change(project.value, artifact)
    if (!changed.ok) return clientTrouble(changed.error)
  }
  return ok({ document: { packages: meant }, lines: meant.map(({ fileName }) => `${said} ${fileName}`) })
}

export const yank = (word: string, flags: WithdrawFlags, env: Environment): Promise<Outcome> =>
  changeMeant(word, flags, env, 'yanked', (project, { id }) => project.yank(id, flags.channel))

export const unyank = (word: string, flags: WithdrawFlags, env: Environment): Promise<Outcome> =>
  changeMeant(word, flags, env, 'offered again', (project, { id }) => project.unyank(id, flags.channel))

export const remove = (word: string, flags: ServerFlags, env: Environment): Promise<Outcome> =>
  changeMeant(word, flags, env, 'deleted', (project, { id }) => project.deleteArtifact(id))
