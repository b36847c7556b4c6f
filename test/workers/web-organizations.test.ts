// Organizations as their members use them: roles, invitations, tokens, private repositories, moves, the audit log.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, newPerson } from './people.ts'
import { api, freshPlatform, QUICK_KEYS, send, settle, testEnv } from './web-fixture.ts'

type Person = Browser & { readonly email: string; readonly id: string }

let owner: Person
let colleague: Person
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  owner = await newPerson('owner')
  colleague = await newPerson('colleague')
  await owner.api('POST', '/organizations', { organization: 'acme', name: 'Acme, Inc.' })
  await owner.api('PUT', '/projects/acme/tool', QUICK_KEYS)
  await settle()
})

const invite = async (role: string, email = colleague.email) =>
  owner.api('POST', '/organizations/acme/invitations', { email, role })

describe('an invitation', () => {
  it('is mailed, and accepted by the account it names alone', async () => {
    const { status, body } = await invite('reader')
    expect(status).toBe(201)
    const other = await newPerson('other')
    expect((await other.api('POST', `/account/invitations/${body.id}/accept`)).status).toBe(404)
    const mine = (await colleague.api('GET', '/account/invitations')).body.items
    expect(mine).toMatchObject([{ id: body.id, organization: 'acme', role: 'reader', invitedBy: owner.email }])
    expect((await colleague.api('POST', `/account/invitations/${body.id}/accept`)).status).toBe(200)
    expect((await colleague.api('POST', `/account/invitations/${body.id}/accept`)).status).toBe(404)
    expect((await colleague.api('GET', '/organizations')).body.items).toMatchObject([
      { organization: 'acme', name: 'Acme, Inc.', role: 'reader' },
    ])
    expect((await invite('reader')).status).toBe(409)
  })

  it('takes the place of an earlier one to the same address, whose role nobody can choose any more', async () => {
    const hasty = await newPerson('hasty')
    const asOwner = (await invite('owner', hasty.email)).body
    const asReader = (await invite('reader', hasty.email)).body
    expect((await hasty.api('GET', '/account/invitations')).body.items).toMatchObject([{ id: asReader.id }])
    expect((await hasty.api('POST', `/account/invitations/${asOwner.id}/accept`)).status).toBe(404)
    expect((await hasty.api('POST', `/account/invitations/${asReader.id}/accept`)).status).toBe(200)
    expect((await hasty.api('GET', '/organizations')).body.items).toMatchObject([{ role: 'reader' }])
    await hasty.api('POST', '/organizations/acme/leave')
  })

  it('taken back, or too old, is accepted by nobody', async () => {
    const late = await newPerson('late')
    const revoked = (await invite('reader', late.email)).body
    await owner.api('DELETE', `/organizations/acme/invitations/${revoked.id}`)
    expect((await late.api('POST', `/account/invitations/${revoked.id}/accept`)).status).toBe(404)
    const old = (await invite('reader', late.email)).body
    await testEnv.DB.prepare('UPDATE invitations SET expires_at_ms = 1 WHERE id = ?').bind(old.id).run()
    expect((await late.api('POST', `/account/invitations/${old.id}/accept`)).status).toBe(404)
    expect((await late.api('GET', '/account/invitations')).body.items).toEqual([])
  })
})

describe('a role', () => {
  it('of an owner is given and taken by owners alone, and the last owner stays', async () => {
    const set = (who: Browser, id: string, role: string) =>
      who.api('PATCH', `/organizations/acme/members/${id}`, { role })
    expect((await set(owner, colleague.id, 'admin')).body.role).toBe('admin')
    expect((await set(colleague, colleague.id, 'owner')).status).toBe(403)
    expect((await set(colleague, owner.id, 'reader')).status).toBe(403)
    expect((await owner.api('POST', '/organizations/acme/leave')).status).toBe(409)
    expect((await set(owner, owner.id, 'admin')).status).toBe(409)
    expect((await colleague.api('DELETE', `/organizations/acme/members/${owner.id}`)).status).toBe(403)
    expect((await set(owner, colleague.id, 'owner')).status).toBe(200)
    expect((await set(owner, colleague.id, 'publisher')).status).toBe(200)
  })
})

