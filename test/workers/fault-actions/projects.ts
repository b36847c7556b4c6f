// Projects, their access, owners and keys, whom they trust, and who listens.

import { RSA_KEY } from '../../support/own-keys.ts'
import type { Answer } from '../web-fixture.ts'
import { api, OPERATOR, QUICK_KEYS } from '../web-fixture.ts'
import type { Action, AnyAction } from './action.ts'
import { published } from './contents.ts'
import {
  afterPublishing,
  holdPublisher,
  isWoken,
  must,
  one,
  projectId,
  publisherStub,
  read,
  rows,
  run,
  statusAt,
  word,
  world,
} from './fixture.ts'

const V1 = '/api/v1'
const ORIGIN = { origin: 'http://platform.test' }

const create: Action<{ slug: string }> = {
  route: 'PUT /api/v1/projects/:org/:project',
  prepare: async () => ({ slug: word('made') }),
  act: (ask, { slug }) => ask('PUT', `${V1}/projects/acme/${slug}`, { token: world.admin, json: QUICK_KEYS }),
  missing: async ({ slug }) => {
    const found = await rows<{ id: string; keys: number }>(
      'SELECT p.id, (SELECT count(*) FROM signing_keys k WHERE k.project_id = p.id) AS keys FROM projects p WHERE slug = ?',
      slug,
    )
    const [project] = found
    if (!project) return 'there is no project'
    if (project.keys !== 3) return `it has ${project.keys} keys`
    const woken = (await isWoken(project.id)) || (await publisherStub(project.id).generation()) > 0
    await holdPublisher(project.id)
    // Asked twice in one run: that it was told once is enough.
    if (woken) told.add(project.id)
    return told.has(project.id) ? undefined : 'nobody makes its first generation'
  },
}
const told = new Set<string>()

/** A page that has something to install. */
let sample: ReturnType<typeof published> | undefined
const setAccess = async (access: 'public' | 'private'): Promise<object> => {
  sample ??= published()
  await sample
  await must('PATCH', '/projects/acme/tool', { json: { access } })
  const id = await projectId('tool')
  const missing = await afterPublishing([id], async () =>
    (await statusAt('acme/tool/index.json')) === (access === 'public' ? 200 : 401) ? undefined : 'not yet',
  )
  if (missing) throw new Error(`the project does not become ${access}`)
  return {}
}

const edit = (access: 'public' | 'private'): Action<object> => ({
  route: 'PATCH /api/v1/projects/:org/:project',
  name: `to ${access}`,
  prepare: () => setAccess(access === 'public' ? 'private' : 'public'),
  act: (ask) => ask('PATCH', `${V1}/projects/acme/tool`, { token: world.admin, json: { access } }),
  missing: async () =>
    afterPublishing([await projectId('tool')], async () => {
      const status = await statusAt('acme/tool/index.json')
      if (status !== (access === 'public' ? 200 : 401)) return `a reader without a token hears ${status}`
      // The page says how to install from what the repository is now.
      const page = await read('acme/tool/index.json', world.admin)
      return JSON.stringify(page.body).includes('TOKEN=') === (access === 'private')
        ? undefined
        : 'the page is of the other access'
    }),
  ...(access === 'private' ? { closes: true as const } : {}),
})

interface Moving {
  readonly id: string
  readonly secret: string
}

let moving: string | undefined
const transfer: Action<Moving> = {
  route: 'POST /api/v1/projects/:org/:project/transfer',
  prepare: async () => {
    const headers = { ...ORIGIN, cookie: world.ownerCookie }
    if (!moving) await api('POST', '/organizations', { json: { organization: 'other' }, headers })
    await run(
      "UPDATE projects SET organization_id = (SELECT id FROM organizations WHERE slug = 'acme') WHERE slug = 'moving'",
    )
    await run("DELETE FROM project_aliases WHERE slug = 'moving'")
    if (!moving) await must('PUT', '/projects/acme/moving', { json: QUICK_KEYS })
    const id = await projectId('moving')
    moving = id
    const json = { name: 'x', scopes: ['read'], project: 'moving' }
    const { secret } = await must('POST', '/organizations/acme/tokens', { json })
    await run(
      "INSERT INTO trusted_publishers VALUES (?, ?, 'x', 'generic', 'https://ci.example.net', '[]', NULL, 1)",
      ...[word('pub'), id],
    )
    await holdPublisher(id)
    return { id, secret }
  },
  act: (ask) =>
    ask('POST', `${V1}/projects/acme/moving/transfer`, {
      cookie: world.ownerCookie,
      json: { organization: 'other' },
      headers: ORIGIN,
    }),
  missing: async ({ id, secret }) => {
    const { slug } = await one<{ slug: string }>(
      'SELECT o.slug FROM projects p JOIN organizations o ON o.id = p.organization_id WHERE p.id = ?',
      id,
    )
    if (slug !== 'other') return 'it did not move'
    const trusted = await rows('SELECT 1 FROM trusted_publishers WHERE project_id = ?', id)
    if (trusted.length > 0) return 'the old organization’s CI is still trusted'
    if ((await api('GET', '/whoami', { token: secret })).status !== 401) return 'the old organization’s token acts'
    const granted = await rows("SELECT 1 FROM outbox WHERE kind = 'grant'")
    if (granted.length > 0) return 'a grant is still to be taken away'
    return (await isWoken(id)) ? undefined : 'readers are not sent to its new owner'
  },
}

