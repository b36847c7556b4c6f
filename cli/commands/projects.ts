// `distropack project`: repositories, who may read them, and where they are.
import { API_PATHS, installSchema, projectSchema } from '@distropack/core/contract/api.ts'
import type { ProjectName } from '@distropack/core/contract/client.ts'
import { ok } from '@distropack/core/result.ts'
import type * as z from 'zod'
import type { AccessFlags } from '../new-project.ts'
import { clientTrouble, type Outcome, usageTrouble } from '../outcome.ts'
import { type Environment, type OrganizationFlags, openClient, projectFor, type ServerFlags } from '../settings.ts'
import type { Terminal } from '../terminal.ts'
import { ask, asking, confirmed, dayOf, inColumns, inOrganization, inProject, listed } from './answers.ts'

type Project = z.infer<typeof projectSchema>

const row = ({ organization, project, access, generation, archivedAtMs, createdAtMs, repositoryUrl }: Project) => [
  `${organization}/${project}`,
  access,
  archivedAtMs === null ? '' : 'archived',
  `generation ${generation}`,
  dayOf(createdAtMs),
  repositoryUrl,
]

const shown = (project: Project): readonly string[] => [
  ...inColumns([row(project)]),
  `OpenPGP key ${project.openpgpFingerprint}, RSA key ${project.rsaKeyName}`,
]

export const listProjects = (flags: OrganizationFlags, env: Environment): Promise<Outcome> =>
  inOrganization(flags, env, (client, params) =>
    listed(client, 'projects', { path: API_PATHS.projects, params, schema: projectSchema }, row),
  )

const accessOf = (flags: AccessFlags): { readonly access?: 'public' | 'private' } => {
  if (flags.private) return { access: 'private' }
  return flags.public ? { access: 'public' } : {}
}

interface KeyFlags {
  readonly key: 'rsa4096' | 'ed25519'
}

/** The name is a word of the line here, and an option everywhere else. */
const named = (name: string, flags: ServerFlags, env: Environment) => projectFor({ ...flags, project: name }, env)

export const createProject = async (
  name: string,
  flags: ServerFlags & AccessFlags & KeyFlags,
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> => {
  const project = await named(name, flags, env)
  if (!project.ok) return project
  return asking(flags, env, async (client) => {
    terminal.say('making its keys takes some seconds')
    const made = await client.inProject(project.value).ensure({ ...accessOf(flags), signing: { kind: flags.key } })
    return made.ok ? ok({ document: { ...made.value }, lines: shown(made.value) }) : clientTrouble(made.error)
  })
}

export const showProject = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  inProject(flags, env, (client, params) =>
    ask(client, { path: API_PATHS.project, params, schema: projectSchema }, shown),
  )

const edit = (flags: ServerFlags, env: Environment, body: object): Promise<Outcome> =>
  inProject(flags, env, (client, params) =>
    ask(client, { method: 'PATCH', path: API_PATHS.project, params, body, schema: projectSchema }, shown),
  )

export const editProject = async (flags: ServerFlags & AccessFlags, env: Environment): Promise<Outcome> => {
  if (!flags.private && !flags.public) return usageTrouble('What should change? Give --private or --public.')
  return edit(flags, env, accessOf(flags))
}

export const archiveProject = (archived: boolean, flags: ServerFlags, env: Environment): Promise<Outcome> =>
  edit(flags, env, { archived })

const nameOf = ({ organization, project }: ProjectName): string => `${organization}/${project}`

export const transferProject = async (
  organization: string,
  flags: ServerFlags & { readonly yes?: boolean },
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> => {
  const name = await projectFor(flags, env)
  if (!name.ok) return name
  const question = `Really move ${nameOf(name.value)} to ${organization}? Its tokens and trusted publishers stay behind.`
  const sure = await confirmed(question, flags.yes, terminal)
  if (!sure.ok) return sure
  return inProject(flags, env, (client, params) =>
    ask(
      client,
      { method: 'POST', path: API_PATHS.transfer, params, body: { organization }, schema: projectSchema },
      shown,
    ),
  )
}

export const installLines = async (flags: ServerFlags & { readonly channel: string }, env: Environment) => {
  const name = await projectFor(flags, env)
  if (!name.ok) return name
  const client = await openClient(flags, env)
  if (!client.ok) return client
  const { organization: org, project } = name.value
  const query = { channel: flags.channel }
  const call = { path: API_PATHS.install, params: { org, project }, query, schema: installSchema }
  return ask(client.value, call, ({ instructions }) =>
    instructions.flatMap(({ title, commands, note }, index) => [
      ...(index === 0 ? [] : ['']),
      `# ${title}`,
      ...commands,
      ...(note?.split('\n').map((line) => `# ${line}`) ?? []),
    ]),
  )
}
