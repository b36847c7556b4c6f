// Publishing from CI without a secret: whom a project trusts, what is believed of a token, and what it opens.
import { createBudget } from '@distropack/core/budget.ts'
import { StreamFault } from '@distropack/core/bytes/stream-fault.ts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { areMatched, CLAIM_LIMITS } from '../../workers/web/services/ci/claims.ts'
import { trustOf } from '../../workers/web/services/ci/providers.ts'
import { checkOutboundUrl } from '../../workers/web/services/platform/outbound.ts'
import { newPerson } from './people.ts'
import { api, freshPlatform, newOrganization, QUICK_KEYS, settle } from './web-fixture.ts'

const GITHUB = 'https://token.actions.githubusercontent.com'
const CLAIMS = {
  sub: 'repo:acme/tool:ref:refs/tags/v1.0',
  repository: 'acme/tool',
  repository_id: '42',
  workflow_ref: 'acme/tool/.github/workflows/release.yml@refs/tags/v1.0',
  ref: 'refs/tags/v1.0',
  run_id: '7',
}

let admin: string
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  admin = await newOrganization('acme')
  await api('PUT', '/projects/acme/tool', { token: admin, json: QUICK_KEYS })
})

const trust = (json: object) => api('POST', '/projects/acme/tool/publishers', { token: admin, json })

const identityToken = async (asked: object = {}, issuer = GITHUB): Promise<string> => {
  const body = JSON.stringify({ claims: CLAIMS, ...asked })
  return (await fetch(`${issuer}/token`, { method: 'POST', body })).text()
}

const exchange = (token: string, project = 'tool') =>
  api('POST', '/ci/exchange', { json: { organization: 'acme', project, token } })

describe('a trusted publisher', () => {
  it('is named in the CI’s own words and shown as issuer and claims', async () => {
    const made = await trust({
      name: 'release',
      trust: { provider: 'github', repository: 'acme/tool', workflow: 'release.yml', ref: 'refs/tags/v*' },
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ provider: 'github', issuer: GITHUB, audience: 'http://platform.test' })
    expect(made.body.claims).toContainEqual({ kind: 'equals', claim: 'repository', value: 'acme/tool' })
  })

  it.each([
    'http://ci.example.net',
    'https://127.0.0.1',
    'https://2130706433',
    'https://[::1]',
    'https://localhost',
    'https://metadata.google.internal',
    'https://user:secret@ci.example.net',
    'https://ci.example.net:8443',
    'https://intranet',
  ])('of an issuer at %s is refused: the platform calls nothing inside a network', async (issuer) => {
    const claims = [{ kind: 'equals', claim: 'sub', value: 'x' }]
    const refused = await trust({ name: 'x', trust: { provider: 'generic', issuer, claims } })
    expect([refused.status, refused.body.error.code]).toEqual([422, 'address_refused'])
    expect(refused.body.error.message).not.toContain('secret')
    expect(checkOutboundUrl('https://ci.example.net/a?b').ok).toBe(true)
  })
})

describe('a publisher of an issuer that everybody shares', () => {
  const claim = (each: object) => trust({ name: 'x', trust: { provider: 'generic', issuer: GITHUB, claims: [each] } })

  it.each([
    { kind: 'glob', claim: 'sub', pattern: '**' },
    { kind: 'glob', claim: 'sub', pattern: 'repo:**' },
    { kind: 'glob', claim: 'sub', pattern: 'repo:*/tool:**' },
    { kind: 'glob', claim: 'repository', pattern: '*/tool' },
    { kind: 'equals', claim: 'iss', value: GITHUB },
    { kind: 'equals', claim: 'repository_visibility', value: 'public' },
    { kind: 'glob', claim: 'ref', pattern: 'refs/tags/v1' },
  ])('must say whose runs it means: not %j', async (each) => {
    const refused = await claim(each)
    expect([refused.status, refused.body.error.code]).toEqual([400, 'request_invalid'])
    expect(refused.body.error.message).toContain('names an owner')
  })

  it.each([
    { kind: 'glob', claim: 'sub', pattern: 'repo:acme/*:ref:refs/tags/**' },
    { kind: 'glob', claim: 'repository', pattern: 'acme/*' },
    { kind: 'equals', claim: 'repository_owner_id', value: '42' },
    { kind: 'in', claim: 'repository', values: ['acme/one', 'acme/two'] },
  ])('may mean an owner: %j', async (each) => {
    const made = await claim(each)
    expect(made.status).toBe(201)
    await api('DELETE', `/projects/acme/tool/publishers/${made.body.id}`, { token: admin })
  })
})

