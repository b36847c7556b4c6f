// `distropack org`, `member` and `invitation`: organizations, who belongs to them, and who is asked to.
import { API_PATHS, doneSchema } from '@distropack/core/contract/api.ts'
import type { ApiClient } from '@distropack/core/contract/client.ts'
import { invitationSchema, memberSchema, organizationSchema } from '@distropack/core/contract/members.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type * as z from 'zod'
import { asPerson, type PersonFlags } from '../account-session.ts'
import { type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import type { Environment, OrganizationFlags, ServerFlags } from '../settings.ts'
import type { Terminal } from '../terminal.ts'
import { ask, asking, confirmed, dayOf, inColumns, inOrganization, listed, readPages } from './answers.ts'

type Organization = z.infer<typeof organizationSchema>
type Member = z.infer<typeof memberSchema>
type Invitation = z.infer<typeof invitationSchema>

const organizationRow = ({ organization, role, defaultAccess, name, createdAtMs }: Organization): readonly string[] => [
  organization,
  role,
  `new projects ${defaultAccess}`,
  dayOf(createdAtMs),
  name === organization ? '' : name,
]

export const listOrganizations = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asking(flags, env, (client) =>
    listed(client, 'organizations', { path: API_PATHS.organizations, schema: organizationSchema }, organizationRow),
  )

export interface OrganizationWords {
  readonly name?: string
  readonly defaultAccess?: 'public' | 'private'
}

const wordsOf = ({ name, defaultAccess }: OrganizationWords) => ({
  ...(name === undefined ? {} : { name }),
  ...(defaultAccess === undefined ? {} : { defaultAccess }),
})

const shown = (value: Organization): readonly string[] => inColumns([organizationRow(value)])

export const createOrganization = (
  organization: string,
  flags: PersonFlags & OrganizationWords,
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> =>
  asPerson(flags, env, terminal, (client) => {
    const body = { organization, ...wordsOf(flags) }
    return ask(client, { method: 'POST', path: API_PATHS.organizations, body, schema: organizationSchema }, shown)
  })

export const showOrganization = (flags: OrganizationFlags, env: Environment): Promise<Outcome> =>
  inOrganization(flags, env, (client, params) =>
    ask(client, { path: API_PATHS.organization, params, schema: organizationSchema }, shown),
  )

export const editOrganization = (flags: OrganizationFlags & OrganizationWords, env: Environment): Promise<Outcome> =>
  inOrganization(flags, env, (client, params) => {
    const body = wordsOf(flags)
    return ask(
      client,
      { method: 'PATCH', path: API_PATHS.organization, params, body, schema: organizationSchema },
      shown,
    )
  })

interface Confirming {
  readonly yes?: boolean
}

export const deleteOrganization = (
  organization: string,
  flags: ServerFlags & Confirming,
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> =>
  inOrganization({ ...flags, org: organization }, env, async (client, params) => {
    const sure = await confirmed(`Really delete the organization ${organization}?`, flags.yes, terminal)
    if (!sure.ok) return sure
    const call = { method: 'DELETE', path: API_PATHS.organization, params, schema: doneSchema }
    return ask(client, call, () => `Deleted ${organization}.`)
  })

export const leaveOrganization = async (
  organization: string,
  flags: PersonFlags & Confirming,
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> => {
  const sure = await confirmed(`Really leave ${organization}?`, flags.yes, terminal)
  if (!sure.ok) return sure
  return asPerson(flags, env, terminal, (client) => {
    const call = { method: 'POST', path: API_PATHS.leave, params: { org: organization }, schema: doneSchema }
    return ask(client, call, () => `You are no member of ${organization} any more.`)
  })
}

export const listMembers = (flags: OrganizationFlags, env: Environment): Promise<Outcome> =>
  inOrganization(flags, env, (client, params) =>
    listed(
      client,
      'members',
      { path: API_PATHS.members, params, schema: memberSchema },
      ({ userId, email, role, name, joinedAtMs }) => [userId, role, email, dayOf(joinedAtMs), name],
    ),
  )

/** By id or by address. */
const findMember = async (
  client: ApiClient,
  params: { readonly org: string },
  word: string,
): Promise<Result<Member, Trouble>> => {
  const members = await readPages(client, { path: API_PATHS.members, params, schema: memberSchema })
  if (!members.ok) return members
  const found = members.value.find(({ userId, email }) => userId === word || email === word.toLowerCase())
  return found ? ok(found) : usageTrouble(`Nobody in ${params.org} has the id or the address "${word}".`)
}

export const editMember = (
  word: string,
  flags: OrganizationFlags & { readonly role: Member['role'] },
  env: Environment,
): Promise<Outcome> =>
  inOrganization(flags, env, async (client, org) => {
    const member = await findMember(client, org, word)
    if (!member.ok) return member
    const params = { ...org, userId: member.value.userId }
    const call = { method: 'PATCH', path: API_PATHS.member, params, body: { role: flags.role }, schema: memberSchema }
    return ask(client, call, ({ email, role }) => `${email} is ${role} now.`)
  })

export const removeMember = (
  word: string,
  flags: OrganizationFlags & Confirming,
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> =>
  inOrganization(flags, env, async (client, org) => {
    const member = await findMember(client, org, word)
    if (!member.ok) return member
    const { userId, email } = member.value
    const sure = await confirmed(`Really remove ${email}? Their tokens end with it.`, flags.yes, terminal)
    if (!sure.ok) return sure
    const call = { method: 'DELETE', path: API_PATHS.member, params: { ...org, userId }, schema: doneSchema }
    return ask(client, call, () => `${email} is no member any more.`)
  })

const invitationRow = ({ id, organization, email, role, expiresAtMs }: Invitation): readonly string[] => [
  id,
  organization ?? '',
  email,
  role,
  `until ${dayOf(expiresAtMs)}`,
]

export const invite = (
  email: string,
  flags: OrganizationFlags & { readonly role: Member['role'] },
  env: Environment,
): Promise<Outcome> =>
  inOrganization(flags, env, (client, params) => {
    const body = { email, role: flags.role }
    const call = { method: 'POST', path: API_PATHS.invitations, params, body, schema: invitationSchema }
    return ask(client, call, ({ id, role }) => `Invited ${email} as ${role}: ${id}.`)
  })

export const listInvitations = (
  flags: OrganizationFlags & PersonFlags & { readonly mine?: boolean },
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> => {
  const schema = invitationSchema
  if (flags.mine) {
    return asPerson(flags, env, terminal, (client) =>
      listed(client, 'invitations', { path: API_PATHS.myInvitations, schema }, invitationRow),
    )
  }
  return inOrganization(flags, env, (client, params) =>
    listed(client, 'invitations', { path: API_PATHS.invitations, params, schema }, invitationRow),
  )
}

export const revokeInvitation = (invitationId: string, flags: OrganizationFlags, env: Environment): Promise<Outcome> =>
  inOrganization(flags, env, (client, org) => {
    const params = { ...org, invitationId }
    const call = { method: 'DELETE', path: API_PATHS.invitation, params, schema: doneSchema }
    return ask(client, call, () => `${invitationId} can be accepted no more.`)
  })

export const acceptInvitation = (
  invitationId: string,
  flags: PersonFlags,
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> =>
  asPerson(flags, env, terminal, (client) => {
    const call = { method: 'POST', path: API_PATHS.acceptInvitation, params: { invitationId }, schema: doneSchema }
    return ask(client, call, () => 'You are a member now.')
  })
