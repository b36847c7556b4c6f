// Tokens, members, invitations, organizations: what opens private repositories, and stops opening them.
import type { Answer } from '../web-fixture.ts'
import { api } from '../web-fixture.ts'
import type { Action, AnyAction } from './action.ts'
import { must, newMember, newPersonalToken, one, opensHidden, realEnv, rows, run, word, world } from './fixture.ts'

const ORIGIN = { origin: 'http://platform.test' }
const V1 = '/api/v1'

interface TokenAt {
  readonly id: string
  readonly secret: string
}

/** The same three for an organization's tokens and a person's own. */
const tokenActions = (route: string, path: string, as: () => { token?: string; cookie?: string }): AnyAction[] => {
  const body = { name: 'x', scopes: ['read'] }
  const make = async (): Promise<TokenAt> => {
    const { cookie, token } = as()
    const answer = await api('POST', path, {
      ...(token ? { token } : {}),
      json: body,
      headers: { ...ORIGIN, ...(cookie ? { cookie } : {}) },
    })
    return answer.body
  }
  const create: Action<object> = {
    route: `POST ${route}`,
    prepare: async () => ({}),
    act: (ask) => ask('POST', `${V1}${path}`, { ...as(), json: body, headers: ORIGIN }),
    missing: async (_, answer) => {
      if (answer?.status !== 201) return 'no token was given'
      return (await opensHidden(answer.body.secret)) ? undefined : 'the token does not open the repository'
    },
  }
  const revoke: Action<TokenAt> = {
    route: `DELETE ${route}/:tokenId`,
    prepare: make,
    act: (ask, { id }) => ask('DELETE', `${V1}${path}/${id}`, { ...as(), headers: ORIGIN }),
    missing: async ({ secret }) => {
      if (await opensHidden(secret)) return 'the revoked token reads'
      return (await api('GET', '/whoami', { token: secret })).status === 401 ? undefined : 'the revoked token acts'
    },
    closes: true,
  }
  const rotate: Action<TokenAt> = {
    route: `POST ${route}/:tokenId/rotate`,
    prepare: make,
    act: (ask, { id }) =>
      ask('POST', `${V1}${path}/${id}/rotate`, { ...as(), json: { overlapSeconds: 0 }, headers: ORIGIN }),
    missing: async ({ secret }, answer) => {
      if (await opensHidden(secret)) return 'the old secret still reads'
      if (answer?.status !== 201 && answer?.status !== 200) return undefined
      return (await opensHidden(answer.body.secret)) ? undefined : 'the new secret does not read'
    },
  }
  return [create, revoke, rotate]
}

/** A token that ends itself: whoever tries again is a stranger, and the sweep finishes what failed. */
const endOwn: Action<TokenAt> = {
  route: 'DELETE /api/v1/token',
  prepare: () => must('POST', '/organizations/acme/tokens', { json: { name: 'x', scopes: ['read'] } }),
  act: (ask, { secret }) => ask('DELETE', `${V1}/token`, { token: secret }),
  missing: async ({ secret }) => {
    if (await opensHidden(secret)) return 'the revoked token reads'
    return (await api('GET', '/whoami', { token: secret })).status === 401 ? undefined : 'the revoked token acts'
  },
}

interface Somebody {
  readonly id: string
  readonly token: string
}

const memberWithToken = async (): Promise<Somebody> => {
  const { id } = await newMember()
  return { id, token: await newPersonalToken(id) }
}

const roleOf = async (userId: string): Promise<string | undefined> =>
  (await rows<{ role: string }>('SELECT role FROM members WHERE user_id = ?', userId))[0]?.role

const editMember: Action<{ id: string }> = {
  route: 'PATCH /api/v1/organizations/:org/members/:userId',
  prepare: () => newMember(),
  act: (ask, { id }) =>
    ask('PATCH', `${V1}/organizations/acme/members/${id}`, { token: world.admin, json: { role: 'publisher' } }),
  missing: async ({ id }) => ((await roleOf(id)) === 'publisher' ? undefined : 'the role is the old one'),
}