describe('an identity token', () => {
  it('of a run the project trusts becomes a token that publishes there, and nothing else', async () => {
    const { status, body } = await exchange(await identityToken())
    expect(status).toBe(201)
    expect(body).toMatchObject({ organization: 'acme', project: 'tool', publisher: 'release' })
    expect(body.expiresAtMs).toBeLessThanOrEqual(Date.now() + 15 * 60_000)
    const blobs = { token: body.secret, json: { blobs: [] } }
    expect((await api('POST', '/projects/acme/tool/blobs/missing', blobs)).status).toBe(200)
    expect((await api('GET', '/whoami', { token: body.secret })).body).toMatchObject({
      kind: 'ci',
      scopes: ['publish'],
    })
    expect((await api('PATCH', '/projects/acme/tool', { token: body.secret, json: {} })).status).toBe(403)
    expect((await api('GET', '/organizations/acme/tokens', { token: body.secret })).status).toBe(403)
    await api('PUT', '/projects/acme/other', { token: admin, json: QUICK_KEYS })
    expect((await api('POST', '/projects/acme/other/blobs/missing', blobs)).status).toBe(404)
  })

  it('is dead after fifteen minutes', async () => {
    const { secret } = (await exchange(await identityToken())).body
    vi.setSystemTime(Date.now() + 15 * 60_000 + 1000)
    try {
      expect((await api('GET', '/whoami', { token: secret })).status).toBe(401)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is taken once', async () => {
    const token = await identityToken()
    const [one, two] = await Promise.all([exchange(token), exchange(token)])
    expect([one.status, two.status].sort()).toEqual([201, 403])
    const third = await exchange(token)
    expect([third.status, third.body.error.message]).toEqual([403, expect.stringContaining('used before')])
  })

  it('is taken once in all the ways its signature can be spelt', async () => {
    const token = await identityToken()
    expect((await exchange(token)).status).toBe(201)
    // 2048 bits in 342 letters: the last four bits of the last letter say nothing.
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = letters.indexOf(token.at(-1) ?? '')
    const alike = [...letters].filter((_, at) => at >> 4 === last >> 4).map((letter) => token.slice(0, -1) + letter)
    expect(alike).toHaveLength(16)
    for (const spelling of [...alike, `${token}=`, `${token}==`]) expect((await exchange(spelling)).status).toBe(403)
  })

  it('is taken once by its issuer and jti, and without a jti by what was signed', async () => {
    const again = { claims: { ...CLAIMS, jti: 'the-same' } }
    expect((await exchange(await identityToken(again))).status).toBe(201)
    expect((await exchange(await identityToken(again))).status).toBe(403)
    const nameless = await identityToken({ claims: { ...CLAIMS, jti: null, run_id: '8' } })
    expect((await exchange(nameless)).status).toBe(201)
    expect((await exchange(nameless)).body.error.message).toContain('used before')
    const other = await identityToken({ claims: { ...CLAIMS, jti: null, run_id: '9' } })
    expect((await exchange(other)).status).toBe(201)
  })

  it.each([
    ['for another place', { audience: 'https://elsewhere.example.net' }, /audience http:\/\/platform\.test/],
    ['that has expired', { issuedAt: 1, expiresAt: 1000 }, /expired/],
    ['that was made too long ago', { issuedAt: Math.floor(Date.now() / 1000) - 7200 }, /"iat"|expired/],
    ['signed by somebody else', { isForged: true }, /signature/],
    ['of another repository', { claims: { ...CLAIMS, repository: 'evil/tool' } }, /trusts no publisher/],
    ['of a pull request', { claims: { ...CLAIMS, ref: 'refs/pull/1/merge' } }, /trusts no publisher/],
    ['of another workflow', { claims: { ...CLAIMS, workflow_ref: 'acme/tool/.github/workflows/ci.yml@x' } }, /trusts/],
    ['of another issuer', { issuer: 'https://ci.example.net' }, /trusts no publisher/],
  ])('%s is refused', async (_, asked, reason) => {
    const refused = await exchange(await identityToken(asked))
    expect([refused.status, refused.body.error.code]).toEqual([403, 'identity_refused'])
    expect(refused.body.error.message).toMatch(reason)
  })

  it('without a signature, or with one of a shared key, is refused', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const now = Math.floor(Date.now() / 1000)
    const payload = encode({ ...CLAIMS, iss: GITHUB, aud: 'http://platform.test', iat: now, exp: now + 300 })
    for (const alg of ['none', 'HS256']) {
      const refused = await exchange(`${encode({ alg, kid: 'key-0' })}.${payload}.c2lnbmF0dXJl`)
      expect([refused.status, refused.body.error.code]).toEqual([403, 'identity_refused'])
    }
  })

  it('for a project that is not there gets the same answer as for one that does not trust it', async () => {
    const asked = [
      { claims: { ...CLAIMS, repository: 'evil/tool' } },
      { isForged: true },
      { audience: 'https://x.example' },
    ]
    for (const each of asked) {
      const answers = []
      for (const project of ['tool', 'other', 'no-such']) {
        const { status, body } = await exchange(await identityToken(each), project)
        answers.push([status, body.error.message.replace(`acme/${project}`, 'X')])
      }
      expect(answers).toEqual([answers[0], answers[0], answers[0]])
      expect(answers[0]?.[0]).toBe(403)
    }
  })

  it('whose issuer is no text is refused as what it is', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const iss of [1, null, { a: 1 }, ['https://ci.example.net'], true]) {
      const token = `${encode({ alg: 'RS256' })}.${encode({ iss, sub: 'x'.repeat(20) })}.c2lnbmF0dXJl`
      const refused = await exchange(token)
      expect([refused.status, refused.body.error.code]).toEqual([403, 'identity_refused'])
    }
  })

  it('is believed after its issuer took a new key', async () => {
    const claims = [{ kind: 'in', claim: 'pipeline', values: ['release', 'nightly'] }]
    await trust({ name: 'own', trust: { provider: 'generic', issuer: 'https://ci.example.net', claims } })
    const run = { claims: { sub: 'run-1', pipeline: 'nightly' } }
    expect((await exchange(await identityToken(run, 'https://ci.example.net'))).status).toBe(201)
    await fetch('https://ci.example.net/rotate', { method: 'POST' })
    // jose asks for keys again at most every half minute.
    vi.setSystemTime(Date.now() + 31_000)
    try {
      expect((await exchange(await identityToken(run, 'https://ci.example.net'))).status).toBe(201)
    } finally {
      vi.useRealTimers()
    }
  })

  it('from a new subject is noted in the audit log, once', async () => {
    await exchange(await identityToken())
    const owner = await newPerson('nobody-special')
    expect((await owner.api('GET', '/organizations/acme/audit')).status).toBe(404)
    const { items } = (await api('GET', '/organizations/acme/audit?action=identity.accepted', { token: admin })).body
    const mine = items.filter(({ subject }: { subject: string }) => subject === CLAIMS.sub)
    expect(mine).toHaveLength(1)
    expect(mine[0].after.claims).toMatchObject({ repository: 'acme/tool', run_id: '7' })
  })

  it('opens nothing once its publisher is trusted no more', async () => {
    const { items } = (await api('GET', '/projects/acme/tool/publishers', { token: admin })).body
    for (const { id } of items) await api('DELETE', `/projects/acme/tool/publishers/${id}`, { token: admin })
    expect((await exchange(await identityToken())).status).toBe(403)
  })
})

