// The project a command publishes to: found, or made as the user says. Whether strangers may read it is asked where
// somebody can answer, for the packages are with readers a moment later.
import type { ApiClient, ProjectName } from '@distropack/core/contract/client.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { clientTrouble, type Trouble, usageTrouble } from './outcome.ts'
import type { Terminal } from './terminal.ts'

export type Project = ReturnType<ApiClient['inProject']>
type Access = 'public' | 'private'

export interface AccessFlags {
  readonly private?: boolean
  readonly public?: boolean
}

const accessOf = (flags: AccessFlags): Access | undefined => {
  if (flags.private) return 'private'
  return flags.public ? 'public' : undefined
}

/** Undefined: nobody is there to answer, and the organization's default holds. */
const askAccess = async (terminal: Terminal, name: string): Promise<Result<Access | undefined, Trouble>> => {
  const answer = await terminal.ask(`There is no ${name} yet. May everybody read it? [public/private] `)
  if (answer === undefined) return ok(undefined)
  const word = answer.trim().toLowerCase()
  if (word === 'public' || word === 'private') return ok(word)
  return usageTrouble(`"${answer.trim()}" is neither public nor private; nothing was made. Give --public or --private.`)
}

/** Makes the project when there is none and the token may. */
export const ensureProject = async (
  project: Project,
  { organization, project: slug }: ProjectName,
  flags: AccessFlags,
  terminal: Terminal,
): Promise<Result<void, Trouble>> => {
  const name = `${organization}/${slug}`
  const asked = accessOf(flags)
  const found = await project.read()
  if (found.ok) {
    if (asked === undefined || asked === found.value.access) return ok(undefined)
    return usageTrouble(
      `${name} is ${found.value.access}, and --${asked} says how a new project is made. Nothing was sent.`,
    )
  }
  if (found.error.faults[0]?.code !== 'not_found') return clientTrouble(found.error)
  const chosen = asked === undefined ? await askAccess(terminal, name) : ok(asked)
  if (!chosen.ok) return chosen
  terminal.say(`making the project ${name}: its keys take some seconds`)
  const made = await project.ensure(chosen.value === undefined ? {} : { access: chosen.value })
  if (!made.ok) return clientTrouble(made.error)
  const { access } = made.value
  const why = chosen.value === undefined ? `, as ${organization} has it; --public and --private say otherwise` : ''
  terminal.say(`${name} is ${access}${why}`)
  return ok(undefined)
}