const removeMember: Action<Somebody> = {
  route: 'DELETE /api/v1/organizations/:org/members/:userId',
  prepare: memberWithToken,
  act: (ask, { id }) => ask('DELETE', `${V1}/organizations/acme/members/${id}`, { token: world.admin }),
  missing: async ({ id, token }) => {
    if (await roleOf(id)) return 'still a member'
    return (await opensHidden(token)) ? 'the token of one who left reads' : undefined
  },
  closes: true,
}

const guestIn = async (): Promise<Somebody> => {
  const { id } = await one<{ id: string }>("SELECT id FROM organizations WHERE slug = 'acme'")
  await run('DELETE FROM api_tokens WHERE user_id = ?', world.guest.id)
  await run('INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?)', id, world.guest.id, 'reader', Date.now())
  return { id: world.guest.id, token: await newPersonalToken(world.guest.id) }
}

const leave: Action<Somebody> = {
  route: 'POST /api/v1/organizations/:org/leave',
  prepare: guestIn,
  act: (ask) => ask('POST', `${V1}/organizations/acme/leave`, { cookie: world.guestCookie, headers: ORIGIN }),
  missing: removeMember.missing,
}

const invite: Action<{ email: string }> = {
  route: 'POST /api/v1/organizations/:org/invitations',
  prepare: async () => ({ email: `${word('asked')}@example.net` }),
  act: (ask, { email }) =>
    ask('POST', `${V1}/organizations/acme/invitations`, { token: world.admin, json: { email, role: 'reader' } }),
  missing: async ({ email }) =>
    (await rows("SELECT 1 FROM invitations WHERE email = ? AND state = 'open'", email)).length > 0
      ? undefined
      : 'no invitation stands open',
}

const newInvitation = async (email: string): Promise<{ id: string }> =>
  must('POST', '/organizations/acme/invitations', { json: { email, role: 'reader' } })

const stateOf = async (id: string): Promise<string> =>
  (await one<{ state: string }>('SELECT state FROM invitations WHERE id = ?', id)).state

const revokeInvitation: Action<{ id: string }> = {
  route: 'DELETE /api/v1/organizations/:org/invitations/:invitationId',
  prepare: () => newInvitation(`${word('asked')}@example.net`),
  act: (ask, { id }) => ask('DELETE', `${V1}/organizations/acme/invitations/${id}`, { token: world.admin }),
  missing: async ({ id }) => ((await stateOf(id)) === 'revoked' ? undefined : 'the invitation stands open'),
}

const accept: Action<{ id: string; token: string }> = {
  route: 'POST /api/v1/account/invitations/:invitationId/accept',
  prepare: async () => {
    await run('DELETE FROM members WHERE user_id = ?', world.guest.id)
    await run('DELETE FROM api_tokens WHERE user_id = ?', world.guest.id)
    const { id } = await newInvitation(world.guest.email)
    return { id, token: await newPersonalToken(world.guest.id) }
  },
  act: (ask, { id }) =>
    ask('POST', `${V1}/account/invitations/${id}/accept`, { cookie: world.guestCookie, headers: ORIGIN }),
  missing: async ({ id, token }) => {
    const state = await stateOf(id)
    const isMember = (await roleOf(world.guest.id)) !== undefined
    if (isMember !== (state === 'accepted')) return `the invitation is ${state}, and a member: ${isMember}`
    if (!isMember) return 'not a member yet'
    return (await opensHidden(token)) ? undefined : 'the new member’s token does not read'
  },
}

const createOrganization: Action<{ slug: string }> = {
  route: 'POST /api/v1/organizations',
  prepare: async () => ({ slug: word('org') }),
  act: (ask, { slug }) =>
    ask('POST', `${V1}/organizations`, { cookie: world.guestCookie, json: { organization: slug }, headers: ORIGIN }),
  missing: async ({ slug }) => {
    const found = await rows<{ role: string | null }>(
      'SELECT m.role FROM organizations o LEFT JOIN members m ON m.organization_id = o.id WHERE o.slug = ?',
      slug,
    )
    if (found.length === 0) return 'there is no such organization'
    return found[0]?.role === 'owner' ? undefined : 'it is nobody’s'
  },
}