describe('a token', () => {
  it('of a person may what the person may, in every organization of theirs, and no more than its scopes say', async () => {
    const { secret } = (await colleague.api('POST', '/account/tokens', { name: 'laptop', scopes: ['admin'] })).body
    expect(secret).toMatch(/^dpk_[0-9a-z]{40}$/)
    const build = { token: secret, json: { blobs: [] } }
    expect((await api('POST', '/projects/acme/tool/blobs/missing', build)).status).toBe(200)
    expect((await api('GET', '/organizations/acme/tokens', { token: secret })).status).toBe(403) // a publisher's
    await owner.api('PATCH', `/organizations/acme/members/${colleague.id}`, { role: 'reader' })
    expect((await api('POST', '/projects/acme/tool/blobs/missing', build)).status).toBe(403)
    await owner.api('DELETE', `/organizations/acme/members/${colleague.id}`)
    expect((await api('GET', '/projects/acme/tool', { token: secret })).status).toBe(404)
    const again = (await invite('publisher')).body
    await colleague.api('POST', `/account/invitations/${again.id}/accept`)
    expect((await api('GET', '/projects/acme/tool', { token: secret })).status).toBe(200)
  })

  it('rotated gives two secrets for the overlap and one after it', async () => {
    const made = (await owner.api('POST', '/organizations/acme/tokens', { name: 'ci', scopes: ['publish'] })).body
    const path = `/organizations/acme/tokens/${made.id}/rotate`
    const next = (await owner.api('POST', path, { overlapSeconds: 3600 })).body
    expect(next).toMatchObject({ name: 'ci', scopes: ['publish'] })
    for (const token of [made.secret, next.secret]) expect((await api('GET', '/whoami', { token })).status).toBe(200)
    const listed = (await owner.api('GET', '/organizations/acme/tokens')).body.items
    const old = listed.find(({ id }: { id: string }) => id === made.id)
    expect(old.expiresAtMs).toBeLessThanOrEqual(Date.now() + 3_600_000)
    const last = (await owner.api('POST', `/organizations/acme/tokens/${next.id}/rotate`, { overlapSeconds: 0 })).body
    expect((await api('GET', '/whoami', { token: next.secret })).status).toBe(401)
    expect((await api('GET', '/whoami', { token: last.secret })).status).toBe(200)
  })

  it('is not made again when the request is repeated with its key', async () => {
    const json = { name: 'once', scopes: ['read'] }
    const key = { 'idempotency-key': 'make-it-once' }
    const first = await owner.api('POST', '/organizations/acme/tokens', json, key)
    const second = await owner.api('POST', '/organizations/acme/tokens', json, key)
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    const other = await owner.api('POST', '/organizations/acme/tokens', { ...json, name: 'two' }, key)
    expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_key_reused'])
    // The kept answer holds a secret; at rest it is sealed.
    const kept = await testEnv.DB.prepare('SELECT * FROM idempotent_answers').all()
    expect(JSON.stringify(kept.results)).not.toContain(first.body.secret)
  })
})

const read = (path: string, token?: string) => send('GET', `/r/${path}`, token ? { token } : {})