it('a project that moved trusts nobody of before', async () => {
  const owner = await newPerson('mover')
  for (const organization of ['from', 'to']) await owner.api('POST', '/organizations', { organization })
  await owner.api('PUT', '/projects/from/tool', QUICK_KEYS)
  const provider = { provider: 'github', repository: 'acme/tool' }
  await owner.api('POST', '/projects/from/tool/publishers', { name: 'release', trust: provider })
  expect((await owner.api('POST', '/projects/from/tool/transfer', { organization: 'to' })).status).toBe(200)
  expect((await owner.api('GET', '/projects/to/tool/publishers')).body.items).toEqual([])
  const json = { organization: 'to', project: 'tool', token: await identityToken() }
  expect((await api('POST', '/ci/exchange', { json })).status).toBe(403)
})

describe('each CI system', () => {
  const ID = 'b9e1a6c0-4a43-4b6f-9d7e-0f3f6c1d2e3a'
  // Claims as each system's own documents show them (services/ci/providers.ts names the pages).
  const gitlab = { project_path: 'acme/tools/tool', ref: 'v1.0', environment: 'production', ref_type: 'tag' }
  const circle = { aud: ID, 'oidc.circleci.com/project-id': ID, 'oidc.circleci.com/context-ids': [] }
  const buildkite = { organization_slug: 'acme', pipeline_slug: 'tool', build_branch: 'release/1' }
  it.each([
    [
      { provider: 'gitlab', projectPath: 'acme/tools/tool', ref: 'v*', issuer: 'https://gitlab.com' },
      'https://gitlab.com',
      gitlab,
      { ...gitlab, project_path: 'evil/tool' },
    ],
    [
      {
        provider: 'gitlab',
        projectPath: 'acme/tools/tool',
        environment: 'production',
        issuer: 'https://git.example.net/',
      },
      'https://git.example.net',
      gitlab,
      { ...gitlab, environment: 'review/1' },
    ],
    [
      { provider: 'circleci', organizationId: ID, projectId: ID },
      `https://oidc.circleci.com/org/${ID}`,
      circle,
      { ...circle, 'oidc.circleci.com/project-id': 'x' },
    ],
    [
      { provider: 'buildkite', organization: 'acme', pipeline: 'tool', branch: 'release/*' },
      'https://agent.buildkite.com',
      buildkite,
      { ...buildkite, build_branch: 'main' },
    ],
    [
      { provider: 'github', repository: 'acme/tool', environment: 'release' },
      GITHUB,
      { ...CLAIMS, environment: 'release' },
      CLAIMS,
    ],
  ] as const)('is trusted by its own claims: %o', (given, issuer, admitted, refused) => {
    const trusted = trustOf(given)
    expect(trusted.issuer).toBe(issuer)
    expect(areMatched(trusted.claims, admitted, budget())).toBe(true)
    expect(areMatched(trusted.claims, refused, budget())).toBe(false)
  })
})