const renameOrganization: Action<{ name: string }> = {
  route: 'PATCH /api/v1/organizations/:org',
  prepare: async () => ({ name: word('Name ') }),
  act: (ask, { name }) => ask('PATCH', `${V1}/organizations/acme`, { token: world.admin, json: { name } }),
  missing: async ({ name }) =>
    (await one<{ name: string }>("SELECT name FROM organizations WHERE slug = 'acme'")).name === name
      ? undefined
      : 'the name is the old one',
}

const deleteOrganization: Action<{ slug: string; grants: readonly string[] }> = {
  route: 'DELETE /api/v1/organizations/:org',
  prepare: async () => {
    const slug = word('gone')
    await run('DELETE FROM api_tokens WHERE user_id = ?', world.owner.id)
    await api('POST', '/organizations', {
      json: { organization: slug },
      headers: { ...ORIGIN, cookie: world.ownerCookie },
    })
    const json = { name: 'x', scopes: ['read'] }
    const headers = { ...ORIGIN, cookie: world.ownerCookie }
    const { body } = await api('POST', `/organizations/${slug}/tokens`, { json, headers })
    const [token] = await rows<{ sha256: string }>(
      'SELECT secret_sha256 AS sha256 FROM api_tokens WHERE id = ?',
      body.id,
    )
    return { slug, grants: [token?.sha256 ?? ''] }
  },
  act: (ask, { slug }) => ask('DELETE', `${V1}/organizations/${slug}`, { cookie: world.ownerCookie, headers: ORIGIN }),
  missing: async ({ slug, grants }) => {
    if ((await rows('SELECT 1 FROM organizations WHERE slug = ?', slug)).length > 0) return 'it is still there'
    const left = await rows('SELECT 1 FROM api_tokens WHERE secret_sha256 = ?', grants[0])
    if (left.length > 0) return 'its token is still there'
    const grant = await realEnv.BUCKET.head(`grants/${grants[0]}.json`)
    return grant ? 'its token’s grant is still there' : undefined
  },
}

const removeAccount: Action<Somebody> = {
  route: 'DELETE /api/v1/operator/users/:userId',
  prepare: memberWithToken,
  act: (ask, { id }) => ask('DELETE', `${V1}/operator/users/${id}`, { token: 'operator-of-the-tests' }),
  missing: async ({ id, token }) => {
    if ((await rows('SELECT 1 FROM users WHERE id = ?', id)).length > 0) return 'the account is still there'
    return (await opensHidden(token)) ? 'the token of an account that is gone reads' : undefined
  },
}

const bootstrap: Action<{ slug: string }> = {
  route: 'POST /api/v1/operator/bootstrap',
  prepare: async () => ({ slug: word('boot') }),
  act: (ask, { slug }) =>
    ask('POST', `${V1}/operator/bootstrap`, { token: 'operator-of-the-tests', json: { organization: slug } }),
  missing: async (_, answer: Answer | undefined) => {
    if (answer?.status !== 201) return 'no token was given'
    return (await api('GET', '/whoami', { token: answer.body.secret })).status === 200 ? undefined : 'it opens nothing'
  },
}

export const membershipActions = (): AnyAction[] => [
  ...tokenActions('/api/v1/organizations/:org/tokens', '/organizations/acme/tokens', () => ({ token: world.admin })),
  ...tokenActions('/api/v1/account/tokens', '/account/tokens', () => ({ cookie: world.ownerCookie })),
  endOwn,
  editMember,
  removeMember,
  leave,
  invite,
  revokeInvitation,
  accept,
  createOrganization,
  renameOrganization,
  deleteOrganization,
  removeAccount,
  bootstrap,
]