const nextKeys = () => ({
  signing: { kind: 'ed25519', rsa: { name: `${word('next')}.rsa.pub`, privateKey: RSA_KEY } },
})

const keyed = async (): Promise<{ id: string }> => {
  await must('PUT', '/projects/acme/keyed', { json: QUICK_KEYS })
  const id = await projectId('keyed')
  await run("DELETE FROM signing_keys WHERE project_id = ? AND state <> 'signing'", id)
  await holdPublisher(id)
  return { id }
}

const countKeys = async (id: string, state: string): Promise<number> =>
  (await one<{ n: number }>('SELECT count(*) AS n FROM signing_keys WHERE project_id = ? AND state = ?', id, state)).n

const rotateKeys: Action<{ id: string }> = {
  route: 'POST /api/v1/projects/:org/:project/keys/rotate',
  prepare: keyed,
  act: (ask) => ask('POST', `${V1}/projects/acme/keyed/keys/rotate`, { token: world.admin, json: nextKeys() }),
  missing: async ({ id }) => {
    if ((await countKeys(id, 'next')) !== 3) return 'there are no next keys'
    return (await isWoken(id)) ? undefined : 'readers are not given the next keys'
  },
}

const retireKeys: Action<{ id: string }> = {
  route: 'POST /api/v1/projects/:org/:project/keys/retire',
  prepare: async () => {
    const subject = await keyed()
    await must('POST', '/projects/acme/keyed/keys/rotate', { json: nextKeys() })
    await holdPublisher(subject.id)
    return subject
  },
  act: (ask) =>
    ask('POST', `${V1}/projects/acme/keyed/keys/retire`, { token: world.admin, json: { compromised: true } }),
  missing: async ({ id }) => {
    if ((await countKeys(id, 'next')) > 0) return 'the next keys do not sign alone'
    if ((await countKeys(id, 'revoked')) !== 3) return 'the old keys are not revoked'
    return (await isWoken(id)) ? undefined : 'readers are still given the old keys'
  },
  closes: true,
}

const TRUST = {
  name: 'x',
  trust: {
    provider: 'generic',
    issuer: 'https://ci.example.net',
    claims: [{ kind: 'equals', claim: 'sub', value: 'me' }],
  },
}

const trust: Action<{ name: string }> = {
  route: 'POST /api/v1/projects/:org/:project/publishers',
  prepare: async () => {
    await run('DELETE FROM trusted_publishers')
    return { name: word('ci') }
  },
  act: (ask, { name }) =>
    ask('POST', `${V1}/projects/acme/tool/publishers`, { token: world.admin, json: { ...TRUST, name } }),
  missing: async ({ name }) =>
    (await rows('SELECT 1 FROM trusted_publishers WHERE name = ?', name)).length > 0 ? undefined : 'it is not trusted',
}

const distrust: Action<{ id: string }> = {
  route: 'DELETE /api/v1/projects/:org/:project/publishers/:publisherId',
  prepare: () => must('POST', '/projects/acme/tool/publishers', { json: TRUST }),
  act: (ask, { id }) => ask('DELETE', `${V1}/projects/acme/tool/publishers/${id}`, { token: world.admin }),
  missing: async ({ id }) =>
    (await rows('SELECT 1 FROM trusted_publishers WHERE id = ?', id)).length > 0 ? 'it is still trusted' : undefined,
}

const exchange: Action<{ token: string; jti: string }> = {
  route: 'POST /api/v1/ci/exchange',
  prepare: async () => {
    await run('DELETE FROM trusted_publishers')
    await must('POST', '/projects/acme/tool/publishers', { json: TRUST })
    const jti = crypto.randomUUID()
    const body = JSON.stringify({ claims: { sub: 'me', jti } })
    const token = await (await fetch('https://ci.example.net/token', { method: 'POST', body })).text()
    return { token, jti }
  },
  act: (ask, { token }) => ask('POST', `${V1}/ci/exchange`, { json: { organization: 'acme', project: 'tool', token } }),
  missing: async (_, answer: Answer | undefined) => {
    // An answer that was lost is lost with its secret: the identity is spent then, and CI asks for another.
    if (answer?.status === 403) {
      return /used before/.test(JSON.stringify(answer.body)) ? undefined : 'it was refused for another reason'
    }
    if (answer?.status !== 201 && answer?.status !== 200) return 'no token was given'
    return (await api('GET', '/whoami', { token: answer.body.secret })).status === 200 ? undefined : 'it opens nothing'
  },
}