const budget = () => createBudget(CLAIM_LIMITS)

describe('a matcher', () => {
  const glob = (pattern: string, ref: unknown) =>
    areMatched([{ kind: 'glob', claim: 'ref', pattern }], { ref }, budget())

  it('of a pattern stays within its segment and takes no letter for another', () => {
    expect(glob('refs/tags/v*', 'refs/tags/v1.0')).toBe(true)
    expect(glob('refs/tags/v*', 'refs/tags/v1/../../heads/main')).toBe(false)
    expect(glob('refs/**', 'refs/heads/a/b')).toBe(true)
    expect(glob('a.c', 'abc')).toBe(false)
    expect(glob('*', 'line\nbreak')).toBe(true)
    expect(glob('v*', 'xv1')).toBe(false)
  })

  it('of many stars costs its length and no more, and a request so much in all', () => {
    expect(glob('**a**a**a**a**b', 'a'.repeat(300))).toBe(false)
    const matchers = Array.from(
      { length: 20 },
      () => ({ kind: 'glob', claim: 'ref', pattern: '**a'.repeat(166) }) as const,
    )
    const spent = createBudget(CLAIM_LIMITS)
    const all = () => Array.from({ length: 50 }, () => areMatched(matchers, { ref: 'a'.repeat(12_000) }, spent))
    expect(all).toThrow(StreamFault)
  })

  it('takes no claim that is missing, a list or inherited', () => {
    expect(glob('**', undefined)).toBe(false)
    expect(glob('**', ['refs/tags/v1'])).toBe(false)
    expect(areMatched([{ kind: 'equals', claim: 'constructor', value: 'x' }], {}, budget())).toBe(false)
    expect(areMatched([], { ref: 'x' }, budget())).toBe(false)
  })
})