const until = async (check: () => Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 100; i++) {
    if (await check()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it did not come to pass')
}

describe('a private repository', () => {
  it('is read with a token of its organization, until that is revoked or expires', async () => {
    expect((await read('acme/tool/key.asc')).status).toBe(200)
    expect((await owner.api('PATCH', '/projects/acme/tool', { access: 'private' })).body.access).toBe('private')
    await until(async () => (await read('acme/tool/key.asc')).status === 401)
    const made = (await owner.api('POST', '/organizations/acme/tokens', { name: 'r', scopes: ['read'] })).body
    expect((await read('acme/tool/key.asc', made.secret)).status).toBe(200)
    expect((await read('acme/tool/@1/key.asc', made.secret)).status).toBe(200)
    expect((await read('acme/tool/@1/key.asc')).status).toBe(401)
    await owner.api('DELETE', `/organizations/acme/tokens/${made.id}`)
    expect((await read('acme/tool/key.asc', made.secret)).status).toBe(401)
  })

  it('is read with a person’s token as long as they are a member', async () => {
    const { secret } = (await colleague.api('POST', '/account/tokens', { name: 'apt', scopes: ['read'] })).body
    expect((await read('acme/tool/key.asc', secret)).status).toBe(200)
    await owner.api('DELETE', `/organizations/acme/members/${colleague.id}`)
    expect((await read('acme/tool/key.asc', secret)).status).toBe(401)
    const again = (await invite('publisher')).body
    await colleague.api('POST', `/account/invitations/${again.id}/accept`)
    expect((await read('acme/tool/key.asc', secret)).status).toBe(200)
  })
})

describe('an edit', () => {
  it('of what changed since it was read is refused', async () => {
    const read = await owner.api('GET', '/organizations/acme')
    const etag = read.headers.get('etag') ?? ''
    const rename = (name: string, match: string) =>
      owner.api('PATCH', '/organizations/acme', { name }, { 'if-match': match })
    const renamed = await rename('Acme', etag)
    expect(renamed.status).toBe(200)
    expect((await rename('Other', etag)).body.error.code).toBe('precondition_failed')
    expect((await rename('Acme, Inc.', renamed.headers.get('etag') ?? '')).status).toBe(200)
    const path = `/organizations/acme/members/${colleague.id}`
    const role = (await owner.api('GET', path)).headers.get('etag') ?? ''
    const promote = (to: string) => owner.api('PATCH', path, { role: to }, { 'if-match': role })
    expect((await promote('reader')).status).toBe(200)
    expect((await promote('admin')).status).toBe(412)
    expect((await owner.api('PATCH', path, { role: 'publisher' })).status).toBe(200)
    const project = (await owner.api('GET', '/projects/acme/tool')).headers.get('etag') ?? ''
    const stale = await owner.api('PATCH', '/projects/acme/tool', { archived: true }, { 'if-match': '"another"' })
    expect(stale.status).toBe(412)
    expect((await owner.api('PATCH', '/projects/acme/tool', {}, { 'if-match': project })).status).toBe(200)
  })
})

describe('a project', () => {
  it('that is archived is read on and takes nothing new', async () => {
    await owner.api('PUT', '/projects/acme/old', QUICK_KEYS)
    await settle()
    await owner.api('PATCH', '/projects/acme/old', { archived: true })
    const refused = await owner.api('POST', '/projects/acme/old/blobs/missing', { blobs: [] })
    expect([refused.status, refused.body.error.code]).toEqual([409, 'project_archived'])
    expect((await read('acme/old/key.asc')).status).toBe(200)
    await owner.api('PATCH', '/projects/acme/old', { archived: false })
    expect((await owner.api('POST', '/projects/acme/old/blobs/missing', { blobs: [] })).status).toBe(200)
  })

  it('that moves is read at both addresses, and its old tokens are dead', async () => {
    await owner.api('POST', '/organizations', { organization: 'elsewhere' })
    const made = await owner.api('POST', '/organizations/acme/tokens', {
      name: 'of-old',
      project: 'old',
      scopes: ['publish'],
    })
    const moved = await owner.api('POST', '/projects/acme/old/transfer', { organization: 'elsewhere' })
    expect(moved.body).toMatchObject({ organization: 'elsewhere', project: 'old' })
    expect((await api('GET', '/whoami', { token: made.body.secret })).status).toBe(401)
    await until(async () => (await read('elsewhere/old/key.asc')).status === 200)
    expect((await read('acme/old/key.asc')).status).toBe(200)
    expect((await owner.api('GET', '/projects/acme/old')).status).toBe(404)
    const taken = await owner.api('PUT', '/projects/acme/old', QUICK_KEYS)
    expect([taken.status, taken.body.error.message]).toEqual([409, expect.stringContaining('moved')])
    // Nor may it go where its mover makes no projects.
    const foreign = await colleague.api('POST', '/projects/elsewhere/old/transfer', { organization: 'acme' })
    expect(foreign.status).toBe(404)
  })
})

describe('a private project that moves', () => {
  it('is closed to its old organization, and open to its new one, at both addresses', async () => {
    await owner.api('PUT', '/projects/acme/secret', { access: 'private' })
    await settle()
    const tokenOf = async (organization: string): Promise<string> => {
      const json = { name: 'reader', scopes: ['read'] }
      return (await owner.api('POST', `/organizations/${organization}/tokens`, json)).body.secret
    }
    const [old, fresh] = [await tokenOf('acme'), await tokenOf('elsewhere')]
    expect((await read('acme/secret/key.asc', old)).status).toBe(200)
    await owner.api('POST', '/projects/acme/secret/transfer', { organization: 'elsewhere' })
    await until(async () => (await read('elsewhere/secret/key.asc', fresh)).status === 200)
    expect((await read('acme/secret/key.asc', old)).status).toBe(401)
    expect((await read('elsewhere/secret/key.asc', old)).status).toBe(401)
    expect((await read('acme/secret/key.asc', fresh)).status).toBe(200)
    expect((await read('acme/secret/key.asc')).status).toBe(401)
  })
})

describe('the audit log', () => {
  it('says who did what, from what to what, and is filtered and exported', async () => {
    const { items } = (await owner.api('GET', '/organizations/acme/audit?limit=200')).body
    const changed = items.find(
      ({ action, after }: { action: string; after: { role?: string } }) =>
        action === 'member.changed' && after.role === 'owner',
    )
    expect(changed).toMatchObject({
      actor: { kind: 'user', id: owner.id, name: owner.email },
      subject: colleague.id,
      before: { role: 'admin' },
      requestId: expect.stringMatching(/^req_/),
    })
    const edits = (await owner.api('GET', '/organizations/acme/audit?action=project.edited')).body.items
    expect(edits.length).toBeGreaterThan(2)
    expect(new Set(edits.map(({ action }: { action: string }) => action))).toEqual(new Set(['project.edited']))
    const exported = await owner.api('GET', '/organizations/acme/audit/export')
    const lines = exported.body
      .trim()
      .split('\n')
      .map((line: string) => JSON.parse(line))
    expect(lines.length).toBe(items.length)
    expect(lines[0].id).toBe(items.at(-1).id)
    expect(exported.body).not.toMatch(/dpk_/)
  })

  it('outlives whom it names', async () => {
    const left = (await owner.api('GET', '/organizations/acme/audit?action=member.joined')).body.items
    await testEnv.DB.prepare('DELETE FROM users WHERE id = ?').bind(colleague.id).run()
    const kept = (await owner.api('GET', '/organizations/acme/audit?action=member.joined')).body.items
    expect(kept).toEqual(left)
  })
})