const HOOK = { target: { kind: 'json', url: 'https://hooks.example.net/x' }, events: ['build.failed'] }
const hooks = '/organizations/acme/webhooks'

const newHook = async (): Promise<{ id: string }> => {
  await run('DELETE FROM webhooks')
  return must('POST', hooks, { json: HOOK })
}

const hookActions: readonly AnyAction[] = [
  {
    route: 'POST /api/v1/organizations/:org/webhooks',
    prepare: async () => {
      await run('DELETE FROM webhooks')
      return {}
    },
    act: (ask) => ask('POST', V1 + hooks, { token: world.admin, json: HOOK }),
    missing: async () => ((await rows('SELECT 1 FROM webhooks')).length > 0 ? undefined : 'there is no webhook'),
  },
  {
    route: 'PATCH /api/v1/organizations/:org/webhooks/:webhookId',
    prepare: newHook,
    act: (ask, { id }) => ask('PATCH', `${V1}${hooks}/${id}`, { token: world.admin, json: { enabled: false } }),
    missing: async ({ id }) =>
      (await one<{ enabled: number }>('SELECT enabled FROM webhooks WHERE id = ?', id)).enabled === 0
        ? undefined
        : 'it is still enabled',
  },
  {
    route: 'DELETE /api/v1/organizations/:org/webhooks/:webhookId',
    prepare: newHook,
    act: (ask, { id }) => ask('DELETE', `${V1}${hooks}/${id}`, { token: world.admin }),
    missing: async ({ id }) =>
      (await rows('SELECT 1 FROM webhooks WHERE id = ?', id)).length > 0 ? 'it is still there' : undefined,
  },
  {
    route: 'POST /api/v1/organizations/:org/webhooks/:webhookId/test',
    prepare: newHook,
    act: (ask, { id }) => ask('POST', `${V1}${hooks}/${id}/test`, { token: world.admin }),
    missing: async ({ id }) =>
      (await rows("SELECT 1 FROM webhook_deliveries WHERE webhook_id = ? AND state = 'waiting'", id)).length > 0
        ? undefined
        : 'no notice waits',
  },
  {
    route: 'POST /api/v1/organizations/:org/webhooks/:webhookId/deliveries/:deliveryId/redeliver',
    prepare: async () => {
      const { id } = await newHook()
      const delivery = await must('POST', `${hooks}/${id}/test`)
      await run("UPDATE webhook_deliveries SET state = 'failed', next_attempt_at_ms = NULL WHERE id = ?", delivery.id)
      return { id, deliveryId: delivery.id }
    },
    act: (ask, { id, deliveryId }) =>
      ask('POST', `${V1}${hooks}/${id}/deliveries/${deliveryId}/redeliver`, { token: world.admin }),
    missing: async ({ deliveryId }) =>
      (await one<{ state: string }>('SELECT state FROM webhook_deliveries WHERE id = ?', deliveryId)).state ===
      'waiting'
        ? undefined
        : 'the notice does not wait',
  },
]

const operatorActions: readonly AnyAction[] = [
  {
    route: 'PUT /api/v1/operator/state',
    prepare: async () => ({}),
    act: async (ask) => {
      const json = { readOnly: true, reason: 'a test' }
      const answer = await ask('PUT', `${V1}/operator/state`, { token: OPERATOR, json })
      return answer
    },
    missing: async () => {
      const [row] = await rows("SELECT 1 FROM settings WHERE name = 'read_only'")
      await run("DELETE FROM settings WHERE name = 'read_only'")
      return row ? undefined : 'it is open'
    },
  },
  {
    route: 'POST /api/v1/operator/invitations',
    prepare: async () => ({ email: `${word('new')}@example.net` }),
    act: (ask, { email }) => ask('POST', `${V1}/operator/invitations`, { token: OPERATOR, json: { email } }),
    missing: async ({ email }) =>
      (await rows('SELECT 1 FROM invitations WHERE email = ?', email)).length > 0 ? undefined : 'nobody is invited',
  },
  {
    route: 'PATCH /api/v1/operator/users/:userId',
    prepare: async () => {
      await run('UPDATE users SET is_operator = 0 WHERE id = ?', world.guest.id)
      return {}
    },
    act: (ask) =>
      ask('PATCH', `${V1}/operator/users/${world.guest.id}`, { token: OPERATOR, json: { isOperator: true } }),
    missing: async () =>
      (await one<{ is: number }>('SELECT is_operator AS "is" FROM users WHERE id = ?', world.guest.id)).is === 1
        ? undefined
        : 'not an operator',
  },
]

export const projectActions = (): AnyAction[] => [
  create,
  edit('private'),
  edit('public'),
  transfer,
  rotateKeys,
  retireKeys,
  trust,
  distrust,
  exchange,
  ...hookActions,
  ...operatorActions,
]
